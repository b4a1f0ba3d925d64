"""What the first rows tell of columns: handles, displayed names, and how counts are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.sources.parsers.displayed_names import are_displayed_names
from viral_assets_tests.sources.examples import id_at, read

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
