"""Small files that went wrong once, and the right values, where they are at hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.sources.parsers.snowflakes import AT_ONCE, time_in_id
from viral_assets.sources.tweet import Tweet
from viral_assets.store.engine import Database
from viral_assets_tests.sources.examples import read, reasons

CASES = Path(__file__).parents[3] / "shared" / "data" / "cases"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="no such files at hand")


def tweets_of(name: str) -> list[Tweet]:
    """The tweets of a file that has nothing else."""
    tweets, rejects, _ = read(CASES / name, NOW)
    assert tweets
    assert not rejects
    for tweet in tweets:
        posted = time_in_id(tweet.tweet_id)
        assert posted is not None
        assert abs(tweet.created_at - posted) <= AT_ONCE
    return tweets


def values_of(value: Any, key: str) -> Iterable[Any]:
    if isinstance(value, dict):
        yield from [value[key]] if key in value else []
        value = list(value.values())
    if isinstance(value, list):
        for inside in value:
            yield from values_of(inside, key)


def test_followers_of_the_web_page_of_2026() -> None:
    counts = values_of(json.loads((CASES / "gql_2026_followers.json").read_bytes()), "relationship_counts")
    assert [tweet.author_followers for tweet in tweets_of("gql_2026_followers.json")] == [
        each["followers"] for each in counts
    ]


def test_the_time_a_post_was_made_not_crawled_and_reposts() -> None:
    records = [each for each in json.loads((CASES / "brightdata_posts.json").read_bytes()) if "date_posted" in each]
    found = tweets_of("brightdata_posts.json")
    assert [f"{tweet.created_at:%Y-%m-%dT%H:%M:%S}.000Z" for tweet in found] == [
        each["date_posted"] for each in records
    ]
    assert [tweet.is_retweet for tweet in found] == [each["is_repost"] for each in records]


@pytest.mark.parametrize(
    ("name", "count"), [("epoch_and_date.csv", 3), ("twitterapiio_last_tweets.json", 2), ("gallerydl_post.json", 1)]
)
def test_all_are_read(name: str, count: int) -> None:
    found = tweets_of(name)
    assert len(found) == count
    assert all(tweet.author_handle in ("ada_reads", "maker_mina") for tweet in found)


def test_the_author_beside_the_metrics() -> None:
    records = json.loads((CASES / "v2_flat_username.json").read_bytes())
    assert [(tweet.author_handle, tweet.author_followers) for tweet in tweets_of("v2_flat_username.json")] == [
        (each["username"], each["followers_count"]) for each in records
    ]


def test_the_address_repairs_rounded_ids() -> None:
    lines = (CASES / "mixed_rounded_url.csv").read_text().splitlines()[1:]
    assert [tweet.tweet_id for tweet in tweets_of("mixed_rounded_url.csv")] == [
        line.split(",")[1].rpartition("/")[2] for line in lines
    ]


def test_no_rounded_id_is_stored() -> None:
    tweets, rejects, _ = read(CASES / "js_rounded.csv", NOW)
    assert (tweets, set(reasons(rejects)), len(rejects)) == ([], {"rounded_id"}, 12)


def test_placeholders_are_a_remark() -> None:
    tweets, rejects, remarks = read(CASES / "kaito_some_mock.json", NOW)
    assert (len(tweets), rejects, remarks) == (1, [], {"a demonstration item in place of a tweet": 4})


def test_thousands_with_dots() -> None:
    assert [
        (tweet.like_count, tweet.view_count, tweet.author_followers) for tweet in tweets_of("german_counts.csv")
    ] == [
        (1_000, 12_000, 3_500),
        (12, 9_000, 120_000),
        (2_500, 1_250_000, 2_000),
    ]


def test_another_service_is_refused_and_nothing_stored(database: Database) -> None:
    report = ingest_file(database, CASES / "threads.csv", IngestOptions(NOW))
    assert report.problem is not None
    assert "a post of Threads, not of X" in report.problem
    assert report.read == 0


def test_a_service_with_names_of_its_own() -> None:
    assert all(tweet.author_followers == 14_836 and tweet.like_count == 55 for tweet in tweets_of("rapid154.json"))


def test_an_export_of_a_monitoring_tool() -> None:
    tweets, rejects, remarks = read(CASES / "brandwatch.csv", NOW)
    assert reasons(rejects) == ["not_of_x"]  # a row of another service
    assert remarks["line above the header"] == 6
    assert len(tweets) == 4
    assert {
        (tweet.author_followers, tweet.like_count, tweet.retweet_count) for tweet in tweets if not tweet.is_retweet
    } == {(14_836, 55, 2)}


def test_everything_read_is_counted(database: Database) -> None:
    for path in sorted(CASES.glob("*.[cj]*")):
        report = ingest_file(database, path, IngestOptions(NOW))
        assert report.read == report.new + report.updated + report.unchanged + report.rejected
        assert report.rejected == report.reject_reasons.total()
        assert report.problem or report.stored or report.reject_reasons
