"""The numbers as pictures: SVG for a page of ours and, in Markdown (``svg.markdown_image``), for Dagster's UI.

Drawn by hand, because the page's content security policy is strict: it takes neither the style attributes nor the
scripts of what charting libraries write. Colours are presentation attributes, which any rule for a class overrides;
there are no links and no ids, so that several pictures fit on one page. Every picture on a page tells a screen reader
what it shows. Names are untrusted and escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Protocol

from viral_assets.queries.funnel_model import STAGES, Funnel, NumbersReport
from viral_assets.queries.svg import (
    AXIS,
    BAD,
    BAR,
    GOOD,
    NARROW,
    POSTED,
    WIDE,
    PlotLayout,
    clean,
    drawing,
    fitting,
    line,
    short,
    text_at,
)
from viral_assets.text.amounts import how_many, percent

_COLOURS = {"answered": GOOD, "approved": GOOD, "posted": POSTED}
_ROW = 26
_HEAD, _FOOT = 8, 20

TOO_FEW = "not enough decisions yet"


def funnel_over_days(report: NumbersReport, frame: PlotLayout = WIDE) -> str:
    """A row for each stage, a column for each day. Each row has a scale of its own: a million tweets and five posts
    fit on one picture, and the number at the right is what a row adds up to."""
    days = report.by_day
    total = report.total
    row_height, tall = _ROW + frame.above, _ROW - 8
    height = _HEAD + row_height * len(STAGES) + _FOOT
    parts: list[str] = []
    for row, (stage, words) in enumerate(STAGES.items()):
        base = _HEAD + row_height * (row + 1) - 4
        words_at = base - (tall + 5 if frame.above else 5)
        values = [getattr(funnel, stage) for funnel in days.values()]
        largest = max(values, default=0)
        number = f"{getattr(total, stage):,}{_of_before(total, stage)}"
        parts += [
            text_at(0, words_at, words),
            line(frame.left, base, frame.left + frame.plot, base, "chart-axis", AXIS),
            *_columns(values, largest, frame, base, tall, f"chart-bar chart-{stage}", _COLOURS.get(stage)),
            text_at(frame.width, words_at, number, anchor="end"),
        ]
    parts += _ends(report.first, report.last, frame, height)
    description = ", ".join(f"{getattr(total, stage):,} {words.lower()}" for stage, words in STAGES.items())
    return drawing(
        "From tweets to posted replies, day by day",
        f"{_days(report.first, report.last)} (UTC): {description}. Every row has its own scale.",
        frame,
        height,
        parts,
    )


class ApprovalShare(Protocol):
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


def rate_bars(rates: Sequence[ApprovalShare], frame: PlotLayout = WIDE, *, title: str, limit: int = 12) -> str:
    """The share approved of each, with its 95 % interval: a wide line says that too little was decided to know.

    Args:
        limit: rows drawn; the rest is counted in the last line.
    """
    shown = rates[:limit]
    left_out = len(rates) - len(shown)
    row_height = _ROW + frame.above
    height = _HEAD + row_height * max(1, len(shown)) + (_ROW if left_out else 0) + _FOOT
    bottom = height - _FOOT
    parts = [
        line(at, _HEAD, at, bottom, "chart-axis", AXIS, faint=True)
        for at in (frame.left + frame.plot * share // 100 for share in (0, 25, 50, 75, 100))
    ]
    for row, rate in enumerate(shown):
        middle = _HEAD + row_height * row + frame.above + _ROW // 2
        words_at = middle + 4 - frame.above
        parts.append(text_at(0, words_at, fitting(rate.name, frame.letters)))
        parts.append(text_at(frame.width, words_at, f"{rate.approved:,} of {rate.decided:,}", anchor="end"))
        if rate.share is None:
            parts.append(text_at(frame.left + frame.plot / 2, middle + 4, TOO_FEW, anchor="middle"))
            continue
        low, at, high = (frame.left + frame.plot * value for value in (rate.low, rate.share, rate.high))
        parts.append(line(low, middle, high, middle, "chart-interval", AXIS, width=3))
        parts.append(f'<circle class="chart-rate" fill="{GOOD}" cx="{short(at)}" cy="{middle}" r="5"/>')
    if left_out:
        parts.append(text_at(0, bottom - _ROW // 2 + 4, f"and {left_out:,} more"))
    if not shown:
        parts.append(text_at(frame.left, _HEAD + _ROW // 2 + 4, "nothing decided yet"))
    parts += [
        text_at(frame.left + frame.plot * share // 100, height - 5, f"{share} %", anchor=anchor)
        for share, anchor in ((0, "start"), (50, "middle"), (100, "end"))
    ]
    description = "; ".join(f"{clean(rate.name)}: {_in_words(rate)}" for rate in shown)
    return drawing(title, description or "Nothing has been decided yet.", frame, height, parts)


def quota_days(report: NumbersReport, frame: PlotLayout = WIDE) -> str:
    """Requests a day with the limit of a day, where there is one. Days are US Pacific, as the limit's are."""
    limit = report.limits.requests_per_day if report.limits else None
    drawn = 90
    height = _HEAD + 10 + frame.above + drawn + _FOOT
    base = height - _FOOT
    used = [each.requests_of_busiest for each in report.quota]
    # Room above the limit, so that its line is not the border of the picture.
    largest = max([*used, round((limit or 0) * 1.1), 1])
    parts = [
        text_at(0, base - drawn + 10 - frame.above, f"{max(used, default=0):,} at most"),
        line(frame.left, base, frame.left + frame.plot, base, "chart-axis", AXIS),
        *_columns(used, largest, frame, base, drawn, "chart-bar", None, limit=limit),
    ]
    if limit:
        top = base - drawn * limit / largest
        words_at = base - drawn + 10 - frame.above if frame.above else top + 4
        parts.append(line(frame.left, top, frame.left + frame.plot, top, "chart-limit", BAD, width=2))
        parts.append(text_at(frame.width, words_at, f"limit {limit:,}", anchor="end"))
    if report.quota:
        parts += _ends(report.quota[0].day, report.quota[-1].day, frame, height)
    description = (
        f"{how_many(sum(each.requests for each in report.quota), 'request')} in {how_many(len(report.quota), 'day')}, "
        f"{max(used, default=0):,} on the busiest"
        + (f" of {limit:,} allowed a day." if limit else "; no daily limit is set.")
    )
    return drawing("Requests to the model by day (US Pacific)", description, frame, height, parts)


def both(draw: Callable[[PlotLayout], str]) -> str:
    """A picture for a wide page and one for a narrow one, of which the page's style shows one."""
    return draw(WIDE) + draw(NARROW)


def _in_words(rate: ApprovalShare) -> str:
    if rate.share is None:
        return f"{TOO_FEW} ({rate.approved:,} of {rate.decided:,})"
    between = f"between {percent(rate.low)} and {percent(rate.high)} %"
    return f"{percent(rate.share)} % ({rate.approved:,} of {rate.decided:,}, {between})"


def _of_before(total: Funnel, stage: str) -> str:
    stages = list(STAGES)
    row = stages.index(stage)
    before = getattr(total, stages[row - 1]) if row else 0
    if not before:
        return ""
    count = getattr(total, stage)
    return " · <1 %" if 0 < count < before / 100 else f" · {percent(count / before)} %"


def _columns(
    values: Sequence[int],
    largest: int,
    frame: PlotLayout,
    base: float,
    height: int,
    classes: str,
    colour: str | None,
    *,
    limit: int | None = None,
) -> Iterable[str]:
    """A column for each value, on ``base``; one that is not 0 can be seen, and one above the limit is marked."""
    left, step = frame.left, frame.plot / max(1, len(values))
    gap = min(2.0, step / 4)
    for number, value in enumerate(values):
        if value <= 0:
            continue
        tall = max(1.0, height * value / max(1, largest))
        over = limit is not None and value > limit
        yield (
            f'<rect class="{"chart-over" if over else classes}" fill="{BAD if over else colour or BAR}" '
            f'x="{short(left + step * number)}" y="{short(base - tall)}" '
            f'width="{short(step - gap)}" height="{short(tall)}"/>'
        )


def _ends(first: date, last: date, frame: PlotLayout, height: int) -> list[str]:
    return [
        text_at(frame.left, height - 5, f"{first.day} {first:%b}"),
        text_at(frame.left + frame.plot, height - 5, f"{last.day} {last:%b}", anchor="end"),
    ]


def _days(first: date, last: date) -> str:
    return f"{first:%F}" if first == last else f"{first:%F} to {last:%F}"
