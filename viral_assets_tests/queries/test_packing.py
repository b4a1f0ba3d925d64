"""Decisions are counted for the request that wrote what was decided about, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.queries.intervals import Z_95, students, wilson
from viral_assets.queries.packing import read_packs
from viral_assets.queries.packing_model import (
    LEAST_DECIDED,
    LEAST_REQUESTS,
    SIZES,
    THIRDS,
    DecisionSums,
    ModelPacks,
    PackRate,
    PackReport,
)
from viral_assets.store.conditions import of_hours
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.delivery.examples import HOUR, opportunity, request, store, suggestion

MODEL = "gemini-2.5-flash-lite"
SINCE = HOUR - timedelta(days=10)


def wrote(connection: sa.Connection, request_id: str, decided: dict[str, Sequence[str]], **changes: Any) -> None:
    """A request about these tweets, in this order, and the statuses of what it wrote for each."""
    ledger_row = {name: changes.pop(name) for name in ("model_version",) if name in changes}
    for tweet_id, statuses in decided.items():
        texts = [
            suggestion(f"Text {tweet_id} {number}", status=status, type_name=f"type_{number}", **changes)
            for number, status in enumerate(statuses)
        ]
        store(connection, [opportunity(tweet_id=tweet_id, suggestions=tuple(texts))], request_id=request_id)
    connection.execute(sa.insert(llm_requests), [{**request(request_id, list(decided), 0.01), **ledger_row}])


def read(database: Database, **arguments: Any) -> PackReport:
    with database.read() as connection:
        return read_packs(connection, SINCE, None, **arguments)


def sizes(report: PackReport) -> dict[str, dict[str, tuple[int, int]]]:
    """By model and size: approved and decided."""
    return {
        each.model: {group.name: (judged.approved, judged.decided) for group, judged in each.by_size.items()}
        for each in report.models
    }


def test_each_decision_counts_for_the_size_of_its_request(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "alone", {"1": ["approved", "rejected"]})
        wrote(connection, "two", {"2": ["posted"], "3": ["rejected"]})
        wrote(connection, "three", {"4": ["approved"], "5": ["edited"], "6": ["pending"]})
        wrote(connection, "seven", {str(10 + n): ["rejected"] for n in range(7)})
        wrote(connection, "eleven", {str(20 + n): ["approved"] for n in range(11)})
    report = read(database)
    assert sizes(report) == {MODEL: {"1": (1, 2), "2 to 3": (3, 4), "7 to 10": (0, 7), "11 or more": (11, 11)}}
    two_to_three = report.models[0].by_size[SIZES[1]]
    assert two_to_three == DecisionSums(
        requests=2,
        approved=3,
        decided=4,
        edited=0,
        largest=3,
        approved_squared=1 + 4,
        approved_times_decided=2 + 4,
        decided_squared=4 + 4,
    )
    assert report.unknown == 0


def test_a_text_that_a_person_changed_is_approved_and_counted_as_edited(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "alone", {"1": ["edited"], "2": ["posted"], "3": ["approved"], "4": ["rejected"]})
        changed = sa.update(comment_suggestions).where(comment_suggestions.c.tweet_id.in_(["1", "2", "4"]))
        connection.execute(changed.values(original_text="What the model wrote"))
    (model,) = read(database).models
    assert (model.total.approved, model.total.edited, model.total.rejected) == (3, 2, 1)


def test_a_text_that_another_request_revised_says_nothing_about_the_first_one(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "alone", {"1": ["approved"], "2": ["approved"]})
        revised = sa.update(comment_suggestions).where(comment_suggestions.c.tweet_id == "1")
        connection.execute(revised.values(original_text="What the model wrote", revised_text="As it was asked for"))
    (model,) = read(database).models
    assert model.total.decided == 1


def test_what_nobody_decided_and_what_no_model_wrote_do_not_count(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "open", {"1": ["pending", "exported"]})
        wrote(connection, "draft", {"2": ["approved"]}, provider="offline", model="offline")
    assert read(database) == PackReport()


def test_a_tweet_that_was_asked_about_again_counts_for_the_request_that_wrote_each_suggestion(
    database: Database,
) -> None:
    with database.begin() as connection:
        wrote(
            connection,
            "first",
            {"1": ["approved"], "2": ["approved"], "3": ["approved"], "4": ["approved", "rejected"]},
        )
        connection.execute(sa.insert(llm_requests), [request("again", ["4"], 0.01)])
        second = (comment_suggestions.c.tweet_id == "4", comment_suggestions.c.suggestion_type == "type_1")
        connection.execute(sa.update(comment_suggestions).where(*second).values(request_id="again"))
        twice = sa.update(generation_outcomes).where(generation_outcomes.c.tweet_id == "4")
        connection.execute(twice.values(attempts=2))
    assert sizes(read(database)) == {MODEL: {"1": (0, 1), "4 to 6": (4, 4)}}
    assert sizes(read(database, asked_once=True)) == {MODEL: {"4 to 6": (3, 3)}}


def test_a_request_that_the_ledger_does_not_know_is_unknown_and_not_small(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "known", {"1": ["approved"]})
        store(connection, [opportunity(tweet_id="2", suggestions=(suggestion("Old", status="rejected"),))])
    report = read(database)
    assert sizes(report) == {MODEL: {"1": (1, 1)}}
    assert report.unknown == 1


def test_models_are_kept_apart_by_the_one_that_answered(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "asked", {"1": ["approved"]})
        wrote(connection, "rerouted", {"2": ["rejected", "rejected"]}, model_version="gemini-3.5-flash-lite")
    assert sizes(read(database)) == {"gemini-3.5-flash-lite": {"1": (0, 2)}, MODEL: {"1": (1, 1)}}


def test_places_are_thirds_of_the_order_in_which_the_request_names_its_tweets(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "seven", {str(70 - n): [("approved", "rejected")[n > 4]] * 2 for n in range(7)})
        wrote(connection, "three", {"3": ["approved"], "2": ["pending"], "1": ["rejected"]})
        wrote(connection, "two", {"8": ["approved"], "9": ["approved"]})
    (model,) = read(database).models
    counts = {name: (judged.requests, judged.approved, judged.decided) for name, judged in model.by_third.items()}
    assert counts == {THIRDS[0]: (2, 7, 7), THIRDS[1]: (1, 4, 4), THIRDS[2]: (2, 0, 5)}
    assert model.by_third[THIRDS[0]].decided_squared == 6**2 + 1


def test_only_the_hours_and_the_project_that_were_asked_for(database: Database) -> None:
    with database.begin() as connection:
        wrote(connection, "alone", {"1": ["approved"]})
    with database.read() as connection:
        hour = HOUR + timedelta(hours=1)
        assert sizes(read_packs(connection, HOUR, hour, "unplugged")) == {MODEL: {"1": (1, 1)}}
        assert read_packs(connection, hour, None) == PackReport()
        assert read_packs(connection, HOUR - timedelta(hours=3), HOUR) == PackReport()
        assert read_packs(connection, HOUR, hour, "another") == PackReport()


def test_sqlite_finds_the_decisions_by_their_hours_and_their_requests_by_key(sqlite_database: Database) -> None:
    from viral_assets.hours import HourRange
    from viral_assets.queries import packing, spending

    hours = HourRange(HOUR, HOUR + timedelta(hours=1))
    with sqlite_database.read() as connection:
        conditions = packing._decided(of_hours(comment_suggestions, list(hours)), asked_once=True)
        for query in (
            sa.select(packing._by_size(conditions)),
            sa.select(packing._by_third(connection, conditions)),
            spending._answers(connection, hours, None),
        ):
            text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
            stored = [step for step in plan if any(t.name in step for t in (comment_suggestions, llm_requests))]
            assert stored
            assert [step for step in stored if not step.startswith("SEARCH") or "AUTOMATIC" in step] == []
            assert not any("status_project_tweet_id" in step for step in stored)


def judged(requests: int, each: int, approved: int, *, alike: bool = False) -> DecisionSums:
    """Requests of ``each`` suggestions, ``approved`` of them in all: spread evenly, or all of some requests."""
    full, rest = divmod(approved, each)
    even, more = divmod(approved, requests)
    counts = (
        [each] * full + ([rest] if rest else []) + [0] * (requests - full - bool(rest))
        if alike
        else [even + 1] * more + [even] * (requests - more)
    )
    return DecisionSums(
        requests,
        approved,
        requests * each,
        0,
        each,
        sum(count**2 for count in counts),
        sum(count * each for count in counts),
        requests * each**2,
    )


def test_suggestions_that_go_together_are_worth_fewer_decisions() -> None:
    apart, together = PackRate("", judged(20, 10, 100)), PackRate("", judged(20, 10, 100, alike=True))
    assert apart.judged.effective == 200
    # 20 requests, each all or nothing, are 20 decisions but for what the mean takes.
    assert together.judged.effective == pytest.approx(19)
    assert together.high - together.low > 2 * (apart.high - apart.low)


@given(st.integers(2, 200), st.integers(1, 20), st.data())
def test_the_interval_holds_the_share_and_is_never_narrower_than_that_of_independent_decisions(
    requests: int, each: int, data: st.DataObject
) -> None:
    approved = data.draw(st.integers(0, requests * each))
    rate = PackRate("", judged(requests, each, approved, alike=data.draw(st.booleans())))
    low, high = wilson(approved, rate.decided)
    assert 0 <= rate.low <= low + 1e-9
    assert high - 1e-9 <= rate.high <= 1
    assert rate.low - 1e-9 <= approved / rate.decided <= rate.high + 1e-9


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (judged(LEAST_REQUESTS, 4, 12), ""),
        (judged(LEAST_REQUESTS, 3, 12), f"{LEAST_DECIDED - 30} more decisions"),
        (judged(9, 5, 12), "1 more request"),
        (DecisionSums(1, 1, 1, 0, 1, 1, 1, 1), "39 more decisions and 9 more requests"),
        (DecisionSums(), "40 more decisions and 10 more requests"),
    ],
)
def test_few_decisions_give_no_share_but_how_many_more_it_takes(found: DecisionSums, missing: str) -> None:
    rate = PackRate("1", found)
    assert rate.missing == missing
    assert (rate.share is None) == bool(missing)
    assert 0 <= rate.low <= rate.high <= 1


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_every_size_is_in_one_group_and_sums_are_those_of_all(tweets: list[int]) -> None:
    for count in tweets:
        assert sum(group.least <= count <= (group.most or count) for group in SIZES) == 1
    parts = [DecisionSums(1, 1, count, 0, count, 1, count, count**2) for count in tweets]
    added = sum(parts, DecisionSums())
    assert (added.requests, added.decided, added.largest) == (len(tweets), sum(tweets), max(tweets))
    assert ModelPacks("m", {SIZES[0]: added}, {}).total == added


def test_with_few_requests_the_normal_quantile_is_widened_as_students_is() -> None:
    # From printed tables of the 97.5 % quantile.
    assert [students(Z_95, freedom) for freedom in (5, 9, 29, 1_000_000)] == pytest.approx(
        [2.571, 2.262, 2.045, 1.960], rel=0.01
    )
