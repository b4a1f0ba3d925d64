"""The numbers as pictures: SVG for a page of ours and, in Markdown, for Dagster's UI.

Drawn by hand, because the page's content security policy is strict: it takes neither the style attributes nor the
scripts of what charting libraries write. Colours are presentation attributes, which any rule for a class overrides;
there are no links and no ids, so that several pictures fit on one page. Every picture on a page tells a screen reader
what it shows. Names are untrusted and escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from unicodedata import east_asian_width
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from viral_assets.queries.funnel_model import Funnel, NumbersReport
from viral_assets.text.display import one_line
from viral_assets.vocabulary import BLOCKED, DECLINED, DEFERRED, DONE, FAILED, FILTERED, GREEN, RED, YELLOW

STAGES = ("tweets", "scored", "opportunities", "answered", "approved", "posted")
"""Of the funnel, all of them counted in tweets."""

WIDTH = 640
_TEXT, _AXIS, _BAR, _GOOD, _POSTED, _BAD = "#767676", "#8a8a8a", "#6f7bd0", "#2f9e6e", "#b7791f", "#c2483d"
_COLOURS = {"answered": _GOOD, "approved": _GOOD, "posted": _POSTED}

_NAME_WIDTH = 23
"""Room for a name, in the width of Latin letters; those of East Asia are twice as wide."""

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

# What XML cannot hold and is not made fit to be read elsewhere.
_NO_XML = re.compile("[\ufffe\uffff]")

TOO_FEW = "not enough decisions yet"

_LEFT, _RIGHT = 150, 104
_ROW = 26
_HEAD, _FOOT = 8, 20


def funnel_over_days(report: NumbersReport) -> str:
    """A row for each stage, a column for each day. Each row has a scale of its own: a million tweets and five posts
    fit on one picture, and the number at the right is what a row adds up to."""
    days = report.by_day
    total = report.total
    plot = WIDTH - _LEFT - _RIGHT
    height = _HEAD + _ROW * len(STAGES) + _FOOT
    parts: list[str] = []
    for row, stage in enumerate(STAGES):
        base = _HEAD + _ROW * (row + 1) - 4
        values = [getattr(funnel, stage) for funnel in days.values()]
        largest = max(values, default=0)
        parts.append(_text(0, base - 5, stage))
        parts.append(_line(_LEFT, base, _LEFT + plot, base, "chart-axis", _AXIS))
        parts += _columns(values, largest, _LEFT, plot, base, _ROW - 8, f"chart-bar chart-{stage}", _COLOURS.get(stage))
        parts.append(_text(WIDTH, base - 5, f"{getattr(total, stage):,}{_of_before(total, row)}", anchor="end"))
    parts += _ends(report.first, report.last, _LEFT, plot, height)
    description = ", ".join(f"{getattr(total, stage):,} {stage}" for stage in STAGES)
    return _svg(
        "From tweets to posted replies, day by day",
        f"{_days(report.first, report.last)} (UTC): {description}. Every row has its own scale.",
        height,
        parts,
    )


class Share(Protocol):
    """``approved`` of ``decided``; ``share`` is None where these are too few to say anything."""

    @property
    def name(self) -> str: ...
    @property
    def approved(self) -> int: ...
    @property
    def decided(self) -> int: ...
    @property
    def share(self) -> float | None: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def rate_bars(rates: Sequence[Share], *, title: str, limit: int = 12) -> str:
    """The share approved of each, with its 95 % interval: a wide line says that too little was decided to know.

    Args:
        limit: rows drawn; the rest is counted in the last line.
    """
    shown = rates[:limit]
    plot = WIDTH - _LEFT - _RIGHT
    left_out = len(rates) - len(shown)
    height = _HEAD + _ROW * max(1, len(shown)) + (_ROW if left_out else 0) + _FOOT
    bottom = height - _FOOT
    parts = [
        _line(_LEFT + plot * share // 100, _HEAD, _LEFT + plot * share // 100, bottom, "chart-axis", _AXIS, faint=True)
        for share in (0, 25, 50, 75, 100)
    ]
    for row, rate in enumerate(shown):
        middle = _HEAD + _ROW * row + _ROW // 2
        parts.append(_text(0, middle + 4, _name(rate.name)))
        parts.append(_text(WIDTH, middle + 4, f"{rate.approved:,} of {rate.decided:,}", anchor="end"))
        if rate.share is None:
            parts.append(_text(_LEFT + plot / 2, middle + 4, TOO_FEW, anchor="middle"))
            continue
        low, at, high = (_LEFT + plot * value for value in (rate.low, rate.share, rate.high))
        parts.append(_line(low, middle, high, middle, "chart-interval", _AXIS, width=3))
        parts.append(f'<circle class="chart-rate" fill="{_GOOD}" cx="{_n(at)}" cy="{middle}" r="5"/>')
    if left_out:
        parts.append(_text(0, bottom - _ROW // 2 + 4, f"and {left_out:,} more"))
    if not shown:
        parts.append(_text(_LEFT, _HEAD + _ROW // 2 + 4, "nothing decided yet"))
    parts += [
        _text(_LEFT + plot * share // 100, height - 5, f"{share} %", anchor=anchor)
        for share, anchor in ((0, "start"), (50, "middle"), (100, "end"))
    ]
    description = "; ".join(f"{_clean(rate.name)}: {_in_words(rate)}" for rate in shown)
    return _svg(title, description or "Nothing has been decided yet.", height, parts)


def quota_days(report: NumbersReport) -> str:
    """Requests a day with the limit of a day, where there is one. Days are US Pacific, as the limit's are."""
    limit = report.limits.requests_per_day if report.limits else None
    plot, drawn = WIDTH - _LEFT - _RIGHT, 90
    height = _HEAD + 10 + drawn + _FOOT
    base = height - _FOOT
    used = [each.requests_of_busiest for each in report.quota]
    # Room above the limit, so that its line is not the border of the picture.
    largest = max([*used, round((limit or 0) * 1.1), 1])
    parts = [
        _text(0, base - drawn + 10, f"{max(used, default=0):,} at most"),
        _line(_LEFT, base, _LEFT + plot, base, "chart-axis", _AXIS),
        *_columns(used, largest, _LEFT, plot, base, drawn, "chart-bar", None, limit=limit),
    ]
    if limit:
        top = base - drawn * limit / largest
        parts.append(_line(_LEFT, top, _LEFT + plot, top, "chart-limit", _BAD, width=2))
        parts.append(_text(WIDTH, top + 4, f"limit {limit:,}", anchor="end"))
    if report.quota:
        parts += _ends(report.quota[0].day, report.quota[-1].day, _LEFT, plot, height)
    description = (
        f"{sum(each.requests for each in report.quota):,} requests in {len(report.quota):,} days, "
        f"{max(used, default=0):,} on the busiest"
        + (f" of {limit:,} allowed a day." if limit else "; no daily limit is set.")
    )
    return _svg("Requests to the model by day (US Pacific)", description, height, parts)


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


def markdown_image(name: str, svg: str) -> str:
    """The picture in Markdown, which takes it as an address; ``name`` is what stands in for it."""
    # In angle brackets an address may hold spaces. Quoted is also what Markdown would read as an entity, an escape or
    # the end of the address.
    address = quote(svg, safe=" =:/,;.'!*-_~")
    return f"![{name}](<data:image/svg+xml,{address}>)"


def _in_words(rate: Share) -> str:
    if rate.share is None:
        return f"{TOO_FEW} ({rate.approved:,} of {rate.decided:,})"
    return f"{rate.share:.0%} ({rate.approved:,} of {rate.decided:,}, between {rate.low:.0%} and {rate.high:.0%})"


def _of_before(total: Funnel, row: int) -> str:
    before = getattr(total, STAGES[row - 1]) if row else 0
    if not before:
        return ""
    share = getattr(total, STAGES[row]) / before
    return f" · {share:.0%}" if share >= 0.01 or share == 0 else " · <1%"


def _columns(
    values: Sequence[int],
    largest: int,
    left: int,
    width: int,
    base: float,
    height: int,
    classes: str,
    colour: str | None,
    *,
    limit: int | None = None,
) -> Iterable[str]:
    """A column for each value, on ``base``; one that is not 0 can be seen, and one above the limit is marked."""
    step = width / max(1, len(values))
    gap = min(2.0, step / 4)
    for number, value in enumerate(values):
        if value <= 0:
            continue
        tall = max(1.0, height * value / max(1, largest))
        over = limit is not None and value > limit
        yield (
            f'<rect class="{"chart-over" if over else classes}" fill="{_BAD if over else colour or _BAR}" '
            f'x="{_n(left + step * number)}" y="{_n(base - tall)}" width="{_n(step - gap)}" height="{_n(tall)}"/>'
        )


def _ends(first: date, last: date, left: int, width: int, height: int) -> list[str]:
    return [
        _text(left, height - 5, f"{first.day} {first:%b}"),
        _text(left + width, height - 5, f"{last.day} {last:%b}", anchor="end"),
    ]


def _days(first: date, last: date) -> str:
    return f"{first:%F}" if first == last else f"{first:%F} to {last:%F}"


def _clean(name: str) -> str:
    return _NO_XML.sub("", one_line(name))


def _name(name: str) -> str:
    """Untrusted, on one line, no wider than there is room."""
    room, kept = _NAME_WIDTH, ""
    for character in _clean(name):
        room -= 2 if east_asian_width(character) in "WF" else 1
        if room < 0:
            return kept.rstrip() + "…"
        kept += character
    return kept


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return (
        f'<text class="chart-text" fill="{_TEXT}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _line(
    x1: float, y1: float, x2: float, y2: float, name: str, colour: str, *, width: int = 1, faint: bool = False
) -> str:
    faintness = ' stroke-opacity="0.35"' if faint else ""
    return (
        f'<line class="{name}" stroke="{colour}" stroke-width="{width}"{faintness} '
        f'x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'
    )


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _svg(title: str, description: str, height: int, parts: Iterable[str]) -> str:
    # The label for readers that do not read <title>; no ids, which would clash when a picture comes twice.
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label={quoteattr(title)} '
        f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def _outline(values: Sequence[int], largest: int, colour: str) -> str:
    """One step a value, from the base line up and back to it."""
    edges = [round(_SMALL_WIDTH * number / max(1, len(values))) for number in range(len(values) + 1)]
    steps = "".join(
        f"V{_SMALL_BASE - round((_SMALL_BASE - _SMALL_TOP) * value / max(1, largest))}h{right - left}"
        for value, left, right in zip(values, edges, edges[1:], strict=False)
    )
    return f"<path fill='{colour}' d='M0 {_SMALL_BASE}{steps}V{_SMALL_BASE}z'/>"


def _small(title: str, shapes: Iterable[str], first: str, last: str) -> str:
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{_SMALL_WIDTH}' height='{_SMALL_HEIGHT}' "
        f"font-family='sans-serif' font-size='10' fill='gray'><text y='9'>{escape(title)}</text>{''.join(shapes)}"
        f"<text y='{_SMALL_HEIGHT - 2}'>{first}</text>"
        f"<text x='{_SMALL_WIDTH}' y='{_SMALL_HEIGHT - 2}' text-anchor='end'>{last}</text></svg>"
    )
    return markdown_image(title, drawing)
