"""The numbers are those of the tables, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import ConfigurationError
from viral_assets.queries.funnel import funnel_report
from viral_assets.queries.funnel_model import Funnel, NumbersReport, Rate
from viral_assets.queries.intervals import wilson
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.quota.limits import Limits
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, llm_requests, quota_days, tweet_projects
from viral_assets_tests.delivery.examples import HOUR, opportunity, request, store, suggestion
from viral_assets_tests.statements import plan_of, statements_sent

NOW = datetime(2026, 11, 21, 21, 4, tzinfo=UTC)
TODAY = NOW.date()


def of_statuses(number: int, *statuses: str, day: int = 0, **changes: Any) -> OpportunityView:
    """An opportunity of ``day`` days ago with a suggestion of each status."""
    texts = [
        suggestion(f"Text {number} {position}", status=status, type_name=f"type_{position}")
        for position, status in enumerate(statuses)
    ]
    created = HOUR + timedelta(minutes=5) - timedelta(days=day)
    return opportunity(tweet_id=str(1000 + number), created_at=created, suggestions=tuple(texts), **changes)


def counted(database: Database, views: list[OpportunityView], **arguments: Any) -> NumbersReport:
    with database.begin() as connection:
        store(connection, views)
    return read(database, **arguments)


def read(database: Database, **arguments: Any) -> NumbersReport:
    with database.read() as connection:
        return funnel_report(connection, **{"project": None, "days": 3, "now": NOW, **arguments})


def test_every_stage_of_a_day_is_counted(database: Database) -> None:
    numbers = counted(
        database,
        [
            of_statuses(1, "posted", "rejected"),
            of_statuses(2, "rejected", "rejected"),
            of_statuses(3, "pending", "rejected"),
            of_statuses(4, "edited", day=2),
            of_statuses(5, "approved", day=3),
            of_statuses(6),
        ],
    )
    assert numbers.by_day == {
        date(2026, 11, 19): Funnel(1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0),
        date(2026, 11, 20): Funnel(),
        TODAY: Funnel(4, 4, 4, 3, 1, 1, 1, 6, 1, 4, 1),
    }
    assert numbers.total.approval == Rate("approved", 2, 3)
    assert numbers.projects == ("unplugged",)


def test_an_export_is_an_approval_only_where_somebody_had_decided(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [of_statuses(1, "exported"), of_statuses(2, "exported")])
        decided = sa.update(comment_suggestions).where(comment_suggestions.c.tweet_id == "1002")
        connection.execute(decided.values(decided_at=NOW))
    numbers = read(database)
    assert (numbers.total.approved, numbers.total.decided) == (1, 1)
    assert numbers.by_type == (Rate("type_0", 1, 1),)


def test_rates_are_of_tweets_by_topic_and_score_and_of_suggestions_by_type(database: Database) -> None:
    numbers = counted(
        database,
        [
            of_statuses(1, "approved", "rejected", topic="sleep", total=0.4),
            of_statuses(2, "rejected", "rejected", topic="sleep", total=0.6999),
            of_statuses(3, "rejected", "posted", topic="phones", total=0.7),
            of_statuses(4, "pending", "rejected", topic="phones", total=1.0),
        ],
    )
    assert numbers.by_topic == (Rate("sleep", 1, 2), Rate("phones", 1, 1))
    assert numbers.by_band == (Rate("0.4 to 0.5", 1, 1), Rate("0.6 to 0.7", 0, 1), Rate("0.7 to 0.8", 1, 1))
    assert numbers.by_type == (Rate("type_1", 1, 4), Rate("type_0", 1, 3))


def test_a_packed_request_is_shared_out_by_tweets_over_days_and_projects(database: Database) -> None:
    with database.begin() as connection:
        store(
            connection, [of_statuses(1, "posted", "pending"), of_statuses(2, "posted", day=1), of_statuses(3, "posted")]
        )
        connection.execute(sa.insert(llm_requests), [request("r1", ["1001", "1002", "1003", "gone"], 0.04)])
    numbers = read(database)
    assert {each.day: each.cost_usd for each in numbers.days} == pytest.approx(
        {date(2026, 11, 19): 0.0, date(2026, 11, 20): 0.01, TODAY: 0.02}
    )
    assert numbers.cost_per_posted_usd == pytest.approx(0.01)


def test_what_was_replaced_was_paid_for_all_the_same(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [of_statuses(1, "pending"), of_statuses(2, "pending"), of_statuses(3)])
        connection.execute(
            sa.insert(llm_requests),
            [
                request("before", ["1001", "1002"], 0.04),
                request("r1", ["1001", "1002"], 0.02),
                request("refused by the filter", ["1003"], 0.01),
                {**request("not read", ["1001"], 0.5), "status": "failed"},
            ],
        )
    assert read(database).cost_usd == pytest.approx(0.07)
    assert read(database, project="another").cost_usd == 0


def test_an_unknown_price_is_unknown_and_what_nobody_wrote_is_free(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [of_statuses(1, "posted", day=1)])
        connection.execute(sa.insert(llm_requests), [request("r1", ["1001"], None)])
        offline = of_statuses(2, "posted")
        store(connection, [replace(offline, suggestions=(replace(offline.suggestions[0], provider="offline"),))])
    numbers = read(database)
    assert {each.day: each.cost_usd for each in numbers.days if each.funnel.posted} == {
        date(2026, 11, 20): None,
        TODAY: 0,
    }
    assert numbers.cost_usd is None
    assert numbers.cost_per_posted_usd is None


def test_a_tweet_for_every_project_counts_once_for_each(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [of_statuses(1, "pending"), of_statuses(2, "pending", project="garden"), of_statuses(3)])
        extra = [{"tweet_id": tweet_id, "project": "*"} for tweet_id in ("1001", "1003")]
        connection.execute(sa.insert(tweet_projects), extra)
    numbers = read(database)
    assert {name: funnel.tweets for name, funnel in numbers.by_project.items()} == {"garden": 3, "unplugged": 2}
    assert read(database, project="garden").total.tweets == 3
    assert read(database, project="garden").projects == ("garden",)


def test_tweets_for_every_project_belong_to_those_that_are_worked_on(database: Database) -> None:
    with database.begin() as connection:
        store(connection, [of_statuses(1, "pending"), of_statuses(2)])
        connection.execute(sa.update(tweet_projects).values(project="*"))
    assert {name: funnel.tweets for name, funnel in read(database).by_project.items()} == {"unplugged": 2}
    assert read(database, project="other").by_project == {"other": Funnel(tweets=2)}


@pytest.mark.parametrize("named", [[], ["1001"], ["1001", "1002"]], ids=["for all", "for both", "for one"])
def test_where_there_is_one_project_nobody_looks_for_whom_each_tweet_came(
    sqlite_database: Database, named: list[str]
) -> None:
    with sqlite_database.begin() as connection:
        store(connection, [of_statuses(1, "pending"), of_statuses(2)])
        connection.execute(sa.update(tweet_projects).where(tweet_projects.c.tweet_id.not_in(named)).values(project="*"))
    with sqlite_database.read() as connection:
        with statements_sent(connection) as sent:
            assert funnel_report(connection, project=None, days=14, now=NOW).total.tweets == 2
        looked_up = [each for each in sent if "tweet_projects" in each.text]
        assert len(looked_up) == 1 + bool(named), "the names, each once, and that there is no other"
        assert all("USING COVERING INDEX ix_tweet_projects_named" in step for step in plan_of(connection, looked_up))


def test_decisions_come_in_a_row_for_each_hour_and_its_topics_and_bands(sqlite_database: Database) -> None:
    """However many tweets there are: of each of two hours, whose tweets are of one topic in one band."""
    some = [of_statuses(n, "approved", day=n % 2, topic="sleep", total=0.45 + n % 2 / 10) for n in range(40)]
    with sqlite_database.begin() as connection:
        store(connection, some)
    with sqlite_database.read() as connection:
        with statements_sent(connection) as sent:
            numbers = funnel_report(connection, project=None, days=14, now=NOW)
        ((statement, parameters),) = [each for each in sent if "GROUP BY each_tweet" in each.text]
        assert len(connection.exec_driver_sql(statement, parameters).all()) == 4
    assert numbers.total.approval == Rate("approved", 40, 40)
    assert numbers.by_band == (Rate("0.4 to 0.5", 20, 20), Rate("0.5 to 0.6", 20, 20))


def test_days_without_anything_are_there_and_an_empty_database_has_numbers_too(database: Database) -> None:
    empty = read(database, days=366)
    assert (empty.total, empty.days, empty.cost_per_posted_usd, len(empty.quota)) == (Funnel(), (), None, 366)
    named = read(database, project="x'; DROP TABLE tweets; --", days=2)
    assert [each.funnel for each in named.days] == [Funnel(), Funnel()]
    assert named.cost_usd == 0


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_number_of_days_that_makes_no_sense_is_refused(sqlite_database: Database, days: int) -> None:
    with pytest.raises(ConfigurationError, match="1 to 366 days"):
        read(sqlite_database, days=days)


def test_days_of_the_quota_are_pacific_and_of_all_keys(database: Database) -> None:
    rows = [("a", "2026-11-21", 7), ("b", "2026-11-21", 5), ("offline", "2026-11-21", 99), ("a", "2026-11-18", 1)]
    with database.begin() as connection:
        connection.execute(
            sa.insert(quota_days),
            [
                {"quota_key": key, "day": day, "requests": n, "tokens": 10 * n, "cost_usd": n / 10}
                for key, day, n in rows
            ],
        )
    # In California it is still the 21st.
    numbers = read(database, now=datetime(2026, 11, 22, 5, tzinfo=UTC), limits=Limits(requests_per_day=10))
    assert [(each.day.day, each.requests, each.requests_of_busiest) for each in numbers.quota] == [
        (19, 0, 0),
        (20, 0, 0),
        (21, 12, 7),
    ]
    assert numbers.quota[-1].cost_usd == pytest.approx(1.2)
    assert numbers.last == date(2026, 11, 22)


def test_what_cheaper_tiers_spared_is_added_up_by_day(database: Database) -> None:
    today = NOW.date().isoformat()
    day = {"day": today, "requests": 1, "tokens": 10, "cost_usd": 0.5}
    with database.begin() as connection:
        connection.execute(sa.insert(quota_days), [{**day, "quota_key": "a", "spared_usd": 0.5}])
        connection.execute(sa.insert(quota_days), [{**day, "quota_key": "b"}])
    last = read(database).quota[-1]
    assert (last.cost_usd, last.spared_usd) == (1.0, 0.5)


def test_requests_for_embeddings_have_a_quota_of_their_own_and_cost_what_they_cost(database: Database) -> None:
    day = {"day": "2026-11-21", "tokens": 10}
    with database.begin() as connection:
        connection.execute(
            sa.insert(quota_days),
            [
                {**day, "quota_key": "gemini:a", "requests": 3, "cost_usd": 0.5},
                {**day, "quota_key": "gemini:a/gemini-embedding-001", "requests": 90, "cost_usd": 0.25},
            ],
        )
    (*_, today) = read(database, now=datetime(2026, 11, 22, 5, tzinfo=UTC)).quota
    assert (today.requests, today.requests_of_busiest, today.tokens, today.cost_usd) == (3, 3, 10, 0.75)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_its_share_and_narrows_with_more_decisions(successes: int, others: int) -> None:
    trials = successes + others
    low, high = wilson(successes, trials)
    assert 0 <= low <= high <= 1
    if trials:
        assert low <= successes / trials <= high
        more_low, more_high = wilson(4 * successes, 4 * trials)
        assert more_high - more_low < high - low


def test_one_of_one_is_not_certain() -> None:
    low, high = wilson(1, 1)
    assert low == pytest.approx(0.2065, abs=1e-4)
    assert high == 1
    assert wilson(0, 0) == (0, 1)
    with pytest.raises(ValueError, match="no share"):
        wilson(2, 1)
