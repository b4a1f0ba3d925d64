"""Embeddings that are paid for, in real runs of Dagster: what the ledger does not grant waits for a later run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets.errors import ViralAssetsError
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.loader import load_projects
from viral_assets.safety.resemblance import all_exemplars
from viral_assets.scoring.topics import topic_texts
from viral_assets.settings import load_settings
from viral_assets.store.hour_leases import unfinished_hours
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

# Whole runs of Dagster: seconds each.
pytestmark = pytest.mark.slow

HOURS = HourRange(FIRST, FIRST + 5 * HOUR)


@pytest.fixture
def emulator() -> Iterator[GeminiEmulator]:
    with GeminiEmulator() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """It embeds with the key and writes without."""
    with make_home(tmp_path) as made:
        for name, value in {
            "GEMINI_API_KEY": "a-key-of-the-tests",
            "GEMINI_API_ENDPOINT": emulator.url,
            "VIRAL_ASSETS_EMBEDDER": "gemini",
            "VIRAL_ASSETS_PROVIDER": "offline",
        }.items():
            monkeypatch.setenv(name, value)
        yield made


def waiting(home: Home) -> set[object]:
    with home.database.read() as connection:
        return {*unfinished_hours(connection, HOURS, HOURS.end)}


def test_an_hour_whose_texts_cannot_be_paid_for_fails_in_one_line_and_is_taken_up_again(
    home: Home, emulator: GeminiEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.drop("tweets.json", [each for number in range(2) for each in tweets_of(FIRST + number * HOUR, 60)])
    # Some requests are for the topics and for what sensitive tweets sound like, and one for the first hundred tweets.
    (project,) = load_projects(load_settings().projects_dir).values()
    of_topics = [text for node in project.taxonomy for text in topic_texts(node)]
    once = -(-(len(all_exemplars()) + len(of_topics)) // 100)
    monkeypatch.setenv("VIRAL_ASSETS_EMBEDDING_RPM", "1000")
    monkeypatch.setenv("VIRAL_ASSETS_EMBEDDING_RPD", str(once + 1))
    with pytest.raises(ViralAssetsError, match=f"the day's {once + 1} requests are used up, until") as caught:
        home.run(2)
    assert "\n" not in str(caught.value)
    assert len(emulator.arrivals) == once + 1
    assert waiting(home) == {FIRST, FIRST + HOUR}
    assert home.rows("tweet_scores").empty

    monkeypatch.setenv("VIRAL_ASSETS_EMBEDDING_RPD", str(once + 2))
    summary = home.run(2)
    asked = home.rows("llm_requests", "granted_at").query("purpose == 'embed'")
    assert len(emulator.arrivals) == len(asked) == once + 2
    assert asked["run_id"].iloc[-1] == summary.run_ids[0]
    assert set(asked["status"]) == {"answered"}
    assert asked["counted_cost_usd"].sum() > 0
    assert waiting(home) == set()
    assert len(home.rows("tweet_scores")) == 120
