"""Small pictures in Markdown, which Dagster's UI shows in place beside an asset's other facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from viral_assets.queries.svg import markdown_image
from viral_assets.vocabulary import BLOCKED, DECLINED, DEFERRED, DONE, FAILED, FILTERED, GREEN, RED, YELLOW

SMALL_COLOURS: Mapping[str, str] = {
    GREEN: "seagreen",
    YELLOW: "goldenrod",
    RED: "indianred",
    DONE: "seagreen",
    FILTERED: "goldenrod",
    DECLINED: "mediumpurple",
    DEFERRED: "slategray",
    BLOCKED: "indianred",
    FAILED: "firebrick",
}
"""Names rather than codes: a ``#`` in an address has a meaning of its own."""

_SMALL_PLAIN = "slateblue"
_SMALL_WIDTH, _SMALL_HEIGHT = 360, 64
_SMALL_TOP, _SMALL_BASE = 12, 52
_BINS = 20


def hours_picture(what: str, layers: Mapping[str, Mapping[datetime, int]]) -> str:
    """Counts by hour as a small picture in Markdown, the layers on top of each other in the given order. All layers
    have the same hours.

    Dagster's UI shows Markdown of up to 1,000 characters in place: a layer is one outline rather than a shape a bar.
    """
    hours = list(next(iter(layers.values()), {}))
    totals = [0] * len(hours)
    tops = {}
    for name, counts in layers.items():
        totals = [below + counts[hour] for below, hour in zip(totals, hours, strict=True)]
        tops[name] = totals
    largest = max(totals, default=0)
    # The highest layer first: each one below covers its own part of it.
    shapes = [_outline(tops[name], largest, SMALL_COLOURS.get(name, _SMALL_PLAIN)) for name in reversed(tops)]
    first, last = (f"{hour:%H:%M}" for hour in (hours[0], hours[-1])) if hours else ("", "")
    return _small(f"{what} by hour, at most {largest}", shapes, first, last)


def spread_picture(what: str, values: Sequence[float]) -> str:
    """How values between 0 and 1 are spread, as a small picture in Markdown."""
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int(value * _BINS))] += 1
    return _small(f"{what}, from 0 to 1", [_outline(counts, max(counts), _SMALL_PLAIN)], "0", "1")


def _outline(values: Sequence[int], largest: int, colour: str) -> str:
    """One step a value, from the base line up and back to it."""
    edges = [round(_SMALL_WIDTH * number / max(1, len(values))) for number in range(len(values) + 1)]
    steps = "".join(
        f"V{_SMALL_BASE - round((_SMALL_BASE - _SMALL_TOP) * value / max(1, largest))}h{right - left}"
        for value, left, right in zip(values, edges, edges[1:], strict=False)
    )
    return f"<path fill='{colour}' d='M0 {_SMALL_BASE}{steps}V{_SMALL_BASE}z'/>"


def _small(title: str, shapes: Iterable[str], first: str, last: str) -> str:
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_SMALL_WIDTH}' height='{_SMALL_HEIGHT}' "
        f"font-family='sans-serif' font-size='10' fill='gray'><text y='9'>{escape(title, quote=False)}</text>"
        f"{''.join(shapes)}"
        f"<text y='{_SMALL_HEIGHT - 2}'>{first}</text>"
        f"<text x='{_SMALL_WIDTH}' y='{_SMALL_HEIGHT - 2}' text-anchor='end'>{last}</text></svg>"
    )
    return markdown_image(title, picture)
