"""The pictures can be read by everybody and obeyed by nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.queries import charts
from viral_assets.queries.funnel_model import DayNumbers, Funnel, NumbersReport, QuotaDay, Rate
from viral_assets.queries.small_charts import hours_picture, spread_picture
from viral_assets.queries.svg import NARROW, WIDE, PlotLayout, markdown_image
from viral_assets.quota.limits import Limits

DAYS = [date(2026, 11, 1) + timedelta(days=number) for number in range(5)]
REPORT = NumbersReport(
    project=None,
    first=DAYS[0],
    last=DAYS[-1],
    generated_at=datetime(2026, 11, 5, tzinfo=UTC),
    days=tuple(
        DayNumbers(day, "demo", Funnel(100_000 * number, 90_000 * number, 40, 38, number, 2, 1, 90, 3, 2, 1), 0.1)
        for number, day in enumerate(DAYS)
    ),
    by_topic=(Rate("sleep", 1, 1), Rate("<script>alert('x')</script> & \"more\"", 3, 9)),
    by_type=(),
    by_band=(),
    quota=tuple(QuotaDay(day, 60 * number, 10, 0.1, 60 * number) for number, day in enumerate(DAYS)),
    limits=Limits(requests_per_day=200),
)
HOURS = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24)]
EMPTY = replace(REPORT, days=(), by_topic=(), quota=(), limits=None)


def pictures(report: NumbersReport, frame: PlotLayout) -> Iterator[str]:
    yield charts.funnel_over_days(report, frame)
    yield charts.rate_bars(report.by_topic, frame, title="Approval by topic")
    yield charts.quota_days(report, frame)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in parsed(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("frame", [WIDE, NARROW], ids=lambda frame: frame.name)
@pytest.mark.parametrize("report", [REPORT, EMPTY], ids=["full", "empty"])
def test_a_picture_says_what_it_shows_and_needs_nothing_a_strict_policy_forbids(
    report: NumbersReport, frame: PlotLayout
) -> None:
    for svg in pictures(report, frame):
        root = parsed(svg)
        assert root.get("role") == "img"
        assert root[0].tag.endswith("title")
        assert root[0].text == root.get("aria-label")
        assert root[1].tag.endswith("desc")
        assert root[1].text
        for element in root.iter():
            assert element.tag.split("}")[1] in {"svg", "title", "desc", "text", "line", "rect", "circle"}
            assert not {"style", "id", "href"} & set(element.keys())
            assert not [name for name in element.attrib if name.startswith("on")]


def test_the_funnel_names_its_numbers_and_its_days() -> None:
    svg = charts.funnel_over_days(REPORT)
    assert {"1,000,000", "900,000 · 90 %", "200 · <1 %", "5 · 50 %", "1 Nov", "5 Nov"} <= set(texts(svg))
    assert "2026-11-01 to 2026-11-05 (UTC): 1,000,000 tweets" in svg
    assert {"Worth a reply", "With suggestions"} <= set(texts(svg)), "as everywhere on the page"


def test_few_decisions_are_drawn_with_a_wide_interval() -> None:
    svg = charts.rate_bars([Rate("one", 1, 1), Rate("many", 900, 1000)], title="t")
    few, many = (
        float(line.get("x2") or 0) - float(line.get("x1") or 0)
        for line in parsed(svg).iter("{http://www.w3.org/2000/svg}line")
        if line.get("class") == "chart-interval"
    )
    assert few > 10 * many


def test_a_day_above_the_limit_stands_out() -> None:
    svg = charts.quota_days(REPORT)
    assert svg.count("chart-over") == 1
    assert "limit 200" in texts(svg)
    assert "chart-limit" not in charts.quota_days(replace(REPORT, limits=Limits()))


def test_more_names_than_there_is_room_for_are_counted() -> None:
    assert "and 3 more" in texts(charts.rate_bars([Rate(f"t{n}", 1, 2) for n in range(15)], title="t"))


@given(st.text(max_size=80))
def test_no_name_breaks_a_picture_or_its_address(name: str) -> None:
    svg = charts.rate_bars([Rate(name, 1, 2)], title="Approval")
    parsed(svg)
    assert all(len(text) <= 200 for text in texts(svg))
    found = re.fullmatch(r"!\[name\]\(<data:image/svg\+xml,(.*)>\)", markdown_image("name", svg))
    assert found
    address = found[1]
    assert unquote(address) == svg
    assert not re.search(r"[<>\\&()\n\"`\[\]]", address)


def test_hidden_and_reordering_characters_are_not_shown() -> None:
    svg = charts.rate_bars([Rate("a\u202eb\u200bc" + "\u0301" * 50, 1, 2)], title="t")
    assert "\u202e" not in svg
    assert "\u200b" not in svg
    assert svg.count("\u0301") <= 12


def _drawing(markdown: str) -> ElementTree.Element:
    match = re.fullmatch(r"!\[[^\]]*\]\(<data:image/svg\+xml,([^<>]*)>\)", markdown)
    assert match
    return ElementTree.fromstring(unquote(match[1]))


@given(
    st.lists(st.integers(0, 10**6), min_size=24, max_size=24), st.lists(st.integers(0, 10**6), min_size=24, max_size=24)
)
def test_bars_of_a_day_fit_into_what_the_page_shows_in_place(green: list[int], red: list[int]) -> None:
    layers = {
        "green": dict(zip(HOURS, green, strict=True)),
        "red": dict(zip(HOURS, red, strict=True)),
        "yellow": dict(zip(HOURS, green, strict=True)),
    }
    markdown = hours_picture("tweets", layers)
    assert len(markdown) < 1000
    assert len(_drawing(markdown)) == 6


@given(st.lists(st.floats(0, 1)))
def test_a_spread_can_be_drawn_of_anything_between_0_and_1(values: list[float]) -> None:
    markdown = spread_picture("totals", values)
    assert len(markdown) < 1000
    assert len(_drawing(markdown)) == 4


def test_a_picture_of_nothing_can_be_drawn() -> None:
    assert "at most 0" in hours_picture("tweets", {})
