"""Of a file in which ids were rounded, which ones are let through: those that something beside them confirms."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from viral_assets.sources.base import Reject
from viral_assets.sources.parsers.doubtful_ids import CONVERSATION_TOLD, FLOATS_LOOK_ALIKE, told_by_conversation
from viral_assets.sources.parsers.rounded_ids import may_be_rounded
from viral_assets.sources.parsers.snowflakes import time_in_id
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW, Object, json_lines, read
from viral_assets_tests.sources.formats_at_hand import parquet, table
from viral_assets_tests.sources.parsers.test_rounded_ids import true_ids

IDS = true_ids(random.Random(11), 120)
ROUNDED_FROM = 60
"""The first of the ids that went through a float, as where two files were put together."""

COLUMN = [identity if at < ROUNDED_FROM else str(int(float(identity))) for at, identity in enumerate(IDS)]


def time_of(identity: str) -> str:
    posted = time_in_id(identity)
    assert posted is not None
    return posted.isoformat()


def record(at: int, **more: Any) -> Object:
    return {"id": COLUMN[at], "text": f"hi ({at})", "created_at": time_of(COLUMN[at]), **more}


def address(identity: str) -> str:
    return f"https://x.com/mara/status/{identity}"


def read_rows(write: Any, rows: list[Object], path: Path) -> tuple[list[Tweet], list[Reject], Counter[str]]:
    path.write_bytes(write(*rows))
    return read(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


writers = pytest.mark.parametrize("write", [table, json_lines, parquet])


def test_the_example_is_what_it_says() -> None:
    alike = [may_be_rounded(identity) for identity in IDS]
    assert 0.3 < sum(alike) / len(IDS) < 0.5
    assert sum(identity != written for identity, written in zip(IDS, COLUMN, strict=True)) > 25


@writers
def test_what_nothing_tells_is_rejected_and_worded(write: Any, path: Path) -> None:
    tweets, rejects, remarks = read_rows(write, [record(at) for at in range(120)], path)
    assert {tweet.tweet_id for tweet in tweets} == {each for each in IDS[:ROUNDED_FROM] if not may_be_rounded(each)}
    assert len(tweets) + len(rejects) == 120
    assert {reject.reason for reject in rejects} == {"rounded_id"}
    assert all("nothing beside it tells the true one" in reject.detail for reject in rejects)
    assert remarks[FLOATS_LOOK_ALIKE] == 1


@writers
def test_addresses_let_true_ids_through_and_repair_the_others(write: Any, path: Path) -> None:
    tweets, rejects, _ = read_rows(write, [record(at, url=address(IDS[at])) for at in range(120)], path)
    assert ([tweet.tweet_id for tweet in tweets], rejects) == (IDS, [])


@writers
def test_the_rows_without_an_address_are_judged_by_themselves(write: Any, path: Path) -> None:
    rows = [record(at, url=address(IDS[at]) if at % 2 else "") for at in range(ROUNDED_FROM, 120)]
    tweets, rejects, _ = read_rows(write, rows, path)
    assert [tweet.tweet_id for tweet in tweets] == IDS[ROUNDED_FROM + 1 :: 2]
    assert len(rejects) == 30


@writers
def test_addresses_made_of_rounded_ids_are_as_rounded(write: Any, path: Path) -> None:
    tweets, rejects, _ = read_rows(write, [record(at, url=address(COLUMN[at])) for at in range(60, 120)], path)
    assert (tweets, len(rejects)) == ([], 60)


@writers
def test_a_conversation_tells_the_id_of_its_first_tweet(write: Any, path: Path) -> None:
    rows = [record(at, conversation_id=IDS[at]) for at in range(120)]
    tweets, rejects, remarks = read_rows(write, rows, path)
    assert ([tweet.tweet_id for tweet in tweets], rejects) == (IDS, [])
    assert remarks[CONVERSATION_TOLD] == sum(map(str.__ne__, IDS, COLUMN))


@writers
def test_conversations_that_were_rounded_too_tell_nothing(write: Any, path: Path) -> None:
    rows = [record(at, conversation_id=COLUMN[at]) for at in range(60, 120)]
    tweets, rejects, remarks = read_rows(write, rows, path)
    assert (tweets, len(rejects), remarks[CONVERSATION_TOLD]) == ([], 60, 0)


def test_answers_confirm_the_id_of_what_they_answer(path: Path) -> None:
    roots = [at for at in range(ROUNDED_FROM) if may_be_rounded(IDS[at])][:5]
    starts = [record(at, conversation_id=IDS[at]) for at in range(ROUNDED_FROM, 110)]
    answers = [record(at, conversation_id=IDS[root]) for at, root in zip(range(110, 115), roots, strict=True)]
    tweets, _, _ = read_rows(
        table, [record(at, conversation_id="") for at in range(ROUNDED_FROM)] + starts + answers, path
    )
    found = {tweet.tweet_id for tweet in tweets}
    assert {IDS[at] for at in roots} <= found
    assert found <= {*IDS}


def statuses(addresses: list[str]) -> list[Object]:
    """Statuses of the API v1.1, to which a program has added addresses."""
    return [
        {
            "id_str": COLUMN[at],
            "full_text": "hi",
            "created_at": time_of(COLUMN[at]),
            "user": {"screen_name": "mara"},
            **({"link": written} if written else {}),
        }
        for at, written in enumerate(addresses)
    ]


arounds = pytest.mark.parametrize("around", [list, lambda found: {"statuses": found}], ids=["a list", "an envelope"])


@arounds
def test_of_other_formats_the_address_in_the_record_confirms(around: Any, path: Path) -> None:
    addresses = [address(identity) if at < ROUNDED_FROM else "" for at, identity in enumerate(IDS)]
    path.write_text(json.dumps(around(statuses(addresses))))
    tweets, rejects, _ = read(path)
    assert [tweet.tweet_id for tweet in tweets] == IDS[:ROUNDED_FROM]
    assert len(rejects) == 60


@arounds
def test_addresses_that_a_program_made_of_rounded_ids_confirm_nothing(around: Any, path: Path) -> None:
    path.write_text(json.dumps(around(statuses([address(written) for written in COLUMN]))))
    tweets, _, _ = read(path)
    assert {tweet.tweet_id for tweet in tweets} <= {*IDS[:ROUNDED_FROM]}


@pytest.mark.parametrize("count", [1, 2])
def test_one_rounded_id_is_repaired_by_its_conversation_without_neighbours(count: int, path: Path) -> None:
    at = next(at for at in range(60, 120) if COLUMN[at] != IDS[at] and not may_be_rounded(IDS[at]))
    rows = [record(each, conversation_id=IDS[each]) for each in range(at, at + count)]
    tweets, _, _ = read_rows(table, rows, path)
    assert tweets[0].tweet_id == IDS[at]


def test_a_conversation_that_javascript_rounded_does_not_replace_a_true_id() -> None:
    true = "989165828490842112"  # of 18 digits, and a float as it is
    printed = "989165828490842110"
    assert float(true) == float(printed)
    assert int(float(true)) == int(true)
    tweet = Tweet(tweet_id=true, created_at=NOW, text="hi", author_handle="mara", conversation_id=printed)
    assert told_by_conversation(tweet) is None


def test_the_address_of_a_photo_confirms(path: Path) -> None:
    rows = [record(at, photo=f"{address(IDS[at])}/photo/1") for at in range(120)]
    tweets, rejects, _ = read_rows(table, rows, path)
    assert ([tweet.tweet_id for tweet in tweets], rejects) == (IDS, [])
