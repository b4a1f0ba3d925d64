"""Small pictures for the Dagster UI, where one says more than a table: a few hundred characters of SVG.

The UI shows short Markdown in place and hides longer one behind a link (``display.SHOWN_IN_PLACE``), so a picture is
one outline for each layer rather than a shape for each bar. Which numbers are drawn is decided by the assets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

import dagster as dg

COLOURS: Mapping[str, str] = {
    "green": "seagreen",
    "yellow": "goldenrod",
    "red": "indianred",
    "done": "seagreen",
    "filtered": "goldenrod",
    "deferred": "slategray",
    "blocked": "indianred",
    "failed": "firebrick",
}
"""By what is drawn. Names rather than codes: a ``#`` in an address has a meaning of its own."""

PLAIN_COLOUR = "slateblue"

WIDTH, HEIGHT = 360, 64
_BASE = 52
_TOP = 12
_BINS = 20


def stacked_hours(what: str, layers: Mapping[str, Mapping[datetime, int]]) -> dg.MarkdownMetadataValue:
    """Counts by hour, the layers on top of each other in the given order. All layers have the same hours."""
    hours = list(next(iter(layers.values()), {}))
    totals = [0] * len(hours)
    tops = {}
    for name, counts in layers.items():
        totals = [below + counts[hour] for below, hour in zip(totals, hours, strict=True)]
        tops[name] = totals
    largest = max(totals, default=0)
    # The highest layer first: each one below covers its own part of it.
    shapes = [_area(tops[name], largest, COLOURS.get(name, PLAIN_COLOUR)) for name in reversed(tops)]
    first, last = (f"{hour:%H:%M}" for hour in (hours[0], hours[-1])) if hours else ("", "")
    return _picture(f"{what} by hour, at most {largest}", shapes, first, last)


def histogram(what: str, values: Sequence[float], marks: Mapping[str, float]) -> dg.MarkdownMetadataValue:
    """How values between 0 and 1 are spread, with a line at each mark."""
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int(value * _BINS))] += 1
    lines = [
        f"<path stroke='{COLOURS.get(name, PLAIN_COLOUR)}' d='M{round(position * WIDTH)} {_TOP}V{_BASE}'/>"
        for name, position in marks.items()
    ]
    shapes = [_area(counts, max(counts), PLAIN_COLOUR), *lines]
    return _picture(f"{what}, from 0 to 1", shapes, "0", "1")


def _area(values: Sequence[int], largest: int, colour: str) -> str:
    """One step per value, from the base line up and back to it."""
    edges = [round(WIDTH * number / max(1, len(values))) for number in range(len(values) + 1)]
    steps = "".join(
        f"V{_BASE - round((_BASE - _TOP) * value / max(1, largest))}h{right - left}"
        for value, left, right in zip(values, edges, edges[1:], strict=False)
    )
    return f"<path fill='{colour}' d='M0 {_BASE}{steps}V{_BASE}z'/>"


def _picture(title: str, shapes: Iterable[str], first: str, last: str) -> dg.MarkdownMetadataValue:
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}' font-family='sans-serif' "
        f"font-size='10' fill='gray'><text y='9'>{escape(title)}</text>{''.join(shapes)}"
        f"<text y='{HEIGHT - 2}'>{first}</text><text x='{WIDTH}' y='{HEIGHT - 2}' text-anchor='end'>{last}</text></svg>"
    )
    for character, code in (("%", "%25"), ("<", "%3C"), (">", "%3E"), ("#", "%23")):
        drawing = drawing.replace(character, code)
    # In angle brackets an address may hold spaces and parentheses.
    return dg.MetadataValue.md(f"![{title}](<data:image/svg+xml,{drawing}>)")
