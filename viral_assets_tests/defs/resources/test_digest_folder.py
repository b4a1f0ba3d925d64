"""What the UI links to for a digest."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.resources.digest_folder import DigestFolderResource
from viral_assets.hours import HOUR, HourRange
from viral_assets_tests.home import FIRST

HOUR_OF_TESTS = HourRange(FIRST, FIRST + HOUR)


def test_without_an_address_the_path_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRAL_ASSETS_DIGEST_URL", raising=False)
    folder = DigestFolderResource(folder=str(tmp_path))
    link = folder.link(folder.page(HOUR_OF_TESTS))
    assert link == dg.MetadataValue.path(tmp_path / "2026-03-02" / "2026-03-02-06h.html")


def test_where_the_folder_has_an_address_the_digest_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DIGEST_URL", "https://digests.example.org/viral/")
    folder = DigestFolderResource(folder=str(tmp_path))
    link = folder.link(folder.page(HOUR_OF_TESTS))
    assert link == dg.MetadataValue.url("https://digests.example.org/viral/2026-03-02/2026-03-02-06h.html")
