"""What replies gathered in an hour of their first day, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.queries.reply_rates import ReplyRate, an_hour, read_rates
from viral_assets.store.bulk import upsert
from viral_assets.store.engine import Database
from viral_assets.store.tables import tweet_scores
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.delivery.examples import HOUR
from viral_assets_tests.queries.test_reply_numbers import POSTED_AT, reply


@pytest.mark.parametrize(
    ("looks", "rate"),
    [
        ([(24, 240)], 10),
        ([(1, 40), (24, 240), (72, 900)], 10),
        ([(12, 120), (36, 360)], 10),
        ([(48, 480)], 10),
        ([(1, 40), (49, 480)], None),
        ([(1, 40), (23.9, 200)], None),
        ([], None),
        ([(24, 0)], 0),
        ([(-1, 0), (24, 240)], 10),
    ],
)
def test_a_rate_is_that_of_the_first_day(looks: list[tuple[float, int]], rate: float | None) -> None:
    found = an_hour(POSTED_AT, [(POSTED_AT + timedelta(hours=hours), count) for hours, count in looks])
    assert found == (None if rate is None else pytest.approx(rate))


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 1_000)), max_size=6))
def test_a_rate_lies_between_the_looks_around_a_day(looks: list[tuple[float, int]]) -> None:
    ordered = [(POSTED_AT + timedelta(hours=hours), count) for hours, count in sorted(looks)]
    rate = an_hour(POSTED_AT, ordered)
    if rate is not None:
        assert 0 <= rate <= max(count for _, count in ordered) / 24 + 1e-9


def scored(database: Database, project: str, *numbers: int) -> None:
    known = dict.fromkeys(COMPONENTS, 0.5)
    rows = [
        {
            "project": project,
            "tweet_id": str(number),
            "window_start": HOUR,
            "total": 0.5,
            "label": "green",
            "topic": "Sleep",
            "gate": "pass",
            "why": "",
            **known,
        }
        for number in numbers
    ]
    with database.begin() as connection:
        upsert(connection, tweet_scores, rows)


def read(database: Database, project: str) -> list[ReplyRate]:
    with database.read() as connection:
        return read_rates(connection, project, HOUR - timedelta(days=1))


def test_each_reply_comes_with_the_scores_of_its_tweet_and_what_nobody_saw_is_none(database: Database) -> None:
    reply(database, 1, (1, {"view_count": 30, "like_count": 1}), (24, {"view_count": 240, "like_count": None}))
    reply(database, 2, (25, {"view_count": None, "like_count": 24}))
    reply(database, 3, (30, {"view_count": 9_999}), status="approved")
    scored(database, "unplugged", 1, 2, 3)
    found = {each.tweet_id: each for each in read(database, "unplugged")}
    assert set(found) == {"1", "2"}, "the third is not posted any more"
    assert found["1"].components == (0.5, 0.5, 0.5, 0.5)
    assert found["1"].an_hour == {"view_count": pytest.approx(10), "like_count": None}
    assert found["2"].an_hour == {"view_count": None, "like_count": pytest.approx(24 / 25)}
    assert read(database, "nobody") == []
