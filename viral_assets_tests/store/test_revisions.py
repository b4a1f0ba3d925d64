"""Revisions: asked for once, about the text as it is, taken or refused by a person, and taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from viral_assets.store import revisions
from viral_assets.store.audit import history
from viral_assets.store.decision_changes import Decided
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import HELD_FOR, fail, hold, keep_hold, let_go, offer, put_off
from viral_assets.store.revisions import LONGEST_WISH, Revision
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestion_status import after_revision
from viral_assets.vocabulary import STATUSES, RevisionAction
from viral_assets_tests.store.test_decisions import KEY, act, events, put, rerun, row, take_back

FIRST = "Put the phone in another room."
REVISED = "Another room. That is all."


def ask(database: Database, now: datetime, wish: str = "Shorter", *, who: str = "anna", **more: Any) -> Revision:
    more.setdefault("version", row(database)["version"])
    with database.begin() as connection:
        return revisions.ask(connection, KEY, wish=wish, who=who, at=now, **more)


def write(database: Database, revision: Revision, now: datetime, text: str = REVISED) -> None:
    with database.begin() as connection:
        offer(
            connection,
            revision.id,
            text=text,
            weighted_length=len(text),
            provider="google-genai",
            model="gemini-x",
            request_id="r2",
            at=now,
        )


def decide(database: Database, revision: Revision, action: RevisionAction, now: datetime, **more: Any) -> Decided:
    more.setdefault("version", row(database)["version"])
    with database.begin() as connection:
        return revisions.decide_revision(connection, revision.id, action, who=more.pop("who", "ben"), at=now, **more)


def now_of(database: Database, revision: Revision) -> Revision:
    with database.read() as connection:
        found = revisions.read_revision(connection, revision.id)
    assert found is not None
    return found


def open_one(database: Database) -> Revision | None:
    with database.read() as connection:
        return revisions.open_revisions(connection, [("p", "1"), ("p", "2")]).get(KEY)


@pytest.fixture
def offered(database: Database, now: datetime) -> Revision:
    put(database, now, KEY)
    asked = ask(database, now)
    write(database, asked, now)
    return now_of(database, asked)


def test_taking_one_changes_the_text_and_leaves_undecided_what_was(
    database: Database, offered: Revision, now: datetime
) -> None:
    assert (offered.text, offered.draft, offered.standing_text) == (REVISED, FIRST, FIRST)
    assert row(database)["text"] == FIRST, "nothing changes before somebody says so"
    done = decide(database, offered, "revise", now)
    found = row(database)
    assert (done.status, done.text, done.weighted_length) == ("pending", REVISED, len(REVISED))
    assert (found["status"], found["text"], found["decided_by"]) == ("pending", REVISED, None)
    assert (found["original_text"], found["revised_text"], found["revised_by"]) == (FIRST, REVISED, "gemini-x")
    assert (found["provider"], found["request_id"]) == ("offline", "r1"), "of what the model wrote first"
    (event,) = events(database)
    assert (event.who, event.action, event.from_text, event.to_text, event.reason) == (
        "ben",
        "revise",
        FIRST,
        REVISED,
        "Shorter",
    )
    kept = now_of(database, offered)
    assert (kept.state, kept.asked_by, kept.decided_by) == ("taken", "anna", "ben")
    assert open_one(database) is None


def test_keeping_the_text_changes_nothing_and_is_on_record(
    database: Database, offered: Revision, now: datetime
) -> None:
    before = row(database)
    done = decide(database, offered, "keep", now)
    assert {**row(database), "version": 0} == {**before, "version": 0}
    assert now_of(database, offered).state == "kept"
    assert [(each.action, each.reason) for each in events(database)] == [("keep", "Shorter")]
    take_back(database, done.event_id, now)
    assert now_of(database, offered).state == "offered"


@pytest.mark.parametrize("status", STATUSES)
def test_what_a_person_decided_is_edited_when_a_revision_is_taken(
    database: Database, now: datetime, status: str
) -> None:
    how = {"approved": "approve", "edited": "edit", "rejected": "reject", "exported": "export", "posted": "post"}
    once = {"status": "awaiting", "decided_by": "anna", "decided_at": now} if status == "awaiting" else {}
    put(database, now, KEY, **once)
    if status in how:
        act(database, how[status], now, text="Typed.") if status == "edited" else act(database, how[status], now)
    leads_to = after_revision(status)
    if leads_to is None:
        with pytest.raises(NotAllowed, match=r"it cannot be revised: it is (rejected|marked as posted).*reopen"):
            ask(database, now)
        return
    before = row(database)
    asked = ask(database, now)
    write(database, asked, now)
    done = decide(database, asked, "revise", now)
    found = row(database)
    assert (done.status, found["text"]) == (leads_to, REVISED)
    assert found["decided_by"] == (None if status == "pending" else "ben"), "who takes it stands behind it"
    assert found["original_text"] == FIRST
    take_back(database, done.event_id, now)
    assert {**row(database), "version": 0} == {**before, "version": 0}


def test_an_undo_offers_it_again_and_gives_back_the_one_before(
    database: Database, offered: Revision, now: datetime
) -> None:
    first = decide(database, offered, "revise", now)
    second = ask(database, now, "Warmer")
    write(database, second, now, "Even warmer.")
    last = decide(database, second, "revise", now)
    assert row(database)["revised_text"] == "Even warmer."
    take_back(database, last.event_id, now)
    found = row(database)
    assert (found["text"], found["revised_text"], found["original_text"]) == (REVISED, REVISED, FIRST)
    assert open_one(database) == now_of(database, second)
    decide(database, second, "keep", now)
    with pytest.raises(Conflict):
        take_back(database, first.event_id, now)


def test_reopening_gives_back_what_a_model_made_of_it(database: Database, offered: Revision, now: datetime) -> None:
    decide(database, offered, "revise", now)
    act(database, "edit", now, text="Mine.")
    assert row(database)["original_text"] == FIRST
    act(database, "reopen", now)
    found = row(database)
    assert (found["status"], found["text"], found["original_text"]) == ("pending", REVISED, FIRST)


def test_a_wish_is_asked_for_once_and_another_takes_its_place(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    asked = ask(database, now)
    assert ask(database, now, "  Shorter ", who="ben").id == asked.id
    other = ask(database, now, "Less salesy", who="ben")
    assert other.id != asked.id
    assert now_of(database, asked).state == "dropped"
    assert open_one(database) == other


def test_a_wish_about_an_offered_one_goes_on_from_that(database: Database, offered: Revision, now: datetime) -> None:
    assert ask(database, now, "Warmer").id == offered.id, "of what was offered meanwhile, the person is told first"
    further = ask(database, now, "Warmer", shown=offered.id)
    assert (further.draft, further.standing_text) == (REVISED, FIRST)
    assert open_one(database) == offered, "which is there until the next one is"
    assert ask(database, now, "Warmer", shown=offered.id).id == further.id
    with database.begin() as connection:
        fail(connection, further.id, reason="withheld", at=now)
    assert open_one(database) == offered
    another = ask(database, now, "Warmer", shown=offered.id)
    write(database, another, now, "Warm.")
    assert now_of(database, offered).state == "dropped"
    assert open_one(database) == now_of(database, another)


def test_what_is_written_right_now_is_not_asked_otherwise(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    asked = ask(database, now)
    with database.begin() as connection:
        assert hold(connection, asked.id, at=now)
        assert not hold(connection, asked.id, at=now + HELD_FOR / 2), "one at a time"
        keep_hold(connection, asked.id, at=now + HELD_FOR / 2)
    later = now + HELD_FOR * 1.2
    assert now_of(database, asked).is_held(later)
    with pytest.raises(NotAllowed, match="being revised already: “Shorter”"):
        ask(database, later, "Warmer")
    with database.begin() as connection:
        assert hold(connection, asked.id, at=later + HELD_FOR), "who is silent for so long is gone"
        let_go(connection, asked.id, at=now)
    assert not now_of(database, asked).is_held(later + HELD_FOR)
    assert ask(database, later + 2 * HELD_FOR, "Warmer").wish == "Warmer"


@pytest.mark.parametrize("wish", ["", " \u200b\n ", "x" * (LONGEST_WISH + 1)])
def test_a_wish_has_words_and_an_end(database: Database, now: datetime, wish: str) -> None:
    put(database, now, KEY)
    with pytest.raises(NotAllowed, match=r"say what should change|at most 300 characters"):
        ask(database, now, wish)


def test_any_wish_can_be_stored(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    assert ask(database, now, "less\x00 “salesy”\ud83d\n please 🎉").wish == "less “salesy” please 🎉"


def test_what_was_changed_meanwhile_is_not_asked_about_and_not_offered(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    asked = ask(database, now)
    act(database, "edit", now, who="ben")
    with pytest.raises(Conflict, match="ben changed this suggestion"):
        ask(database, now, version=0)
    assert open_one(database) is None, "it is about a text that is there no more"
    write(database, asked, now)
    assert (now_of(database, asked).state, now_of(database, asked).text) == ("dropped", REVISED)
    assert "changed while it was written" in now_of(database, asked).reason


def test_an_offered_one_waits_while_the_text_stays(database: Database, offered: Revision, now: datetime) -> None:
    done = act(database, "approve", now)
    assert open_one(database) == offered
    with pytest.raises(Conflict):
        decide(database, offered, "revise", now, version=done.version - 1)
    act(database, "edit", now, text="Typed.")
    assert open_one(database) is None
    with pytest.raises(Conflict):
        decide(database, offered, "revise", now)
    assert row(database)["text"] == "Typed."


def test_it_is_decided_about_once(database: Database, offered: Revision, now: datetime) -> None:
    decide(database, offered, "revise", now)
    with pytest.raises(NotAllowed, match="decided about already"):
        decide(database, offered, "keep", now)
    with pytest.raises(NotAllowed, match="decided about already"), database.begin() as connection:
        revisions.decide_revision(connection, "nothing", "revise", who="ben", at=now, version=0)


def test_what_came_to_nothing_and_what_waits_say_why(database: Database, now: datetime) -> None:
    put(database, now, KEY)
    asked = ask(database, now)
    with database.begin() as connection:
        put_off(connection, asked.id, reason="the day's 5 requests are used up", at=now)
    assert open_one(database) == now_of(database, asked)
    with database.begin() as connection:
        fail(connection, asked.id, reason="withheld", at=now)
        put_off(connection, asked.id, reason="too late", at=now)
    kept = now_of(database, asked)
    assert (kept.state, kept.reason, kept.ended_at) == ("failed", "withheld", now)
    assert open_one(database) is None


def test_no_run_writes_over_what_somebody_had_revised(database: Database, offered: Revision, now: datetime) -> None:
    done = decide(database, offered, "revise", now)
    assert rerun(database, now, "A new draft.") == 0
    assert row(database)["text"] == REVISED
    take_back(database, done.event_id, now)
    assert rerun(database, now, "A new draft.") == 1
    assert row(database)["text"] == "A new draft."
    assert open_one(database) is None


def test_all_that_was_asked_for_is_kept_with_its_pairs(database: Database, offered: Revision, now: datetime) -> None:
    decide(database, offered, "keep", now)
    ask(database, now + timedelta(minutes=1), "Warmer", who="ben")
    with database.read() as connection:
        found = revisions.revisions_of(connection, "p", "1")
        assert [(each.asked_by, each.wish, each.draft, each.text) for each in found] == [
            ("ben", "Warmer", FIRST, None),
            ("anna", "Shorter", FIRST, REVISED),
        ]
        assert revisions.revisions_of(connection, "p", "2") == []
        assert revisions.open_revisions(connection, []) == {}
        assert history(connection, "p", "1")[0].reason == "Shorter"


def test_keys_of_other_tweets_are_others(database: Database, offered: Revision, now: datetime) -> None:
    other = SuggestionKey("q", "1", "add_value")
    put(database, now, other)
    with database.read() as connection:
        assert set(revisions.open_revisions(connection, [("q", "1"), ("p", "2")])) == set()
        assert set(revisions.open_revisions(connection, [("q", "1"), ("p", "1")])) == {KEY}
