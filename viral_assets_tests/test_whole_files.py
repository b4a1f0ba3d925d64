"""Files are there whole or not at all, and nothing but a file is ever replaced."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from viral_assets import whole_files
from viral_assets.whole_files import ABANDONED_SECONDS, NotWrittenError, replaced_file


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path, through_a_link: bool) -> None:
    special = tmp_path / "special"
    os.mkfifo(special)
    asked = tmp_path / "link" if through_a_link else special
    if through_a_link:
        asked.symlink_to(special)
    refused = f"{asked} cannot be written: it is no regular file"
    with pytest.raises(NotWrittenError, match=refused), replaced_file(asked) as file:
        file.write("words")
    assert stat.S_ISFIFO(special.stat().st_mode)
    assert set(tmp_path.iterdir()) == {special, asked}


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(NotWrittenError), replaced_file(tmp_path) as file:
        file.write("words")


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    target, link = tmp_path / "kept" / "replies.csv", tmp_path / "latest.csv"
    target.write_text("before")
    link.symlink_to(target)
    with replaced_file(link) as file:
        file.write("after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert list(target.parent.iterdir()) == [target]


def test_what_killed_processes_have_left_goes_with_the_next_file_there(tmp_path: Path) -> None:
    old, new, foreign = (tmp_path / name for name in (f".{'a' * 32}.tmp", f".{'b' * 32}.tmp", ".mine.tmp"))
    for file in (old, new, foreign):
        file.write_text("half")
    for file in (old, foreign):
        seen = file.stat().st_mtime - ABANDONED_SECONDS - 60
        os.utime(file, (seen, seen))
    with replaced_file(tmp_path / "a.csv") as written:
        written.write("words")
    assert {file.name for file in tmp_path.iterdir()} == {"a.csv", new.name, foreign.name}


def test_a_folder_is_looked_through_once_by_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []
    monkeypatch.setattr(whole_files, "remove_abandoned", lambda folder, now: looked.append(folder))
    for name in ("a.csv", "b.csv", "a.csv", "more/c.csv"):
        with replaced_file(tmp_path / name) as written:
            written.write("words")
    assert looked == [tmp_path, tmp_path / "more"]
