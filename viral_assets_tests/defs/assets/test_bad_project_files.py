"""A project file that cannot be used, in real runs: the other projects go on, and what there is of its own stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets.errors import ViralAssetsError
from viral_assets_tests.home import BAKING, FIRST, GARDEN, Home, make_home, tweets_of

# Whole runs of Dagster: seconds each.
pytestmark = pytest.mark.slow

TABLES = ("tweet_scores", "comment_opportunities", "selection_counts")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path, projects={"baking": BAKING, "garden": GARDEN}) as made:
        made.drop("tweets.json", tweets_of(FIRST))
        yield made


def test_a_bad_project_file_stops_that_project_only(home: Home) -> None:
    home.run()
    before = {name: home.rows(name).query("project == 'garden'") for name in TABLES}
    assert len(before["tweet_scores"]) == 4
    path = home.folder / "projects" / "garden.yml"
    path.write_text(GARDEN + "voices: many\n")

    summary = home.run()

    for name, rows in before.items():
        found = home.rows(name)
        assert found.query("project == 'garden'").reset_index(drop=True).equals(rows.reset_index(drop=True)), name
    assert len(home.rows("tweet_scores").query("project == 'baking'")) == 4
    messages = [entry.user_message for entry in home.instance.all_logs(summary.run_ids[0])]
    told = [message for message in messages if "garden.yml" in message and "voices: is not a known key" in message]
    assert told
    assert all("\n" not in message for message in told)
    for asset in ("tweets", "tweet_scores"):
        assert "garden" in str(home.shown(asset, FIRST)["left out"])

    home.run(projects=["baking"])
    assert "left out" not in home.shown("tweet_scores", FIRST)
    with pytest.raises(ViralAssetsError, match=r"garden\.yml:\d+: voices: is not a known key"):
        home.run(projects=["garden"])


def test_once_the_file_is_right_again_its_rows_are_replaced_and_those_of_a_file_that_is_gone_are_not_kept(
    home: Home,
) -> None:
    path = home.folder / "projects" / "garden.yml"
    path.write_text(GARDEN + "voices: many\n")
    home.run()
    assert set(home.rows("tweet_scores")["project"]) == {"baking"}
    path.write_text(GARDEN)
    home.run()
    assert set(home.rows("tweet_scores")["project"]) == {"baking", "garden"}
    path.unlink()
    home.run()
    assert set(home.rows("tweet_scores")["project"]) == {"baking"}
