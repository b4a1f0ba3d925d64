"""Untrusted text in the Dagster UI, and the pictures."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.defs.assets.charts import histogram, stacked_hours
from viral_assets.defs.assets.display import CELL_CHARACTERS, bars, cell, markdown_table, table_metadata
from viral_assets.store import tables

HOURS = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=hour) for hour in range(24)]


@pytest.mark.slow
@given(st.text())
def test_a_cell_is_one_line_in_which_nothing_is_markdown(text: str) -> None:
    shown = cell(text)
    assert "\n" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]^-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", shown))


@given(st.text())
def test_a_cell_is_bounded(text: str) -> None:
    assert len(cell(text * 50)) <= 3 * CELL_CHARACTERS


@pytest.mark.parametrize(
    "address", ["https://evil.example/x", "www.evil.example", "a@evil.example", "HTTP://evil.example"]
)
def test_an_address_is_not_made_a_link(address: str) -> None:
    """GitHub's dialect links addresses also where their punctuation is escaped; one with a space in it is none."""
    seen_by_the_linker = re.sub(r"\\(.)", r"\1", cell(address))
    assert not re.search(r"(?i)https?://[\w.-]|www\.|[\w.+-]@[\w-]", seen_by_the_linker)


def test_a_table_has_as_many_columns_in_each_line() -> None:
    table = _text(markdown_table(("a", "b"), [("x | y", "1\n2"), (None, 3.5)]))
    counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
    assert counts == {3}


def test_a_table_without_rows_says_so() -> None:
    assert _text(markdown_table(("a",), [])) == "Nothing to show."


def test_bars_are_in_proportion() -> None:
    lines = _text(bars({"many": 24, "few": 6, "none": 0}, of="label")).splitlines()[2:]
    assert [line.count("█") for line in lines] == [24, 6, 0]


def test_the_columns_of_a_table_are_described() -> None:
    schema = table_metadata(tables.tweets)["dagster/column_schema"]
    types = {column.name: column.type for column in schema.columns}
    assert types["tweet_id"] == "text"
    assert types["like_count"] == "integer"
    assert types["created_at"] == "timestamp (UTC)"
    assert types["author_verified"] == "boolean"


def _text(markdown: dg.MarkdownMetadataValue) -> str:
    return str(markdown.value)


def _drawing(markdown: str) -> ET.Element:
    match = re.fullmatch(r"!\[[^\]]*\]\(<data:image/svg\+xml,([^<>]*)>\)", markdown)
    assert match
    return ET.fromstring(unquote(match[1]))


@given(
    st.lists(st.integers(0, 10**6), min_size=24, max_size=24), st.lists(st.integers(0, 10**6), min_size=24, max_size=24)
)
def test_bars_of_a_day_fit_into_what_the_page_shows_in_place(green: list[int], red: list[int]) -> None:
    layers = {
        "green": dict(zip(HOURS, green, strict=True)),
        "red": dict(zip(HOURS, red, strict=True)),
        "yellow": dict(zip(HOURS, green, strict=True)),
    }
    markdown = _text(stacked_hours("tweets", layers))
    assert len(markdown) < 1000
    assert len(_drawing(markdown)) == 6


@given(st.lists(st.floats(0, 1)))
def test_a_histogram_can_be_drawn_of_anything_between_0_and_1(values: list[float]) -> None:
    markdown = _text(histogram("totals", values, {"yellow": 0.4, "green": 0.6}))
    assert len(markdown) < 1000
    assert len(_drawing(markdown)) == 6


def test_a_picture_of_nothing_can_be_drawn() -> None:
    assert "at most 0" in _text(stacked_hours("tweets", {}))
