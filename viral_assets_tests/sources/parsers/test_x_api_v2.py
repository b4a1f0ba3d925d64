"""X API v2 objects, in each shape in which people keep them, good and bad."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.base import RAW_LIMIT, Reject
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW, anything, page, tweet, user


def read(value: Any) -> tuple[list[Tweet], list[Reject], Counter[str]]:
    remarks: Counter[str] = Counter()
    records = list(XApiV2(Times(NOW), remarks).records(value, "line 3"))
    tweets = [record for record in records if isinstance(record, Tweet)]
    return tweets, [record for record in records if isinstance(record, Reject)], remarks


def one(value: Any) -> Tweet:
    (found,), rejects, _ = read(value)
    assert not rejects
    return found


def rejected(value: Any) -> Reject:
    tweets, (reject,), _ = read(value)
    assert not tweets
    return reject


class TestShapes:
    def test_a_page_gives_its_tweets_and_their_authors(self) -> None:
        (first, second), rejects, _ = read(page(tweet(1), tweet(2)))
        assert not rejects
        assert first == Tweet(
            tweet_id="2124232631000000001",
            created_at=datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
            text="How much screen time is too much? (1)",
            author_handle="mara_writes_here",
            author_id="42",
            author_name="Mara",
            author_followers=1234,
            author_verified=True,
            lang="en",
            like_count=50,
            reply_count=3,
            retweet_count=2,
            quote_count=1,
            conversation_id="2124232631000000001",
        )
        assert second.tweet_id == "2124232631000000002"

    def test_a_list_of_pages(self) -> None:
        tweets, _, _ = read([page(tweet(1)), page(tweet(2)), page()])
        assert len(tweets) == 2

    def test_a_stream_object_has_one_tweet(self) -> None:
        found = one({"data": tweet(1), "includes": {"users": [user()]}, "matching_rules": [{"id": 1}]})
        assert found.author_handle == "mara_writes_here"

    def test_a_flattened_tweet_has_its_author_inside(self) -> None:
        found = one(tweet(1, author=user(), __twarc={"retrieved_at": "2026-11-21T21:00:00+00:00"}))
        assert found.author_followers == 1234
        assert found.collected_at == datetime(2026, 11, 21, 21, tzinfo=UTC)

    def test_twarc_tells_when_a_page_was_collected(self) -> None:
        found = one(page(tweet(1), __twarc={"retrieved_at": "2026-11-21T20:45:00+00:00", "version": "2.5.0"}))
        assert found.collected_at == datetime(2026, 11, 21, 20, 45, tzinfo=UTC)

    def test_tweets_merely_referred_to_are_not_taken(self) -> None:
        tweets, rejects, _ = read(page(tweet(1), includes={"users": [user()], "tweets": [tweet(2), tweet(3)]}))
        assert len(tweets) == 1
        assert not rejects

    @pytest.mark.parametrize(
        "value",
        [
            {"meta": {"result_count": 0}},
            {"data": [], "meta": {"result_count": 0}},
            {"data": {}, "meta": {}},
            {"data": None},
            {"errors": [{"title": "Not Found"}]},
            {"includes": {"users": [user()]}, "meta": {}},
        ],
    )
    def test_a_page_without_tweets_is_no_record(self, value: Any) -> None:
        assert read(value) == ([], [], Counter({"page without tweets": 1}))

    def test_empty_objects_where_lists_are_due(self) -> None:
        value = page(
            tweet(1, referenced_tweets={}, entities={"urls": {}, "hashtags": {}}, public_metrics={}, attachments={}),
            includes={"users": [user()], "media": {}},
        )
        found = one(value)
        assert (found.like_count, found.is_reply, found.author_name) == (None, False, "Mara")

    def test_authors_that_are_not_told_are_unknown(self) -> None:
        found = one(page(tweet(1), includes={}))
        assert (found.author_handle, found.author_followers, found.author_id) == ("", None, "42")


class TestFields:
    @pytest.mark.parametrize(
        ("kind", "flag"), [("retweeted", "is_retweet"), ("replied_to", "is_reply"), ("quoted", "is_quote")]
    )
    def test_references_tell_what_kind_of_tweet_it_is(self, kind: str, flag: str) -> None:
        assert getattr(one(tweet(1, referenced_tweets=[{"type": kind, "id": "5"}])), flag)
        assert not getattr(one(tweet(1)), flag)

    def test_an_answer_to_somebody_is_a_reply(self) -> None:
        assert one(tweet(1, in_reply_to_user_id="7")).is_reply

    def test_an_old_style_retweet_is_one(self) -> None:
        assert one(tweet(1, text="RT @mara_writes_here: how much")).is_retweet

    def test_long_posts_are_read_in_full(self) -> None:
        assert one(tweet(1, text="short…", note_tweet={"text": "short, but longer"})).text == "short, but longer"

    def test_entities_are_resolved(self) -> None:
        assert one(tweet(1, text="R&amp;D &lt;3")).text == "R&D <3"

    def test_unknown_views_are_not_zero_views(self) -> None:
        assert one(tweet(1)).view_count is None
        assert one(tweet(1, public_metrics={"like_count": 0, "impression_count": 0})).view_count == 0
        liked = tweet(1, public_metrics={"like_count": 1, "impression_count": 0})
        assert one(liked).view_count is None, "nobody likes what nobody has seen"

    @pytest.mark.parametrize("verified_type", ["blue", "business", "government"])
    def test_every_kind_of_verification_counts(self, verified_type: str) -> None:
        assert one(
            page(tweet(1), includes={"users": [user(verified=False, verified_type=verified_type)]})
        ).author_verified

    def test_numeric_ids_are_read_exactly(self) -> None:
        found = one(tweet(1, id=2124232631000000001, author_id=42, author=user(id=42)))
        assert (found.tweet_id, found.author_id, found.author_name) == ("2124232631000000001", "42", "Mara")


class TestRejects:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"id": ...}, "no_id"),
            ({"id": "1.92797E+18"}, "rounded_id"),
            ({"id": 1.92797e18}, "rounded_id"),
            ({"id": [1]}, "bad_id"),
            ({"text": ...}, "no_text"),
            ({"text": None}, "no_text"),
            ({"text": 7}, "no_text"),
            ({"text": "x" * 30_000}, "too_long"),
            ({"id": "18050206876707110", "created_at": ...}, "no_time"),
            ({"id": "7250206876707110912", "created_at": ...}, "no_time"),
            ({"id": "2124232631000000001", "created_at": 1763756400}, "not_of_x"),
            ({"created_at": "soon"}, "bad_time"),
            ({"created_at": "2027-01-01T00:00:00Z"}, "future"),
            ({"public_metrics": [1, 2]}, "bad_count"),
            ({"public_metrics": "none"}, "bad_count"),
            ({"public_metrics": {"like_count": -1}}, "bad_count"),
            ({"public_metrics": {"like_count": "many"}}, "bad_count"),
            ({"public_metrics": {"retweet_count": True}}, "bad_count"),
            ({"public_metrics": {"impression_count": 2**31}}, "bad_count"),
            ({"public_metrics": {"reply_count": float("nan")}}, "bad_count"),
            ({"author": user(public_metrics={"followers_count": -1})}, "bad_count"),
        ],
    )
    def test_a_bad_field_rejects_its_tweet_and_no_other(self, changes: Any, reason: str) -> None:
        tweets, (reject,), _ = read([page(tweet(1), includes={}), page(tweet(2, **changes), tweet(3), includes={})])
        assert [found.tweet_id[-1] for found in tweets] == ["1", "3"]
        assert (reject.reason, reject.locator) == (reason, "line 3, item 2, tweet 1")
        assert reject.detail

    def test_the_quarantine_gets_the_text_of_the_record(self) -> None:
        assert rejected(tweet(1, created_at="soon")).raw.startswith('{"id":"2124232631000000001"')

    @pytest.mark.parametrize(
        "value", ["text", 5, None, True, [[1]], {}, {"hello": "world"}, {"data": "text"}, {"data": 0}]
    )
    def test_something_else_is_not_a_tweet(self, value: Any) -> None:
        assert rejected([value]).reason == "not_a_tweet"

    def test_a_huge_record_is_kept_as_far_as_it_helps(self) -> None:
        reject = rejected(tweet(1, text="x" * 300_000))
        assert len(reject.raw) == RAW_LIMIT
        assert "first 100,000 of 300," in reject.detail

    def test_unstorable_values_have_a_text_too(self) -> None:
        assert "\\ud83d" in rejected(tweet(1, created_at="soon", text="\ud83d")).raw
        assert "1" * 100 in rejected(tweet(1, created_at="soon", big=int("1" * 100))).raw


@given(st.dictionaries(st.sampled_from(sorted([*tweet(), "author", "note_tweet", "referenced_tweets"])), anything))
def test_a_tweet_with_anything_in_its_fields_is_a_tweet_or_a_reject(changes: dict[str, Any]) -> None:
    tweets, rejects, _ = read(page(tweet(1, **changes)))
    assert len(tweets) + len(rejects) == 1


@given(anything)
def test_anything_at_all_is_accounted_for(value: Any) -> None:
    for shaped in (value, {"data": value}, page(value), page(tweet(1), includes=value), page(tweet(1), __twarc=value)):
        tweets, rejects, remarks = read(shaped)
        assert tweets or rejects or remarks or shaped == []
        assert all(reject.reason and reject.locator for reject in rejects)
