"""The CSV: its columns, what pandas reads back, and what a spreadsheet must not run."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.context import DELETED, Context, Post
from viral_assets.delivery.export_table import CONTEXT_COLUMNS, export_columns, export_records, harmless_cell, write_csv
from viral_assets_tests.delivery.examples import TYPES, opportunity, suggestion
from viral_assets_tests.laws import tried_on

FIXED = (
    "rank,priority_score,project,tweet_id,url,author,followers,views,tweet_text,posted_at,score_total,label,topic,why,"
    "answers_author,answers_text,quotes_author,quotes_text,picture_texts,earlier_reply,"
    "suggested_response,suggested_type"
)


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_the_columns_are_the_documented_ones_in_their_order() -> None:
    two_more = "alternative_1,alt_1_type,alternative_2,alt_2_type"
    assert ",".join(export_columns([])) == f"{FIXED},{two_more}"
    assert ",".join(export_columns([opportunity()])) == f"{FIXED},{two_more}"
    five = opportunity(suggestions=tuple(suggestion("t", type_name=f"t{i}") for i in range(5)))
    wide = f"{FIXED},{two_more},alternative_3,alt_3_type,alternative_4,alt_4_type"
    assert ",".join(export_columns([opportunity(), five])) == wide


def test_a_row_is_a_tweet_with_its_suggestions_in_rank_order(tmp_path: Path) -> None:
    suggestions = tuple(suggestion(f"text {kind}", type_name=kind) for kind in TYPES)
    assert write_csv(tmp_path / "out.csv", [opportunity(suggestions=suggestions)]) == 1
    (row,) = read(tmp_path / "out.csv").to_dict("records")
    assert row == {
        "rank": "1",
        "priority_score": "78.4",
        "project": "unplugged",
        "tweet_id": "1991963442881839105",
        "url": "https://x.com/mara_writes/status/1991963442881839105",
        "author": "mara_writes",
        "followers": "48213",
        "views": "182440",
        "tweet_text": opportunity().text,
        "posted_at": "2026-11-21T20:14:09Z",
        "score_total": "0.784",
        "label": "green",
        "topic": "Kids and phones",
        "why": opportunity().why,
        **dict.fromkeys(CONTEXT_COLUMNS, ""),
        "suggested_response": "text add_value",
        "suggested_type": "add_value",
        "alternative_1": "text ask_question",
        "alt_1_type": "ask_question",
        "alternative_2": "text mirror_reframe",
        "alt_2_type": "mirror_reframe",
    }


def test_pandas_finds_numbers_and_times_without_being_told(tmp_path: Path) -> None:
    rows = [opportunity(), opportunity(rank=2, views=None, author_followers=None)]
    write_csv(tmp_path / "out.csv", rows)
    frame = pd.read_csv(tmp_path / "out.csv", parse_dates=["posted_at"])
    assert frame["tweet_id"].tolist() == [1991963442881839105] * 2
    assert frame["posted_at"].iloc[0] == rows[0].created_at
    assert frame["views"].isna().tolist() == [False, True]


def test_what_is_unknown_is_an_empty_cell_and_what_is_zero_is_0(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [opportunity(views=None, author_followers=0), opportunity(author_followers=None)])
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [(row["followers"], row["views"]) for row in csv.DictReader(file)] == [("0", ""), ("", "182440")]


def test_what_a_tweet_stands_in_has_columns_of_its_own(tmp_path: Path) -> None:
    quoted = Post("8", "ben", "=cmd|' /C calc'!A0", ("A chart", "A cat"))
    context = Context(Post("7", state=DELETED), quoted, ("Me", "You"), ("Said before.", "Said long ago."))
    write_csv(tmp_path / "out.csv", [opportunity(context=context)])
    (row,) = read(tmp_path / "out.csv").to_dict("records")
    assert [row[name] for name in CONTEXT_COLUMNS] == [
        *("", "[a post that was deleted]", "ben", "'=cmd|' /C calc'!A0 [pictures: A chart | A cat]"),
        *("Me | You", "Said before."),
    ]


def test_nothing_to_export_is_a_header(tmp_path: Path) -> None:
    assert write_csv(tmp_path / "out.csv", []) == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u3000=1",
        "\u200b=1",
        "\ufeff=1",
        "\0=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM",
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_formula_stays_a_text(text: str, tmp_path: Path) -> None:
    everywhere = opportunity(
        text=text,
        author_handle=text,
        topic=text,
        why=text,
        project=text,
        tweet_id=text,
        suggestions=(suggestion(text, type_name=text), suggestion(text)),
    )
    write_csv(tmp_path / "out.csv", [everywhere])
    (row,) = read(tmp_path / "out.csv").to_dict("records")
    columns = ("project", "tweet_id", "author", "tweet_text", "topic", "why", "suggested_response", "suggested_type")
    for column in (*columns, "alternative_1"):
        assert row[column].startswith("'"), column
    assert row["url"].startswith("https://x.com/i/status/")


@pytest.mark.parametrize("text", ["3 - 2 = 1", "a=b", "mail me@example.com", "'quoted'", "", "½", "#focus", "1e5"])
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless_cell(text) == text


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    cell = harmless_cell(text)
    assert not re.match(r"[\s\u200b-\u200f\u2060\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)
    assert not cell.startswith(("\t", "\r", "\n"))


@given(st.text(st.characters() | st.sampled_from(" \u3000\u200b\ufeff=+-@\uff1d\u2212")))
def test_a_cell_that_is_nothing_like_a_formula_and_has_no_controls_stays_as_it_is(text: str) -> None:
    shown = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", re.sub(r"\r\n?", "\n", text))
    skipped = r"[\s\0\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*"
    runs = re.match(rf"[\t\r\n]|{skipped}[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]", shown)
    assert harmless_cell(text) == ("'" if runs else "") + shown


@pytest.mark.slow
@tried_on(3 / 2)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), max_size=4))
def test_what_pandas_and_the_csv_module_read_is_what_was_written(texts: list[tuple[str, str]]) -> None:
    rows = [opportunity(text=text, suggestions=(suggestion(reply),)) for text, reply in texts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.csv"
        write_csv(path, rows)
        frame = read(path)
        with path.open(encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))
    for column, of_row in (("tweet_text", 0), ("suggested_response", 1)):
        expected = [harmless_cell(texts[i][of_row]) for i in range(len(texts))]
        assert frame[column].tolist() == expected
        assert [record[column] for record in records] == expected


def test_line_breaks_come_back_as_line_feeds(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [opportunity(text='one\r\ntwo\rthree\n"four", five')])
    assert read(tmp_path / "out.csv")["tweet_text"].tolist() == ['one\ntwo\nthree\n"four", five']


def test_the_file_is_plain_utf8_without_a_byte_order_mark(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [opportunity(text="größer 三 🙂")])
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(b"rank,")
    assert "größer 三 🙂".encode() in content


def test_records_for_other_formats_keep_values_as_they_are() -> None:
    (cells,) = export_records([opportunity(text="=1+1", views=None)], 20 + len(CONTEXT_COLUMNS))
    assert cells[8] == "=1+1"
    assert cells[7] is None
    assert len(cells) == len(export_columns([opportunity()]))
