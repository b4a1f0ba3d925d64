"""What posted replies brought, on both databases: like with like, and nothing that looks surer than it is."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.hours import HourRange
from viral_assets.queries.funnel import funnel_report
from viral_assets.queries.order_statistics import FEWEST, median
from viral_assets.queries.reply_numbers import ReplyNumbers, reply_numbers
from viral_assets.store.engine import Database
from viral_assets.store.posted_replies import COUNTS, save_replies, save_snapshots
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.delivery.examples import DAY, HOUR, opportunity, store, suggestion

POSTED_AT = HOUR + timedelta(minutes=30)


def reply(database: Database, number: int, *looks: tuple[float, dict[str, Any]], **changes: Any) -> None:
    """A posted reply, and what it had brought so many hours later."""
    status = changes.pop("status", "posted")
    view = opportunity(
        tweet_id=str(number), suggestions=(suggestion("Text.", status=status, decided_at=HOUR),), **changes
    )
    key = {"project": view.project, "tweet_id": view.tweet_id}
    told = {"posted_at": POSTED_AT, "text": "", "found_by": "same_text", "noted_at": POSTED_AT, "gone_at": None}
    with database.begin() as connection:
        store(connection, [view])
        save_replies(connection, [{**key, "reply_id": f"9{number}", "suggestion_type": "add_value", **told}])
        rows = [
            {
                **dict.fromkeys((*COUNTS, "author_answered")),
                "reply_id": f"9{number}",
                "tweet_id": view.tweet_id,
                "collected_at": POSTED_AT + timedelta(hours=hours),
                "source": f"s{at}",
                **known,
            }
            for at, (hours, known) in enumerate(looks)
        ]
        save_snapshots(connection, rows)


def read(database: Database, project: str | None = None, hours: HourRange = DAY) -> ReplyNumbers:
    with database.read() as connection:
        total = funnel_report(connection, project=project, days=1, now=hours.start).total
        return reply_numbers(connection, hours, project, posted=total.posted_suggestions)


def test_the_last_counts_from_a_day_after_on_count_and_what_nobody_knows_does_not(database: Database) -> None:
    for number in range(7):
        reply(
            database,
            number,
            (1, {"view_count": 5, "author_answered": True if number == 0 else None}),
            (25, {"view_count": 100 + number, "like_count": 0 if number < 2 else None}),
            (80, {"view_count": 200 + number, "author_answered": False if number == 1 else None}),
        )
    reply(database, 50, (3, {"view_count": 9_999}))
    reply(database, 51)
    reply(database, 52, (30, {"view_count": 9_999}), status="approved")
    found = read(database)
    assert (found.posted, found.found, found.young, found.counted) == (9, 9, 2, 7)
    (group,) = found.groups["All"]
    views, likes = group.medians["view_count"], group.medians["like_count"]
    assert (views.count, views.middle, views.low, views.high) == (7, 203, 200, 206)
    assert (likes.count, likes.middle, likes.missing) == (2, None, FEWEST - 2)
    assert group.medians["reply_count"].count == 0
    assert (group.answered, group.answered_known) == (1, 2)


def test_replies_are_grouped_by_kind_topic_score_and_hour(database: Database) -> None:
    reply(database, 1, (30, {"view_count": 1}), topic="Kids and phones", total=0.784)
    reply(database, 2, (30, {"view_count": 2}), topic="Sleep", total=1.0)
    groups = read(database).groups
    assert {title: [group.name for group in some] for title, some in groups.items()} == {
        "All": ["All replies"],
        "Suggestion type": ["Add value"],
        "Topic": ["Kids and phones", "Sleep"],
        "Score": ["0.7 to 0.8", "0.9 to 1.0"],
        "Hour of posting (UTC)": ["20:00 to 24:00"],
    }


def test_other_projects_other_days_and_what_was_reopened_do_not_count(database: Database) -> None:
    reply(database, 1, (30, {"view_count": 1}))
    assert read(database, "unplugged").counted == 1
    assert read(database, "another") == ReplyNumbers()
    assert read(database, hours=HourRange(DAY.end, DAY.end + timedelta(days=1))) == ReplyNumbers()
    with database.begin() as connection:
        connection.execute(sa.update(comment_suggestions).values(status="pending"))
    assert read(database) == ReplyNumbers()


@pytest.mark.parametrize(
    ("count", "low", "high"), [(5, None, None), (6, 1, 6), (8, 1, 8), (9, 2, 8), (20, 6, 15), (100, 40, 61)]
)
def test_the_interval_is_that_of_the_tables(count: int, low: int | None, high: int | None) -> None:
    """Conover's, table A3, and the interval's own formula."""
    found = median(range(1, count + 1))
    assert (found.low, found.high) == (low, high)


@given(st.integers(FEWEST, 400))
def test_the_interval_is_as_sure_as_it_says_and_no_wider(count: int) -> None:
    k = int(median(range(1, count + 1)).low or 0)

    def outside(fewer: int) -> float:
        return sum(math.comb(count, each) for each in range(fewer)) / 2.0 ** (count - 1)

    assert outside(k) <= 0.05 < outside(k + 1)


@given(st.lists(st.integers(0, 10**6), min_size=FEWEST, max_size=5_000))
def test_the_middle_lies_within_whatever_the_values(values: list[int]) -> None:
    found = median(values)
    assert found.middle is not None
    assert min(values) <= (found.low or 0) <= found.middle <= (found.high or 0) <= max(values)
