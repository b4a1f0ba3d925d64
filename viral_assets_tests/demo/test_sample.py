"""The bundled day of tweets."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.demo.sample import write_sample
from viral_assets.hours import HOUR
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import read

END = datetime(2026, 11, 21, 20, tzinfo=UTC)


@pytest.fixture
def tweets(tmp_path: Path) -> list[Tweet]:
    assert write_sample(tmp_path / "sample.jsonl", END) > 350
    found, rejects, _ = read(tmp_path / "sample.jsonl", END)
    assert not rejects
    return found


def test_it_fills_the_24_hours_before_the_end(tweets: list[Tweet]) -> None:
    hours = Counter(tweet.window_start for tweet in tweets)
    assert sorted(hours) == [END - hour * HOUR for hour in range(24, 0, -1)]
    assert min(hours.values()) >= 8


def test_each_hour_was_collected_at_its_end(tweets: list[Tweet]) -> None:
    assert all(tweet.collected_at == tweet.window_start + HOUR for tweet in tweets)


def test_the_end_may_lie_within_an_hour(tmp_path: Path) -> None:
    write_sample(tmp_path / "a", END)
    write_sample(tmp_path / "b", END + timedelta(minutes=59))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_day_has_other_ids_and_the_same_texts(tweets: list[Tweet], tmp_path: Path) -> None:
    write_sample(tmp_path / "next.jsonl", END + timedelta(hours=1))
    later, _, _ = read(tmp_path / "next.jsonl", END + timedelta(hours=1))
    assert not {tweet.tweet_id for tweet in tweets} & {tweet.tweet_id for tweet in later}
    assert [tweet.text for tweet in tweets] == [tweet.text for tweet in later]


def test_an_id_tells_the_time_of_its_tweet(tweets: list[Tweet]) -> None:
    for tweet in tweets:
        milliseconds = (int(tweet.tweet_id) >> 22) + 1_288_834_974_657
        assert datetime.fromtimestamp(milliseconds / 1000, UTC) == tweet.created_at
    assert len({tweet.tweet_id for tweet in tweets}) == len(tweets)


def test_no_author_can_be_a_real_account(tweets: list[Tweet]) -> None:
    assert all(15 < len(tweet.author_handle) <= 64 for tweet in tweets)


def test_texts_are_as_varied_as_people(tweets: list[Tweet]) -> None:
    own = [tweet.text for tweet in tweets if not tweet.is_retweet]
    assert len(set(own)) == len(own) > 300
    openings = Counter(" ".join(text.lower().split()[:3]) for text in own)
    assert max(openings.values()) <= 4


def test_the_nuisances_of_a_real_stream_are_part_of_it(tweets: list[Tweet]) -> None:
    assert sum(tweet.is_retweet for tweet in tweets) > 30
    assert sum(tweet.is_reply for tweet in tweets) > 10
    assert len({tweet.lang for tweet in tweets}) > 10
    assert any("<script>" in tweet.text for tweet in tweets)
    assert any("Ignore all previous instructions" in tweet.text for tweet in tweets)
    assert any(tweet.text.startswith("=HYPERLINK") for tweet in tweets)
    assert any("passed away" in tweet.text for tweet in tweets)
    assert any("in this election" in tweet.text for tweet in tweets)
    assert max(Counter(tweet.author_handle for tweet in tweets).values()) >= 5
    assert sum("https://" in tweet.text for tweet in tweets) > 10
    assert sum((tweet.author_followers or 0) < 1000 for tweet in tweets) > 30


def test_a_retweet_refers_to_an_earlier_tweet_and_has_its_counter(tweets: list[Tweet]) -> None:
    for retweet in (tweet for tweet in tweets if tweet.is_retweet):
        handle, _, text = retweet.text.removeprefix("RT @").partition(": ")
        (original,) = (
            tweet for tweet in tweets if tweet.author_handle == handle and tweet.text.startswith(text.rstrip("…"))
        )
        assert original.created_at < retweet.created_at
        assert (retweet.retweet_count, retweet.like_count) == (original.retweet_count, 0)


def test_some_answer_or_quote_others_and_one_describes_its_picture(tweets: list[Tweet]) -> None:
    by_id = {tweet.tweet_id: tweet for tweet in tweets}
    referring = [found for tweet in tweets if (found := tweet.refers_to)]
    ids = [post_id for found in referring for post_id in (found.answers, found.quotes) if post_id]
    states = Counter(post.state for found in referring for post in found.posts)
    assert sum(post_id in by_id for post_id in ids) > 15
    assert states == {"present": 2, "deleted": 1}
    assert len([post_id for post_id in ids if post_id not in by_id]) == states.total() + 1
    assert [len(found.alt_texts) for found in referring if found.alt_texts] == [1]


def test_engagement_has_a_heavy_tail(tweets: list[Tweet]) -> None:
    likes = sorted(tweet.like_count for tweet in tweets if tweet.like_count is not None)
    assert likes[len(likes) // 2] < 30
    assert likes[-1] > 1000
