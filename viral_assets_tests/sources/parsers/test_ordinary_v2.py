"""The short way to read a tweet of the X API v2 says what the long one says, or nothing."""

from __future__ import annotations

import copy
import pickle
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.files.detect import FORMATS
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.sources.parsers import x_api_v2
from viral_assets.sources.parsers.fields import UnusableError
from viral_assets.sources.parsers.json_format import json_formats
from viral_assets.sources.parsers.json_shapes import JsonShapes
from viral_assets.sources.parsers.ordinary_v2 import KEYS, OrdinaryTweets
from viral_assets.sources.parsers.references import Included
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.tweet import Tweet
from viral_assets.store.engine import Database
from viral_assets_tests.effort import calls_made
from viral_assets_tests.sources.examples import NOW, Object, anything, id_at, json_lines, page, tweet, user
from viral_assets_tests.sources.fuzz import ODD_VALUES, mutated

TIME = "2026-11-21T20:05:00.000Z"
OTHER = id_at(TIME, 77)

PLAIN = tweet(id=id_at(TIME), author=user())
REPLY = tweet(
    id=id_at(TIME, 9),
    author=user(verified_type="blue"),
    in_reply_to_user_id="42",
    attachments={"media_keys": ["3_1"], "media": [{"media_key": "3_1", "alt_text": "a chart"}]},
    referenced_tweets=[
        {"type": "replied_to", "id": OTHER, "text": "what it answers", "author_id": "7"},
        {"type": "quoted", "id": id_at(TIME, 78)},
    ],
    __twarc={"retrieved_at": "2026-11-21T21:00:00Z"},
)
RETWEET = tweet(
    id=id_at(TIME, 3), text="RT @a: hi", author=user(), referenced_tweets=[{"type": "retweeted", "id": OTHER}]
)

ODD = st.sampled_from(ODD_VALUES) | anything
TIMES = st.sampled_from(
    (
        TIME,
        *("2026-11-21T20:05:00Z", "2026-11-21 20:05:01.999Z", "20261121T200500.000000Z", "2026-W47-6T20:05:00Z"),
        *("2026-11-21T20:05:00+00:00", "2026-11-21T21:05:00+01:00", "2026-11-21T20:05:00", "2026-11-21T20:05Z"),
        *("2026-11-21T20Z", "2026-11-21T20:05:09Z", "2026-11-21", "2030-11-21T20:05:00Z", "Sat Nov 21 20:05:00 2026"),
    )
)
TEXTS = st.sampled_from(
    ("hi", " ", "a & b", "a &amp; b", "&copy=1", "RT @a: hi", "e\u0301", "\u200b", "\ud83d", "a\0b", "x" * 25_001, "🔥")
)
HANDLES = st.sampled_from(("mara", "@mara", " mara ", "mara!", "", "x" * 65, "ｍａｒａ", "a_1"))
IDS = st.sampled_from(
    (
        *(id_at(TIME), OTHER, id_at("2030-11-21T20:05:00Z"), "1", "042", "9" * 19, "1" * 20, "٣٤", " 42", "42\n"),
        *(int(id_at(TIME)), 42),
    )
)
COUNTS = st.sampled_from((0, 5, 2**31 - 1, 2**31, -1, True, 3.0, 3.5, "7", "1.2K", None))


def long_way(value: Any, users: Object, included: Included) -> tuple[Tweet | None, Counter[str]]:
    remarks: Counter[str] = Counter()
    try:
        return XApiV2(Times(NOW), remarks)._tweet(value, users, included, None), remarks
    except UnusableError:
        return None, remarks


def agree(value: Any, of_page: Object | None = None) -> bool:
    """Whether the short way takes the value; both say the same then, and the long way has nothing to remark."""
    included = Included(of_page or {})
    users = {"42": user()} if of_page else {}
    before = copy.deepcopy(value)
    short = OrdinaryTweets(Times(NOW)).read(value, users, included, None)
    assert value == before
    if short is None:
        return False
    assert (short, Counter()) == long_way(value, users, included)
    assert list(map(type, short)) == list(map(type, long_way(value, users, included)[0] or ()))
    return True


@pytest.mark.parametrize("value", [PLAIN, REPLY, RETWEET, tweet(id=id_at(TIME), author=user(), lang=...)])
def test_what_the_api_sends_is_ordinary(value: Object) -> None:
    assert agree(value)


def test_the_author_may_be_of_the_page() -> None:
    whole = page(tweet(id=id_at(TIME)))
    assert agree(whole["data"][0], whole)
    assert not agree(whole["data"][0])


@pytest.mark.parametrize("seed", range(4))
def test_mutated_records_are_read_alike(seed: int) -> None:
    rng = random.Random(seed)
    taken = sum(agree(mutated(rng, rng.choice((PLAIN, REPLY, RETWEET)))) for _ in range(1_000))
    assert 20 < taken < 900


@given(
    changes=st.fixed_dictionaries(
        {},
        optional={
            "id": IDS,
            "created_at": TIMES,
            "text": TEXTS,
            "author_id": IDS,
            "conversation_id": IDS | ODD,
            "lang": st.sampled_from(("en", "EN", "zh-Hant", "qme", "en_US", "english language", "e1", 5)),
            "referenced_tweets": st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(("quoted", "replied_to", "retweeted", "x")), "id": IDS},
                    optional={"text": TEXTS, "author": st.just(user())},
                )
            ),
            "in_reply_to_user_id": IDS | ODD,
            "attachments": ODD,
            "public_metrics": st.dictionaries(
                st.sampled_from(("like_count", "reply_count", "impression_count", "bookmark_count")), COUNTS
            ),
            "entities": ODD,
            "__twarc": ODD,
        },
    ),
    author=st.fixed_dictionaries(
        {},
        optional={
            "id": IDS,
            "username": HANDLES,
            "name": TEXTS | ODD,
            "verified": ODD,
            "verified_type": st.sampled_from(("blue", "none", None)),
            "is_blue_verified": st.booleans(),
            "public_metrics": st.fixed_dictionaries({}, optional={"followers_count": COUNTS}) | ODD,
        },
    ),
)
def test_odd_values_anywhere_are_read_alike(changes: Object, author: Object) -> None:
    value = {**PLAIN, **changes, "author": {**user(), **author}}
    agree(value)
    agree({key: each for key, each in value.items() if key != "author"}, page(value, errors=[]))


@given(key=st.sampled_from(sorted(KEYS)), value=ODD)
def test_one_odd_value_is_read_alike(key: str, value: Any) -> None:
    agree({**REPLY, key: value})


@pytest.mark.parametrize(
    "change",
    [
        {"note_tweet": {"text": "what the article says in full"}},
        {"url": "https://x.com/mara/status/1"},
        {"noResults": True},
        {"type": "mock_tweet"},
        {"_id": {"$oid": "1"}},
        {"data": {"id": "1"}},
    ],
)
def test_a_key_that_says_something_else_is_not_passed_over(change: Object) -> None:
    assert not agree({**PLAIN, **change})


@pytest.mark.parametrize("value", [PLAIN, REPLY, RETWEET])
def test_the_short_way_around_what_programs_put_around_tweets_ends_where_the_long_one_does(value: Object) -> None:
    def shapes() -> JsonShapes:
        return JsonShapes(json_formats(FORMATS), Times(NOW), Counter())

    assert [shapes().ordinary(value)] == list(shapes().records(value, "line 1"))
    assert x_api_v2.confidence_in(value) == 1.0
    for other in (page(value), [value], "text", None, {}):
        assert shapes().ordinary(other) is None


def test_an_ordinary_line_takes_few_steps_from_its_file_to_the_store(sqlite_database: Database, tmp_path: Path) -> None:
    def steps(first: int, lines: int) -> int:
        path = tmp_path / str(first)
        path.write_bytes(json_lines(*({**PLAIN, "id": id_at(TIME, 2 * at + 1)} for at in range(first, first + lines))))
        return calls_made(lambda: ingest_file(sqlite_database, path, IngestOptions(NOW)))

    steps(0, 10)
    few, many = steps(100, 100), steps(1_000, 300)
    assert (many - few) / 200 < 100


def test_a_tweet_can_be_sent_to_another_process() -> None:
    found = OrdinaryTweets(Times(NOW)).read(REPLY, {}, Included({}), NOW)
    assert found is not None
    assert found == pickle.loads(pickle.dumps(found))
    assert type(copy.deepcopy(found)) is Tweet
