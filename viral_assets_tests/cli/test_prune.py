"""``viral-assets prune``: says what would go, and lets it go when that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from viral_assets.hours import floor_hour
from viral_assets_tests.cli.conftest import CommandLine, write_tweets


def test_it_counts_first_and_lets_go_when_told(viral_assets: CommandLine, tmp_path: Path) -> None:
    old = floor_hour(datetime.now(UTC)) - timedelta(days=40)
    viral_assets("ingest", write_tweets(tmp_path / "old.json", old))
    would = viral_assets("prune", "--undecided", "30", "--json")
    assert would.code == 0
    assert would.json["kinds"]["undecided"]["count"] == 4
    assert "--yes" in would.err
    done = viral_assets("prune", "--undecided", "30", "--yes")
    assert "tweets that nobody decided about" in done.out
    assert viral_assets("prune", "--undecided", "30", "--json").json["kinds"]["undecided"]["count"] == 0


def test_the_environment_says_it_too_and_without_either_all_is_kept(viral_assets: CommandLine, tmp_path: Path) -> None:
    said = viral_assets("prune")
    assert (said.code, len(said.complaints)) == (2, 1)
    assert "--vectors 14" in said.err
    path = tmp_path / "bad.csv"
    path.write_text("id,text,date\n21,two,yesterday\n")
    viral_assets("ingest", path)
    done = viral_assets.in_a_fork("prune", "--json", VIRAL_ASSETS_KEEP_REJECTS_DAYS="30")
    assert done.json["kinds"]["rejects"]["count"] == 0


def test_too_few_days_are_one_line(viral_assets: CommandLine) -> None:
    for days in ("0", "-3", "1"):
        said = viral_assets("prune", "--vectors", days)
        assert (said.code, len(said.complaints)) == (2, 1), days
