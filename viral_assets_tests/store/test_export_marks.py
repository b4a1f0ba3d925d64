"""Marks of an export, made by the database. With the file they belong to: ``delivery/test_export_run.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.safety.flag import Flag
from viral_assets.store import export_marks
from viral_assets.store.decision_undo import undo_batch
from viral_assets.store.decisions import decide, decide_many
from viral_assets.store.engine import Database
from viral_assets.store.export_marks import HandedOver, mark_exported
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey, in_order
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.vocabulary import EXPORT, STATUSES
from viral_assets_tests.delivery.examples import GENERATED, opportunity, store, suggestion
from viral_assets_tests.statements import plan_of, statements_sent

AT = datetime(2026, 11, 21, 21, 4, tzinfo=UTC)
PROJECT = "unplugged"


def filled(database: Database, count: int) -> list[SuggestionKey]:
    """A suggestion for each of so many tweets, in the order of the keys."""
    ids = [f"{10**18 + number}" for number in range(count)]
    with database.begin() as connection:
        store(connection, [opportunity(tweet_id=each, suggestions=(suggestion(f"About {each}."),)) for each in ids])
    return [SuggestionKey(PROJECT, each, suggestion("").type_name) for each in ids]


def mark(database: Database, some: Sequence[tuple[SuggestionKey, int]]) -> tuple[int, list[SuggestionKey]]:
    with database.begin() as connection:
        return mark_exported(connection, handed_over(some), who="export", at=AT, reason="to a file")


def handed_over(some: Iterable[tuple[SuggestionKey, int]]) -> list[HandedOver]:
    return [(*in_order(key), version) for key, version in some]


def rows_of(database: Database, table: sa.Table, *by: str) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(sa.select(*(table.c[name] for name in by)).order_by(table.c.tweet_id)))


def test_all_in_one_go_whatever_the_order_and_however_many_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_marks, "BATCH", 3)
    keys = filled(database, 8)
    assert mark(database, [(key, 0) for key in reversed(keys)]) == (8, [])
    assert rows_of(database, comment_suggestions, "status", "version") == [("exported", 1)] * 8
    events = rows_of(database, suggestion_events, "id", "batch", "from_status", "to_text", "version", "reason", "at")
    assert [event.id for event in events] == sorted(event.id for event in events)
    assert {event.batch for event in events} == {events[0].id}
    assert [event.to_text for event in events] == [f"About {key.tweet_id}." for key in keys]
    assert {(event.from_status, event.version, event.reason, event.at) for event in events} == {
        ("pending", 1, "to a file", AT)
    }


def test_what_has_changed_or_is_over_is_left_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_marks, "BATCH", 2)
    keys = filled(database, 5)
    with database.begin() as connection:
        decide(connection, keys[0], "approve", who="anna", at=AT, version=0)
        decide(connection, keys[1], "reject", who="anna", at=AT, version=0)
        decide(connection, keys[3], "approve", who="anna", at=AT, version=0)
    gone = SuggestionKey(PROJECT, "2", "none")
    # The first batch has nothing to mark: the first one marked gives the go its number all the same.
    versions = [(keys[0], 0), (keys[1], 1), (keys[2], 0), (keys[3], 1), (keys[4], 0), (gone, 0)]
    assert mark(database, versions) == (3, [keys[0], keys[1], gone])
    statuses = [row.status for row in rows_of(database, comment_suggestions, "status")]
    assert statuses == ["approved", "rejected", "exported", "exported", "exported"]
    with database.read() as connection:
        marks = connection.execute(
            sa.select(suggestion_events).where(suggestion_events.c.action == "export").order_by(suggestion_events.c.id)
        ).all()
    assert [(event.tweet_id, event.from_status) for event in marks] == [
        (keys[2].tweet_id, "pending"),
        (keys[3].tweet_id, "approved"),
        (keys[4].tweet_id, "pending"),
    ]
    assert {event.batch for event in marks} == {marks[0].id}
    assert (marks[1].from_decided_by, marks[1].from_decided_at) == ("anna", AT)

    with database.begin() as connection:
        undone, left = undo_batch(connection, marks[0].batch, who="anna", at=AT + timedelta(minutes=1))
    assert ({each.key for each in undone}, left) == ({keys[2], keys[3], keys[4]}, [])


def test_suggestions_are_found_by_their_keys_and_none_comes_over_the_wire(sqlite_database: Database) -> None:
    keys = filled(sqlite_database, 20)
    with statements_sent(sqlite_database.engine) as sent:
        mark(sqlite_database, [(key, 0) for key in keys])
    about = [each for each in sent if "comment_suggestions" in each.text]
    assert [each.text.split()[0] for each in about] == ["INSERT", "UPDATE"]
    with sqlite_database.begin() as connection:
        for each in about:
            found = [step for step in plan_of(connection, [each]) if "comment_suggestions" in step]
            assert found
            assert all(
                line.startswith("SEARCH") and "(project=? AND tweet_id=? AND suggestion_type=?)" in line
                for line in found
            )


@pytest.mark.parametrize(
    "second", [NOWHERE, SecondApproval(every=True), SecondApproval(frozenset({"demo"}))], ids=["one", "two", "two here"]
)
def test_it_is_what_decisions_would_do(database: Database, now: datetime, second: SecondApproval) -> None:
    """In every status, decided about or not, of flagged tweets and others, in both projects, changed since or not."""
    cases = list(product(("demo", "other"), (True, False), STATUSES, (True, False)))
    with database.begin() as connection:
        store(connection, [_tweet(number, *case) for number, case in enumerate(cases)])
    keys = [
        (SuggestionKey(project, f"{number}", "add_value"), version)
        for number, (project, *_) in enumerate(cases)
        for version in ([0] if number % 5 else [1])
    ]
    keys.append((SuggestionKey("demo", "gone", "add_value"), 0))

    def state(connection: sa.Connection) -> list[dict[str, Any]]:
        events = suggestion_events.c
        # Which numbers events have says nothing, but that they are in order and of one batch.
        noted = [each for each in events if each.name not in ("id", "batch")]
        one_batch = (events.batch == sa.select(sa.func.min(events.id)).scalar_subquery()).label("one_batch")
        queries = [
            sa.select(comment_suggestions).order_by(*comment_suggestions.primary_key),
            sa.select(*noted, one_batch).order_by(events.id),
        ]
        return [dict(row._mapping) for query in queries for row in connection.execute(query)]

    given: dict[str, Any] = {"who": "export", "at": now, "reason": "to a.csv", "second": second}
    with database.engine.connect() as connection, connection.begin() as transaction:
        decided, left = decide_many(connection, keys, EXPORT, **given)
        expected = len(decided), left, state(connection)
        transaction.rollback()
    with database.begin() as connection:
        assert (*mark_exported(connection, handed_over(keys), **given), state(connection)) == expected
    assert 0 < expected[0] < len(keys)


def _tweet(number: int, project: str, flagged: bool, status: str, decided: bool) -> Any:
    flags = (Flag("illness", 1.0, "“cancer”"),) if flagged else ()
    by = {"decided_at": GENERATED, "decided_by": "mara"} if decided else {}
    written = suggestion("A drawer in the hall.", status=status, **by)
    return opportunity(project=project, tweet_id=f"{number}", flags=flags, suggestions=(written,))
