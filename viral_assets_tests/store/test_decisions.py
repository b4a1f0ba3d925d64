"""Decisions: one of two wins, an undo gives back what was, the audit is complete, and runs leave decisions alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.hours import floor_hour
from viral_assets.store import revisions
from viral_assets.store.audit import Event, history, last_event_of
from viral_assets.store.bulk import upsert
from viral_assets.store.decision_changes import BATCH, Decided
from viral_assets.store.decision_undo import undo, undo_batch
from viral_assets.store.decisions import decide, decide_many
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import offer
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestion_status import after, after_revision
from viral_assets.store.suggestions import TweetOutcome, save_outcomes
from viral_assets.store.tables import comment_suggestions, suggestion_events, suggestion_revisions
from viral_assets.vocabulary import ACTIONS, REVISION_ACTIONS, STATUSES
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.statements import statements_sent
from viral_assets_tests.store.rows import stored
from viral_assets_tests.waiting import PATIENCE

KEY = SuggestionKey("p", "1", "add_value")
OF_THE_ENDING = {"project", "tweet_id", "window_start", "created_at", "status"}
NAMES = ("project", "tweet_id", "suggestion_type")


def row_of(key: SuggestionKey, now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        **{name: getattr(key, name) for name in NAMES},
        "window_start": floor_hour(now),
        "position": 0,
        "text": "Put the phone in another room.",
        "weighted_length": 30,
        "provider": "offline",
        "model": "offline-1",
        "request_id": "r1",
        "created_at": now,
        "status": "pending",
        **changes,
    }


def put(database: Database, now: datetime, *keys: SuggestionKey, **changes: Any) -> None:
    with database.begin() as connection:
        upsert(connection, comment_suggestions, [row_of(key, now, **changes) for key in keys])


def row(database: Database, key: SuggestionKey = KEY) -> dict[str, Any]:
    (found,) = [row for row in stored(database, comment_suggestions) if all(row[n] == getattr(key, n) for n in NAMES)]
    return found


def act(
    database: Database, action: str, now: datetime, *, who: str = "anna", key: SuggestionKey = KEY, **more: Any
) -> Decided:
    """Decide about the suggestion as it is now."""
    version = more.pop("version", None)
    version = row(database, key)["version"] if version is None else version
    if action == "edit":
        more.setdefault("text", "Try a drawer in the hall.")
    with database.begin() as connection:
        return decide(connection, key, action, who=who, at=now, version=version, **more)


def take_back(database: Database, event_id: int, now: datetime, who: str = "anna") -> Decided:
    with database.begin() as connection:
        return undo(connection, event_id, who=who, at=now)


def events(database: Database, key: SuggestionKey = KEY) -> list[Event]:
    with database.read() as connection:
        return history(connection, key.project, key.tweet_id)


def rerun(database: Database, now: datetime, text: str, *, replace: bool = True) -> int:
    """What a run writes for the tweet; with ``replace``, a forced one."""
    suggestion = {
        name: value
        for name, value in row_of(KEY, now, text=text, weighted_length=len(text)).items()
        if name not in OF_THE_ENDING
    }
    outcome_row = TweetOutcome("p", "1", floor_hour(now), [suggestion], "done", "", 1, replace=replace)
    with database.begin() as connection:
        return save_outcomes(connection, [outcome_row], now=now)


def test_a_decision_is_in_the_row_and_in_the_audit(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    done = act(database, "approve", now, reason="just right")

    found = row(database)
    assert (found["status"], found["version"], found["decided_at"], found["decided_by"]) == (
        "approved",
        1,
        now,
        "anna",
    )
    assert done == Decided(KEY, "approved", found["text"], 30, 1, done.event_id)
    assert events(database) == [
        Event(
            id=done.event_id,
            batch=done.event_id,
            key=KEY,
            at=now,
            who="anna",
            action="approve",
            from_status="pending",
            to_status="approved",
            from_text=found["text"],
            to_text=found["text"],
            reason="just right",
            version=1,
            undoes=None,
        )
    ]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("action", ACTIONS)
def test_what_is_possible_is_what_the_table_says(
    sqlite_database: Database, now: datetime, status: str, action: str
) -> None:
    put(sqlite_database, now, KEY, status=status)
    expected = after(status, action)

    if expected is None:
        with pytest.raises(NotAllowed, match=f"{action} is not possible: it is .*{status}"):
            act(sqlite_database, action, now)
        assert events(sqlite_database) == []
        assert row(sqlite_database)["version"] == 0
    else:
        assert act(sqlite_database, action, now).status == expected == row(sqlite_database)["status"]


def test_an_edit_keeps_what_the_model_wrote_and_reopening_gives_it_back(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    before = row(database)["text"]
    act(database, "edit", now, text="  Try a drawer.\r\n\r\n\r\n\r\nIt works.\u200b ")

    found = row(database)
    assert found["text"] == "Try a drawer.\n\nIt works."
    assert found["weighted_length"] == len(found["text"])
    assert (found["status"], found["original_text"]) == ("edited", before)
    assert (events(database)[0].from_text, events(database)[0].to_text) == (before, found["text"])

    act(database, "edit", now, text="日本語で")
    assert (row(database)["original_text"], row(database)["weighted_length"]) == (before, 8)

    act(database, "reopen", now)
    found = row(database)
    assert (found["status"], found["text"], found["weighted_length"]) == ("pending", before, 30)
    assert [found[name] for name in ("original_text", "decided_at", "decided_by")] == [None, None, None]


def test_the_model_s_own_text_again_is_no_change_of_it(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    before = row(database)["text"]
    act(database, "edit", now)
    act(database, "edit", now, text=before)

    assert (row(database)["text"], row(database)["original_text"]) == (before, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" \u200b\n ", "empty"),
        ("a" * 281, "281 weighted characters and X takes 280"),
        ("日" * 141, "282 weighted"),
        ("a" * 1_000_000, "1,000,000 weighted"),
        ("e" + "\u0301" * 10_000, "weighted characters and X takes 280"),
    ],
)
def test_a_reply_that_x_would_not_take_is_refused(database: Database, now: datetime, text: str, problem: str) -> None:
    put(database, now, KEY)

    with pytest.raises(NotAllowed, match=problem):
        act(database, "edit", now, text=text)
    assert row(database)["version"] == 0
    assert act(database, "edit", now, text="a" * 280).weighted_length == 280


def test_text_that_is_no_text_can_be_stored(database: Database, now: datetime) -> None:
    put(database, now, KEY)

    act(database, "edit", now, text="a\x00b\ud800c <script>", reason="x\x00\ud800\n" * 900, who="an\x00na" * 40)
    assert row(database)["text"] == "abc <script>"
    (event,) = events(database)
    assert event.reason == "x " * 249 + "x"
    assert event.who == "anna" * 16


def test_who_comes_second_is_told_of_the_first(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    later = now + timedelta(minutes=1)
    act(database, "reject", now, who="anna", reason="off topic")

    with pytest.raises(Conflict, match=r"anna changed this suggestion at 2026-11-21 20:30 UTC and it is rejected") as e:
        act(database, "approve", later, who="ben", version=0)
    assert (e.value.key, e.value.status, e.value.version, e.value.who, e.value.at) == (KEY, "rejected", 1, "anna", now)
    assert row(database)["status"] == "rejected"
    assert len(events(database)) == 1


def test_a_suggestion_that_a_run_wrote_anew_is_not_approved_unread(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    later = now + timedelta(minutes=1)
    rerun(database, later, "Something else.")

    with pytest.raises(Conflict, match="a run changed this suggestion at 2026-11-21 20:31 UTC and it is pending") as e:
        act(database, "approve", later, version=0)
    assert (e.value.who, e.value.at, e.value.text) == ("", later, "Something else.")


def test_neither_is_one_that_was_removed_and_written_again(database: Database, now: datetime) -> None:
    rerun(database, now, "First.")
    seen = row(database)["version"]
    with database.begin() as connection:
        save_outcomes(
            connection, [TweetOutcome("p", "1", floor_hour(now), [], "filtered", "x", 1, replace=True)], now=now
        )
    with pytest.raises(NotAllowed, match="a later run has removed it"), database.begin() as connection:
        decide(connection, KEY, "approve", who="anna", at=now, version=seen)
    rerun(database, now + timedelta(minutes=1), "Second.")

    with pytest.raises(Conflict):
        act(database, "approve", now, version=seen)


def test_of_two_decisions_at_once_exactly_one_wins(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    barrier = threading.Barrier(8)
    results: list[Decided | Conflict] = []

    def run(number: int) -> None:
        barrier.wait()
        action = ("approve", "reject")[number % 2]
        try:
            results.append(act(database, action, now, who=f"person {number}", version=0))
        except Conflict as conflict:
            results.append(conflict)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (won,) = [result for result in results if isinstance(result, Decided)]
    lost = [result for result in results if isinstance(result, Conflict)]
    (event,) = events(database)
    assert len(lost) == 7
    assert {(conflict.status, conflict.who, conflict.at) for conflict in lost} == {(won.status, event.who, now)}
    assert (row(database)["status"], row(database)["version"]) == (won.status, 1)


@pytest.mark.parametrize("replace", [True, False])
def test_a_run_that_writes_while_somebody_decides_leaves_the_decision(
    database: Database, now: datetime, replace: bool
) -> None:
    """The run's statement begins before the decision is committed, and must not go by what it saw then."""
    put(database, now, KEY)
    began = threading.Event()
    written: list[int] = []

    def run() -> None:
        began.set()
        written.append(rerun(database, now, "A run's new text.", replace=replace))

    writer = threading.Thread(target=run)
    with database.begin() as connection:
        decide(connection, KEY, "edit", who="anna", at=now, version=0, text="Anna's text.")
        writer.start()
        began.wait(PATIENCE)
        writer.join(0.2)
        assert not written
    writer.join()

    assert written == [0]
    assert (row(database)["status"], row(database)["text"]) == ("edited", "Anna's text.")


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "pending"])
def test_a_re_run_leaves_every_column_of_a_decided_suggestion(database: Database, now: datetime, status: str) -> None:
    put(database, now, KEY, status=status, decided_at=now, decided_by="anna", version=7)
    before = row(database)

    assert rerun(database, now + timedelta(hours=1), "Something else.") == 0
    assert row(database) == before


def test_a_re_run_of_a_pending_one_counts_as_a_change(database: Database, now: datetime) -> None:
    put(database, now, KEY)

    assert rerun(database, now, "Something else.") == 1
    assert rerun(database, now, "And again.", replace=False) == 1
    assert (row(database)["version"], row(database)["text"]) == (2, "And again.")


def test_an_undo_gives_back_what_was(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    act(database, "approve", now, who="ben")
    before = row(database)
    edited = act(database, "edit", now + timedelta(minutes=1), who="anna")
    undone = take_back(database, edited.event_id, now + timedelta(minutes=2), who="carl")

    assert row(database) == {**before, "version": 3}
    assert (undone.status, undone.text, undone.version) == ("approved", before["text"], 3)
    newest, *_ = events(database)
    assert (newest.action, newest.who, newest.undoes) == ("undo", "carl", edited.event_id)
    assert (newest.from_status, newest.to_status, newest.to_text) == ("edited", "approved", before["text"])


def test_undoing_again_and_again_goes_back_to_the_beginning(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    before = row(database)
    for action in ("approve", "reject", "edit", "post"):
        act(database, action, now)
    for _ in range(4):
        with database.read() as connection:
            event = last_event_of(connection, "anna")
        assert event is not None
        take_back(database, event.id, now)

    with database.read() as connection:
        assert last_event_of(connection, "anna") is None
    assert row(database) == {**before, "version": 8}


def test_an_undo_of_what_somebody_changed_since_is_refused(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    first = act(database, "approve", now, who="anna")
    act(database, "reject", now + timedelta(minutes=5), who="ben")

    with pytest.raises(Conflict, match="ben changed this suggestion at 2026-11-21 20:35 UTC and it is rejected now"):
        take_back(database, first.event_id, now)
    assert row(database)["status"] == "rejected"


def test_an_undo_of_what_a_run_wrote_anew_since_is_refused(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    act(database, "approve", now)
    reopened = act(database, "reopen", now)
    rerun(database, now, "Something else.")

    with pytest.raises(Conflict, match="a run changed"):
        take_back(database, reopened.event_id, now)


def test_nothing_is_undone_twice_and_an_undo_not_at_all(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    done = act(database, "approve", now)
    undone = take_back(database, done.event_id, now, who="ben")

    with pytest.raises(Conflict, match="ben changed"):
        take_back(database, done.event_id, now)
    with pytest.raises(NotAllowed, match="cannot be undone"):
        take_back(database, undone.event_id, now)
    with pytest.raises(NotAllowed, match="nothing to undo"):
        take_back(database, 999, now)


def test_the_last_event_of_somebody_is_their_own(database: Database, now: datetime) -> None:
    other = SuggestionKey("p", "2", "add_value")
    put(database, now, KEY, other)
    mine = act(database, "approve", now)
    again = act(database, "approve", now, key=other)
    act(database, "reject", now, who="ben", key=other)

    with database.read() as connection:
        last = last_event_of(connection, "anna")
        assert last is not None
        assert last.id == again.event_id
        earlier = last_event_of(connection, "anna", before=last.id)
        assert earlier is not None
        assert earlier.id == mine.event_id
        assert last_event_of(connection, "carl") is None


def test_an_export_is_no_decision_and_hides_none(database: Database, now: datetime) -> None:
    other = SuggestionKey("p", "2", "add_value")
    put(database, now, KEY, other)
    act(database, "approve", now)
    for key in (KEY, other):
        act(database, "export", now + timedelta(hours=1), who="export", key=key)

    assert (row(database)["status"], row(database)["decided_by"], row(database)["decided_at"]) == (
        "exported",
        "anna",
        now,
    )
    assert (row(database, other)["status"], row(database, other)["decided_by"]) == ("exported", None)


def test_many_are_decided_and_what_changed_since_is_left_alone(database: Database, now: datetime) -> None:
    keys = [SuggestionKey(project, str(number), kind) for project in "pq" for number in range(5) for kind in "ab"]
    put(database, now, *keys)
    act(database, "reject", now, key=keys[3], who="ben")
    act(database, "approve", now, key=keys[5], who="ben")
    put(database, now, keys[7], status="posted")
    gone = SuggestionKey("p", "99", "a")

    versions = dict.fromkeys(keys, 0) | {keys[5]: 1, gone: 0}
    with database.begin() as connection:
        decided, left = decide_many(connection, reversed(versions.items()), "approve", who="anna", at=now)
    assert left == sorted([keys[3], keys[5], keys[7], gone])
    assert [one.key for one in decided] == sorted(set(keys) - set(left))
    assert {one.event_id for one in decided} == {event.id for key in keys for event in events(database, key)} - {
        event.id for key in keys for event in events(database, key) if event.who == "ben"
    }
    assert row(database, keys[3])["status"] == "rejected"

    act(database, "reject", now, key=keys[0], who="ben")
    with database.read() as connection:
        last = last_event_of(connection, "anna")
    assert last is not None
    with database.begin() as connection:
        undone, kept = undo_batch(connection, last.batch, who="anna", at=now)
    assert kept == [keys[0]]
    assert len(undone) == len(decided) - 1
    assert {one.status for one in undone} == {"pending"}


def test_reopening_many_gives_back_each_its_text(database: Database, now: datetime) -> None:
    other = SuggestionKey("p", "2", "add_value")
    put(database, now, KEY, other)
    before = row(database)["text"]
    act(database, "edit", now, text="Mine.")
    act(database, "approve", now, key=other)

    with database.begin() as connection:
        decide_many(connection, [(KEY, 1), (other, 1)], "reopen", who="anna", at=now)
    for key in (KEY, other):
        found = row(database, key)
        assert (found["status"], found["text"], found["weighted_length"]) == ("pending", before, 30)


@pytest.mark.slow
def test_many_are_decided_in_one_transaction(database: Database, now: datetime) -> None:
    batches = 3
    keys = [SuggestionKey("p", f"{number:019}", "a") for number in range((batches - 1) * BATCH + 1)]
    put(database, now, *keys)
    with database.begin() as connection, statements_sent(connection) as statements:
        decided, left = decide_many(connection, ((key, 0) for key in keys), "approve", who="anna", at=now)
    assert (len(decided), left) == (len(keys), [])
    # A handful for each batch, never one for each suggestion.
    assert len(statements) <= batches * 6
    with database.read() as connection:
        approved = sa.select(sa.func.count()).where(comment_suggestions.c.status == "approved")
        assert connection.execute(approved).scalar_one() == len(keys)
        audited = sa.select(sa.func.count(), sa.func.count(suggestion_events.c.batch.distinct()))
        assert connection.execute(audited).one() == (len(keys), 1)


def test_decisions_about_many_at_once_do_not_wait_for_each_other_for_ever(database: Database, now: datetime) -> None:
    keys = [SuggestionKey("p", str(number), "a") for number in range(400)]
    put(database, now, *keys)
    barrier, results = threading.Barrier(4), []

    def run(number: int) -> None:
        wanted = [(key, 0) for key in (keys if number % 2 else reversed(keys))]
        barrier.wait()
        with database.begin() as connection:
            results.append(decide_many(connection, wanted, "approve", who=f"person {number}", at=now))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(decided) for decided, _ in results) == [0, 0, 0, 400]


def test_the_audit_cannot_be_changed(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    act(database, "approve", now)

    for statement in (sa.update(suggestion_events).values(who="nobody"), sa.delete(suggestion_events)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.begin() as connection:
            connection.execute(statement)
    assert [event.who for event in events(database)] == ["anna"]


STEPS = st.lists(
    st.tuples(st.sampled_from([*ACTIONS, *REVISION_ACTIONS, "undo", "re-run"]), st.integers(0, 5)), max_size=14
)


@pytest.fixture(scope="module")
def tweet_numbers() -> Iterator[int]:
    return count(1_000)


@pytest.mark.slow
@tried_on(1 / 2, unchecked=SHARED_FIXTURES)
@given(steps=STEPS)
def test_the_audit_replayed_is_the_state(
    database: Database, now: datetime, tweet_numbers: Iterator[int], steps: list[tuple[str, int]]
) -> None:
    """Whatever people and runs do: the events chain, and their last one is what the row says."""
    key = SuggestionKey("p", str(next(tweet_numbers)), "add_value")
    put(database, now, key)
    ids: list[int] = []
    for number, (action, choice) in enumerate(steps):
        try:
            if action == "undo":
                take_back(database, ids[choice % len(ids)] if ids else 0, now, who="ben")
            elif action == "re-run":
                with database.begin() as connection:
                    again = row_of(key, now, text=f"Run {number}.", weighted_length=6)
                    plain = {
                        name: again[name] for name in again if name not in ("window_start", "created_at", "status")
                    }
                    outcome_row = TweetOutcome("p", key.tweet_id, floor_hour(now), [plain], "done", "", 1, replace=True)
                    save_outcomes(connection, [outcome_row], now=now)
            elif action in REVISION_ACTIONS:
                ids.append(revise(database, action, now, key, f"Revision {number}."))
            else:
                ids.append(act(database, action, now, key=key, **_text(action, number)).event_id)
        except (NotAllowed, Conflict):
            continue

    found, log = row(database, key), events(database, key)[::-1]
    status, undone = "pending", set()
    for event in log:
        assert event.from_status == status
        status = event.to_status
        if event.undoes is not None:
            assert event.undoes not in undone
            undone.add(event.undoes)
        else:
            assert _leads_to(event) == event.to_status
    assert found["status"] == status
    assert found["version"] >= len(log)
    assert [event.version for event in log] == sorted({event.version for event in log})
    if status != "pending":
        assert found["text"] == log[-1].to_text
    assert (found["decided_at"] is None) == (found["decided_by"] is None)
    if status in ("approved", "edited", "rejected", "posted"):
        assert found["decided_by"] == "anna"
    if status == "pending":
        assert found["decided_by"] is None
        assert (found["original_text"] is None) == (found["revised_text"] is None)
    if found["revised_text"] is not None:
        assert found["original_text"] is not None, "what the model wrote first is never lost"
        assert status != "pending" or found["text"] == found["revised_text"]
    taken = [row for row in stored(database, suggestion_revisions) if row["tweet_id"] == key.tweet_id]
    standing = max((row for row in taken if row["state"] == "taken"), key=lambda row: row["event_id"], default=None)
    assert found["revised_text"] == (standing and standing["text"])


def revise(database: Database, action: str, now: datetime, key: SuggestionKey, text: str) -> int:
    """Ask for a revision of the suggestion as it is now, have it written, and decide about it; the id of the event."""
    with database.begin() as connection:
        version = row(database, key)["version"]
        asked = revisions.ask(connection, key, version=version, wish="Shorter", who="anna", at=now)
        if not asked.offered:
            offer(
                connection,
                asked.id,
                text=text,
                weighted_length=len(text),
                provider="offline",
                model="offline",
                request_id="r2",
                at=now,
            )
        wanted = next(each for each in REVISION_ACTIONS if each == action)
        return revisions.decide_revision(connection, asked.id, wanted, who="anna", at=now, version=version).event_id


def _leads_to(event: Event) -> str | None:
    if event.action == "keep":
        return event.from_status
    return after_revision(event.from_status) if event.action == "revise" else after(event.from_status, event.action)


def _text(action: str, number: int) -> dict[str, str]:
    return {"text": f"Edit {number % 3}."} if action == "edit" else {}
