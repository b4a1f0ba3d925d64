"""The whole chain over six hours in one run: what ends up in the tables, and what each hour shows in the UI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from viral_assets.defs.automation.run_summary import RunSummary
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.vocabulary import GATE_PASSED
from viral_assets_tests.home import FIRST, Home, make_home, tweet, tweets_of

WINDOW = HourRange(FIRST, FIRST + 6 * HOUR)
EMPTY_HOUR = FIRST + 3 * HOUR
KEYS = [hour_key(hour) for hour in WINDOW]
HOSTILE = "Bread | crust <img src=x onerror=alert(1)> **b** [l](http://evil.example) \n| --- | sourdough?"

HOURLY_ASSETS = (
    "tweets",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "suggestion_digest",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """After one run over six hours, the fourth of them without tweets."""
    with make_home(tmp_path_factory.mktemp("hours")) as made:
        tweets = [each for hour in WINDOW if hour != EMPTY_HOUR for each in tweets_of(hour)]
        made.drop("tweets.json", [*tweets, tweet(30, FIRST, HOSTILE, likes=9000), tweet(31, FIRST, "Nice.", likes=0)])
        made.summaries.append(made.run(6, tweets_per_request=10))
        yield made


@pytest.fixture(scope="module")
def summary(home: Home) -> RunSummary:
    return home.summaries[0]


@pytest.mark.parametrize("asset", HOURLY_ASSETS)
def test_each_hour_is_materialized(home: Home, asset: str) -> None:
    assert sorted(home.materializations(asset)) == KEYS


def test_topics_have_no_hours_and_are_embedded_in_the_same_run(home: Home) -> None:
    assert list(home.materializations("topic_embeddings")) == [""]


@pytest.mark.parametrize("table", ["tweets", "tweet_scores", "comment_opportunities", "comment_suggestions"])
def test_each_hour_tells_how_many_rows_it_holds(home: Home, table: str) -> None:
    counts = home.rows(table)["window_start"].value_counts()
    for hour in WINDOW:
        assert home.shown(table, hour)["dagster/partition_row_count"] == counts.get(hour, 0)


def test_an_hour_without_tweets_materializes_empty(home: Home) -> None:
    for asset in HOURLY_ASSETS:
        assert home.shown(asset, EMPTY_HOUR)["dagster/partition_row_count"] == 0


def test_labels_of_an_hour_add_up_to_its_tweets_past_the_gate(home: Home) -> None:
    scores = home.rows("tweet_scores")
    passed = scores[scores["gate"] == GATE_PASSED]["window_start"].value_counts()
    assert 0 < passed.sum() < len(scores)
    for hour in WINDOW:
        shown = home.shown("tweet_scores", hour)
        assert shown["green"] + shown["yellow"] + shown["red"] == passed.get(hour, 0)


def test_every_opportunity_gets_one_suggestion_of_each_type(home: Home, summary: RunSummary) -> None:
    opportunities, suggestions = home.rows("comment_opportunities"), home.rows("comment_suggestions")
    per_tweet = suggestions.groupby("tweet_id")["suggestion_type"].nunique()
    assert set(opportunities["tweet_id"]) == set(per_tweet.index)
    assert set(per_tweet) == {3}
    assert (summary.opportunities, summary.generated, summary.saved) == (
        len(per_tweet),
        len(suggestions),
        len(suggestions),
    )
    assert (summary.failed, summary.deferred, summary.failed_checks) == (0, 0, ())
    assert summary.windows == 6


def test_one_run_packs_tweets_of_several_hours_into_a_request(home: Home, summary: RunSummary) -> None:
    opportunities = home.rows("comment_opportunities")
    hour_of = dict(zip(opportunities["tweet_id"], opportunities["window_start"], strict=True))
    requests = home.rows("llm_requests", "granted_at")
    assert len(requests) == summary.requests < len(hour_of)
    assert any(len({hour_of[tweet_id] for tweet_id in ids}) > 1 for ids in requests["tweet_ids"])


def test_the_numbers_of_the_hours_add_up_to_those_of_the_run(home: Home, summary: RunSummary) -> None:
    hours = [home.shown("comment_suggestions", hour) for hour in WINDOW]
    assert sum(hour["requests of this run"] for hour in hours) == pytest.approx(summary.requests, abs=0.1)
    assert sum(hour["done"] for hour in hours) == summary.opportunities
    assert all(hour["cost (USD)"] == 0 for hour in hours)


def test_suggestions_of_the_offline_provider_are_marked(home: Home) -> None:
    assert set(home.rows("comment_suggestions")["provider"]) == {"offline"}
    assert home.shown("comment_suggestions", FIRST)["written by"] == "offline"


def test_a_tweet_cannot_break_out_of_a_preview(home: Home) -> None:
    lines = home.shown("tweets", FIRST)["most liked"].splitlines()
    assert len(lines) == 2 + 5
    loudest = lines[2]
    assert "Bread" in loudest
    frame = loudest.removeprefix("| ").removesuffix(" |").replace(" | ", "  ")
    assert not re.search(r"(?<!\\)[!-/:-@\[\]^-`{-~]", frame)
    assert "://evil" not in loudest.replace("\\", "")


def test_pictures_are_short_enough_to_be_shown_in_place(home: Home) -> None:
    """Longer Markdown is hidden behind a link."""
    latest = home.shown("tweet_scores", WINDOW.end - HOUR)
    for name in ("labels by hour", "totals"):
        assert latest[name].startswith("![")
        assert len(latest[name]) < 1000


def test_each_hour_has_a_digest_and_the_range_has_one(home: Home) -> None:
    for hour in WINDOW:
        page = Path(home.shown("suggestion_digest", hour)["page"])
        assert page.name == f"{hour:%Y-%m-%d-%H}h.html"
        assert "Tweets worth a reply" in page.read_text(encoding="utf-8")
    whole = Path(home.shown("suggestion_digest", WINDOW.end - HOUR)["page of all hours"])
    assert whole.exists()
    assert whole.with_suffix(".csv").exists()
    assert "page of all hours" not in home.shown("suggestion_digest", FIRST)


def test_the_log_tells_the_story_of_a_run_in_about_twenty_lines(home: Home, summary: RunSummary) -> None:
    entries = home.instance.all_logs(summary.run_ids[0])
    told = [entry.user_message for entry in entries if not entry.is_dagster_event]
    assert 8 <= len(told) <= 20
    assert any("22 records" in line for line in told)
    assert any("are worth a reply" in line for line in told)


def test_every_hour_and_the_range_have_an_evaluation_of_each_check(home: Home, summary: RunSummary) -> None:
    evaluations = home.evaluations(summary.run_ids[0])
    names = {evaluation.check_name for evaluation in evaluations}
    assert len(names) == 14
    for name in names:
        partitions = [evaluation.partition for evaluation in evaluations if evaluation.check_name == name]
        assert partitions == [*KEYS, None]
    assert all(evaluation.passed for evaluation in evaluations)


def test_a_run_is_tagged_with_its_trigger(home: Home, summary: RunSummary) -> None:
    run = home.instance.get_run_by_id(summary.run_ids[0])
    assert run is not None
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.tags["viral_assets/trigger"] == "cli"
    assert run.tags["dagster/asset_partition_range_start"] == KEYS[0]
    assert run.tags["dagster/asset_partition_range_end"] == KEYS[-1]
