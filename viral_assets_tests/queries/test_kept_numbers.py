"""Kept numbers are those that would be counted, whatever has happened since, on both databases."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.hours import HourRange
from viral_assets.queries import kept_numbers
from viral_assets.queries.kept_numbers import KEPT_DAYS, keep_numbers, numbers_by_day
from viral_assets.queries.packing import read_packs
from viral_assets.queries.packing_model import packs_of
from viral_assets.queries.tally import Tally, of_project
from viral_assets.quota.ledger import Granted, GrantRequest, Settlement
from viral_assets.quota.limits import unlimited
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.export_marks import mark_exported
from viral_assets.store.suggestion_keys import SuggestionKey, in_order
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestions import TweetOutcome, save_outcomes
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    hour_changes,
    hour_numbers,
    llm_requests,
    tweet_scores,
)
from viral_assets.store.tweets import upsert_tweets
from viral_assets.store.windows import replace_window
from viral_assets.upkeep.forget import forget
from viral_assets.upkeep.prune import prune
from viral_assets.upkeep.retention import cutoffs
from viral_assets_tests.delivery.examples import DAY, GENERATED, HOUR, opportunity, request, store, suggestion
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.statements import statements_sent
from viral_assets_tests.store.rows import tweet_row

PROJECTS = ("unplugged", "another")
TYPES = ("add_value", "ask_question")
HOURS = [HOUR - timedelta(hours=hours) for hours in range(3)]
names = count(10**18)


class Changes:
    """What happens to tweets of three hours and two projects, by whoever does it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = SqlLedger(database, "k", unlimited())
        self.tweets = [str(next(names)) for _ in range(6)]
        self.events: list[int] = []

    def hour(self, number: int) -> datetime:
        return HOURS[number % len(HOURS)]

    def key(self, number: int) -> SuggestionKey:
        return SuggestionKey(PROJECTS[number % 2], self.tweets[number], TYPES[number % 2])

    def arrive(self, number: int) -> None:
        row = tweet_row(self.tweets[number], created_at=self.hour(number))
        with self.database.begin() as connection:
            upsert_tweets(connection, [row], project=("*", *PROJECTS)[number % 3])

    def work(self, number: int) -> None:
        """A run over its hour chose it and wrote for it."""
        self.arrive(number)
        view = opportunity(
            tweet_id=self.tweets[number],
            project=PROJECTS[number % 2],
            created_at=self.hour(number),
            topic=f"topic {number % 2}",
            total=number / 6,
            suggestions=tuple(suggestion("A reply.", type_name=name) for name in TYPES),
        )
        with self.database.begin() as connection:
            store(connection, [view], request_id=uuid4().hex)

    def choose_anew(self, number: int) -> None:
        """A run over its hour again leaves it out."""
        hour = HourRange(self.hour(number), self.hour(number) + timedelta(hours=1))
        with self.database.begin() as connection:
            for table in (tweet_scores, comment_opportunities):
                kept = connection.execute(sa.select(table).where(table.c.tweet_id != self.tweets[number])).mappings()
                rows = pd.DataFrame([row for row in kept if row["window_start"] == hour.start], columns=table.c.keys())
                replace_window(connection, table, hour, rows)

    def ask(self, number: int) -> None:
        """A request about it and its neighbours of other hours, and what came of it."""
        tweets = tuple(self.tweets[number % 3 :][: 1 + number])
        of = {"project": PROJECTS[number % 2], "provider": "google-genai", "model": "a-model"}
        asked = GrantRequest(uuid4().hex, "r", tokens=9, cost_usd=0.0, tweet_ids=tweets, claim=False, **of)  # type: ignore[arg-type]
        assert isinstance(self.ledger.ask(asked, remaining=1), Granted)
        cost = None if number == 5 else 0.01 * (number + 1)
        self.ledger.settle(asked.request_id, Settlement("answered", input_tokens=5, cost_usd=cost, raw_answer="-"))
        rows = [
            TweetOutcome(
                PROJECTS[number % 2], tweet, self.hour(self.tweets.index(tweet)), self._written(asked), "done", "", 1
            )
            for tweet in tweets
        ]
        with self.database.begin() as connection:
            save_outcomes(connection, rows, now=GENERATED, provider="google-genai", run_id="run")

    @staticmethod
    def _written(asked: GrantRequest) -> list[dict[str, Any]]:
        of = {"text": "Another.", "weighted_length": 8, "provider": "google-genai", "model": "a-model"}
        return [
            {"suggestion_type": name, "position": at, "request_id": asked.request_id, **of}
            for at, name in enumerate(TYPES)
        ]

    def decide(self, number: int, action: str, **more: Any) -> None:
        version = sa.select(comment_suggestions.c.version).where(
            *(comment_suggestions.c[name] == getattr(self.key(number), name) for name in ("project", "tweet_id")),
            comment_suggestions.c.suggestion_type == self.key(number).suggestion_type,
        )
        with self.database.begin() as connection, suppress(Conflict, NotAllowed):
            found = connection.scalar(version)
            if found is None:
                return
            if action == "export":
                mark_exported(connection, [(*in_order(self.key(number)), found)], who="export", at=GENERATED)
                return
            more = {"who": "anna", "at": GENERATED, "version": found, **more}
            self.events.append(decide(connection, self.key(number), action, **more).event_id)

    def approve(self, number: int) -> None:
        self.decide(number, "approve")

    def reject(self, number: int) -> None:
        self.decide(number, "reject")

    def edit(self, number: int) -> None:
        self.decide(number, "edit", text="Something else.")

    def post(self, number: int) -> None:
        self.decide(number, "post")

    def export(self, number: int) -> None:
        self.decide(number, "export")

    def undo(self, number: int) -> None:
        if self.events:
            with self.database.begin() as connection, suppress(Conflict, NotAllowed):
                undo(connection, self.events[-1 - number % len(self.events)], who="anna", at=GENERATED)

    def forget(self, number: int) -> None:
        forget(self.database, [("tweet", self.tweets[number])], GENERATED)

    def prune(self, number: int) -> None:
        days = {"undecided": 7, "answers": 7}
        prune(self.database, cutoffs(days, self.hour(number) + timedelta(days=7, hours=1)))

    def lose(self, number: int) -> None:
        """Somebody takes rows out by hand."""
        table = (tweet_scores, comment_opportunities, comment_suggestions)[number % 3]
        with self.database.begin() as connection:
            connection.execute(sa.delete(table).where(table.c.tweet_id == self.tweets[number]))

    def correct(self, number: int) -> None:
        """Somebody changes rows by hand."""
        moved = {"window_start": self.hour(number + 1)} if number % 2 else {"suggestion_type": "mirror_reframe"}
        with self.database.begin() as connection:
            of = comment_suggestions.c.tweet_id == self.tweets[number]
            with suppress(sa.exc.IntegrityError), connection.begin_nested():
                connection.execute(sa.update(comment_suggestions).where(of).values(**moved))
            asked = sa.update(llm_requests).values(counted_cost_usd=0.5 if number else None)
            connection.execute(asked.where(llm_requests.c.provider == "google-genai"))

    def keep(self, _number: int) -> None:
        keep_numbers(self.database, DAY)


HAPPENS = (
    *("arrive", "work", "choose_anew", "ask", "approve", "reject", "edit", "post", "export", "undo"),
    *("forget", "prune", "lose", "correct", "keep"),
)


@tried_on(1 / 4, unchecked=SHARED_FIXTURES)
@given(happened=st.lists(st.tuples(st.sampled_from(HAPPENS), st.integers(0, 5)), max_size=8))
def test_what_is_kept_is_what_would_be_counted(database: Database, happened: list[tuple[str, int]]) -> None:
    changes = Changes(database)
    for number in range(4):
        changes.work(number)
        changes.ask(number)
    changes.keep(0)
    for what, number in happened:
        getattr(changes, what)(number)
        assert read(database) == counted(database), what
    changes.keep(0)
    assert read(database) == counted(database)


def test_packs_are_those_of_the_whole_range_however_its_hours_were_counted(database: Database) -> None:
    changes = Changes(database)
    for number in range(6):
        changes.work(number)
        changes.ask(number)
        changes.approve(number)
        changes.edit(number - 1)
    changes.keep(0)
    with database.read() as connection:
        tally = numbers_by_day(connection, DAY)[DAY.start.date()]
        packs = {project: read_packs(connection, DAY.start, DAY.end, project) for project in (None, *PROJECTS)}
        assert {project: packs_of(of_project(tally, project)) for project in packs} == packs
    assert all(each.models for each in packs.values())


def test_what_another_is_about_to_commit_is_counted_afterwards(postgres_database: Database) -> None:
    """Nobody waits for it meanwhile."""
    changes = Changes(postgres_database)
    changes.work(0)
    of = comment_suggestions.c.tweet_id == changes.tweets[0]
    for status in ("rejected", "approved"):
        with postgres_database.begin() as other:
            other.execute(sa.update(comment_suggestions).where(of).values(status=status))
            keep_numbers(postgres_database, DAY)
            assert read(postgres_database) == counted(postgres_database)
        assert read(postgres_database) == counted(postgres_database)
        keep_numbers(postgres_database, DAY)
        assert noted(postgres_database) == 0


def test_notes_of_an_hour_do_not_gather(database: Database) -> None:
    changes = Changes(database)
    for number in range(4):
        changes.work(number)
        for _ in range(5):
            changes.ask(number)
            changes.approve(number)
            changes.undo(0)
    assert noted(database) <= 3 * len(HOURS), "of an hour one about what is counted, one about costs; one of arrivals"


def test_only_what_has_changed_is_counted(database: Database) -> None:
    changes = Changes(database)
    for number in range(4):
        changes.work(number)
        changes.ask(number)
    assert keep_numbers(database, DAY) == 24

    tables = ("comment_suggestions", "comment_opportunities", "tweet_scores", "llm_requests", "FROM tweets")
    with statements_sent(database.engine) as sent:
        before = read(database)
    assert not [each for each in sent if any(name in each.text for name in tables)]

    changes.approve(1)
    with statements_sent(database.engine) as sent:
        assert read(database) != before
    counting = [each for each in sent if any(name in each.text for name in tables)]
    assert counting
    assert all(str(changes.hour(1).hour) in str(each.parameters) for each in counting)
    assert not [each for each in counting if "counted_cost_usd" in each.text], "it cost what it cost"
    assert keep_numbers(database, DAY) == 1
    assert keep_numbers(database, DAY) == 0


def test_what_nobody_asks_for_any_more_is_not_kept(database: Database) -> None:
    changes = Changes(database)
    changes.work(0)
    keep_numbers(database, DAY)
    later = timedelta(days=KEPT_DAYS + 1)
    keep_numbers(database, HourRange(DAY.start + later, DAY.end + later))
    with database.read() as connection:
        oldest = min(connection.scalars(sa.select(hour_numbers.c.window_start)))
    assert oldest == DAY.start + later
    assert read(database) == counted(database)


def test_a_part_at_a_time_is_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_numbers, "HOURS_AT_ONCE", {"counts": 5, "costs": 7})
    changes = Changes(database)
    changes.work(0)
    assert keep_numbers(database, DAY) == 24
    assert keep_numbers(database, DAY) == 0
    assert read(database) == counted(database)


def test_a_request_whose_price_nobody_knows_makes_its_hours_unknown(database: Database) -> None:
    changes = Changes(database)
    changes.work(0)
    keep_numbers(database, DAY)
    with database.begin() as connection:
        connection.execute(sa.insert(llm_requests).values(request("late", [changes.tweets[0]], None)))
    assert "unknown costs" in str(read(database))


def read(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        return rounded(numbers_by_day(connection, DAY)[DAY.start.date()])


def counted(database: Database) -> dict[str, Any]:
    """What there would be if nothing were kept."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.delete(hour_numbers))
        found = rounded(numbers_by_day(connection, DAY)[DAY.start.date()])
        transaction.rollback()
    return found


def rounded(tally: Tally) -> dict[str, Any]:
    """Parts of a dollar, added up in another order, differ by less."""
    return {key: round(number, 9) for key, number in tally.items()}


def noted(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(hour_changes)) or 0
