"""A few of the damaged files and mutated records of ``fuzz``; the same ones in every run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from viral_assets_tests.sources.formats_at_hand import FILES
from viral_assets_tests.sources.fuzz import (
    check_file,
    check_records,
    check_rows,
    damaged_file,
    mutated_record,
    survivors,
)


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_refused_in_one_line_or_read_as_far_as_it_goes(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    for _ in range(150):
        check_file(damaged_file(rng)[1], tmp_path / "file")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_record_is_a_tweet_or_a_reject(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    records = [mutated_record(rng)[1] for _ in range(500)]
    tweets, rejects = check_records(records, tmp_path / "file")
    assert tweets
    assert rejects
    check_rows(records, tmp_path / "file")


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(("parquet", "csv", "xlsx"))])
def test_a_changed_byte_costs_one_tweet_at_most(name: str, tmp_path: Path) -> None:
    rng = random.Random(1)
    for _ in range(60):
        content = bytearray(FILES[name])
        content[rng.randrange(12, len(content))] = rng.randrange(256)
        assert survivors(bytes(content), tmp_path / "file") >= 2
