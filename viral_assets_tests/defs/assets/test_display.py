"""Untrusted text in the Dagster UI."""

from __future__ import annotations

import re

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.defs.assets.display import CELL_CHARACTERS, bars, cell, markdown_table, table_metadata
from viral_assets.store import tables


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
