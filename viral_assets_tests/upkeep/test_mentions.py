"""Ids and handles are found wherever they stand, and nothing that only looks like them."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.upkeep import mentions
from viral_assets.upkeep.mentions import files_naming, names_any


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"id": 77001}', True),
        ("77001", True),
        ("by @SomeBody: hello", True),
        ('{"id": 770011, "other": 177001}', False),
        ("@somebody_else", False),
        ("", False),
    ],
)
def test_a_name_is_a_word_of_its_own(text: str, named: bool) -> None:
    assert names_any(text, {"77001", "somebody"}) is named


def test_however_the_blocks_of_a_file_fall_an_id_and_an_address_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "digest.html"
    file.write_text("x" * 100 + ' <a href="https://x.com/SomeBody/status/1990000000000000001">' + "y" * 100)
    for size in range(1, 230, 3):
        monkeypatch.setattr(mentions, "_BLOCK_BYTES", size)
        assert list(files_naming(tmp_path, {"1990000000000000001"})) == [file], size
        assert list(files_naming(tmp_path, (), {"somebody"})) == [file], size
        assert list(files_naming(tmp_path, {"199000000000000000", "0000000000000001"}, {"body", "somebod"})) == [], size


def test_without_a_folder_or_a_name_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    assert list(files_naming(None, {"1"})) == []
    assert list(files_naming(tmp_path / "missing", {"1"})) == []
    assert list(files_naming(tmp_path, ())) == []
