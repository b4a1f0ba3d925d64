"""Several commands at once on an empty home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

GENERATE = ("generate-comments", "--project", "demo", "--hours-back", "1", "--json")


@pytest.fixture
def viral_assets(new_home: Path) -> CommandLine:
    return CommandLine(new_home)


def at_once(viral_assets: CommandLine, *commands: tuple[str, ...]) -> None:
    processes = [viral_assets.forked(*command) for command in commands]
    ended = [process.ended(PATIENCE) for process in processes]
    assert [code for code, *_ in ended] == [0] * len(commands), [said for code, *said in ended if code != 0]


def test_four_at_once_and_one_after_them_succeed(viral_assets: CommandLine) -> None:
    at_once(viral_assets, *[GENERATE] * 4)
    assert viral_assets.in_a_fork(*GENERATE).code == 0


def test_so_they_do_on_an_empty_postgresql_database(viral_assets: CommandLine, postgres_url: str) -> None:
    folder = viral_assets.home / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text((checkout_root() / "deploy" / "postgres" / "dagster.yaml").read_text())
    os.environ |= {
        "DAGSTER_HOME": str(folder),
        "DAGSTER_POSTGRES_URL": postgres_url,
        "VIRAL_ASSETS_DATABASE_URL": postgres_url,
    }
    at_once(viral_assets, *[("db", "upgrade")] * 4)
    at_once(viral_assets, *[GENERATE] * 4)
    assert viral_assets.in_a_fork(*GENERATE).code == 0
