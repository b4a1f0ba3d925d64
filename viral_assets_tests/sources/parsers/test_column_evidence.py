"""What the first rows tell of columns: handles, displayed names, and how counts are written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from viral_assets.sources.parsers.displayed_names import are_displayed_names
from viral_assets_tests.sources.examples import id_at, json_lines, read, reasons
from viral_assets_tests.sources.formats_at_hand import parquet, table

TIME = "2026-11-21T20:05:00Z"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["ada_reads", "tom", "ines9"], False),
        (["NASA", "ElonOfMars", "ada"], False),
        (["@Ada", "@Tom", "@Ines"], False),
        (["Ada Reads", "tom", "ines9"], True),
        (["Zoë", "tom", "ines9"], True),
        (["Ada", "Tom", "Ines"], True),
        (["", ""], False),
    ],
)
def test_a_column_has_handles_or_names(values: list[str], names: bool) -> None:
    assert are_displayed_names(values) is names


def test_a_column_called_handles_has_handles_unless_no_handle_can_be_so() -> None:
    assert not are_displayed_names(["Reuters", "Nature", "Wired"], called_handles=True)
    assert are_displayed_names(["Ada Reads", "Tom", "Ines"], called_handles=True)


@pytest.mark.parametrize(("name", "handle"), [("screen_name", "Nature"), ("author", "")])
def test_the_name_of_the_column_counts(name: str, handle: str, tmp_path: Path) -> None:
    rows = [
        {"id": id_at(TIME, number), "text": "hi", "created_at": TIME, name: value}
        for number, value in enumerate(("Reuters", "Nature", "Wired"), 1)
    ]
    path = tmp_path / "file"
    path.write_bytes(json_lines(*rows))
    assert read(path)[0][1].author_handle == handle


def test_one_name_of_several_accounts_is_no_handle() -> None:
    assert are_displayed_names(["mara", "mara", "tom"], ids=["1", "2", "3"])
    assert not are_displayed_names(["mara", "mara", "tom"], ids=["1", "1", "3"])


def test_the_addresses_know_the_handles() -> None:
    addresses = [f"https://x.com/{handle}/status/1" for handle in ("Ada", "Tom", "Ines")]
    assert not are_displayed_names(["ada", "tom", "ines"], addresses)
    assert are_displayed_names(["anna", "maria", "eva"], addresses)


def test_a_displayed_name_of_one_word_is_no_handle_where_its_column_has_names(tmp_path: Path) -> None:
    rows = [f"{id_at(TIME, number)},hi,{TIME},{name}" for number, name in enumerate(("Ada Reads", "Tom", "ines"), 1)]
    path = tmp_path / "file"
    path.write_text("\n".join(["id,text,created_at,username", *rows]))
    tweets, _, _ = read(path)
    assert [(tweet.author_handle, tweet.author_name) for tweet in tweets] == [
        ("", "Ada Reads"),
        ("", "Tom"),
        ("", "ines"),
    ]


def test_each_column_has_its_own_notation(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(
        "id;text;created_at;likes;views;followers\n"
        f"{id_at(TIME, 1)};hi;{TIME};9.000;9.000;120.000\n"
        f"{id_at(TIME, 2)};hi;{TIME};12;12.0;2.500\n"
    )
    tweets, rejects, _ = read(path)
    assert not rejects
    assert [(tweet.like_count, tweet.view_count, tweet.author_followers) for tweet in tweets] == [
        (9_000, 9, 120_000),
        (12, 12, 2_500),
    ]


COUNTS = ["likes", "views", "followers"]
ROWS = [("9.000", "9.000", "120.000"), ("12", "12.0", "2.500")]
RIGHT = [(9_000, 9, 120_000), (12, 12, 2_500)]
RECORDS = [
    {"id": id_at(TIME, at), "text": "hi", "created_at": TIME, **dict(zip(COUNTS, row, strict=True))}
    for at, row in enumerate(ROWS, 1)
]
COLUMNS = {name: {str(at): record[name] for at, record in enumerate(RECORDS)} for name in RECORDS[0]}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS).encode(),
        json_lines(*RECORDS),
        json.dumps({"results": RECORDS}).encode(),
        json.dumps(COLUMNS).encode(),
        parquet(*RECORDS),
    ],
    ids=["JSON", "JSON lines", "in an envelope", "columns of pandas", "Parquet"],
)
def test_notations_are_told_by_columns_of_any_format(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    tweets, rejects, _ = read(path)
    assert not rejects
    assert [(tweet.like_count, tweet.view_count, tweet.author_followers) for tweet in tweets] == RIGHT


@pytest.mark.parametrize("write", [lambda *rows: json.dumps(rows).encode(), json_lines, parquet])
def test_displayed_names_are_told_by_columns_of_any_format(write: Any, tmp_path: Path) -> None:
    rows = [
        {"id": id_at(TIME, number), "text": "hi", "created_at": TIME, "username": name}
        for number, name in enumerate(("Ada Reads", "Tom", "ines"), 1)
    ]
    path = tmp_path / "file"
    path.write_bytes(write(*rows))
    tweets, _, _ = read(path)
    assert [(tweet.author_handle, tweet.author_name) for tweet in tweets] == [
        ("", "Ada Reads"),
        ("", "Tom"),
        ("", "ines"),
    ]


def test_objects_that_lack_a_value_are_told_by_the_others(tmp_path: Path) -> None:
    rows = [{**record, "lang": "en"} if at else record for at, record in enumerate(RECORDS)]
    path = tmp_path / "file"
    path.write_bytes(json_lines(*rows))
    tweets, _, _ = read(path)
    assert [tweet.view_count for tweet in tweets] == [9, 12]


@pytest.mark.parametrize("write", [json_lines, parquet])
def test_a_number_with_a_fraction_is_never_one_of_thousands(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(write({"id": id_at(TIME), "text": "hi", "created_at": TIME, "likes": 9.125}))
    tweets, rejects, _ = read(path)
    assert (tweets, reasons(rejects)) == ([], ["bad_count"])


def test_whole_numbers_as_decimals_of_a_database(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(
        parquet({"id": Decimal(id_at(TIME)), "text": "hi", "created_at": TIME, "likes": Decimal("12.000")})
    )
    ((found,), _, _) = read(path)
    assert (found.tweet_id, found.like_count) == (id_at(TIME), 12)


PLACEHOLDERS = [
    {"type": "mock_tweet", "id": "-1", "text": "this stands for no result", "created_at": "", "error": ""},
    {"type": "", "id": "", "text": "", "created_at": "", "error": "no posts were found"},
]
TWEET = {"type": "tweet", "id": id_at(TIME), "text": "hi", "created_at": TIME, "error": ""}


@pytest.mark.parametrize("write", [table, json_lines, parquet])
def test_placeholders_are_remarks_in_tables_too(write: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(write(TWEET, *PLACEHOLDERS))
    tweets, rejects, remarks = read(path)
    assert (len(tweets), rejects) == (1, [])
    assert remarks == {"a demonstration item in place of a tweet": 1, "an error in place of a tweet": 1}


@pytest.mark.parametrize("write", [table, json_lines, parquet])
def test_counts_whose_thousands_were_taken_for_fractions_are_unknown(write: Any, tmp_path: Path) -> None:
    counts = [(1.234, 2_000.0), (9.0, 12.0), (12.5, 7.0)]  # of what was 1.234, 9.000 and 12.500; and of whole numbers
    rows = [
        {"id": id_at(TIME, number), "text": "hi", "created_at": TIME, "likes": likes, "views": views}
        for number, (likes, views) in enumerate(counts, 1)
    ]
    path = tmp_path / "file"
    path.write_bytes(write(*rows))
    tweets, rejects, remarks = read(path)
    assert not rejects
    assert [(tweet.like_count, tweet.view_count) for tweet in tweets] == [(None, 2_000), (None, 12), (None, 7)]
    assert remarks["count of a column whose thousands a program took for fractions: unknown"] == 3


def test_an_error_beside_a_text_costs_no_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(table({"Id": "", "Tweet": "hi", "Date": TIME, "error": "timeout"}))
    tweets, rejects, _ = read(path)
    assert (tweets, reasons(rejects)) == ([], ["no_id"])


def test_objects_with_endless_names_cost_little(tmp_path: Path) -> None:
    rows = [{f"k{number}_{at}": "x" for at in range(3_000)} | TWEET for number in range(20)]
    path = tmp_path / "file"
    path.write_bytes(json_lines(*rows))
    assert len(read(path)[0]) == 20
