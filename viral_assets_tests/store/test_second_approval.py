"""The approval of two people: who may give the second, what waits for it, and that nothing slips past."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from viral_assets.queries.opportunity_view import SuggestionView
from viral_assets.queries.pages import read_opportunity
from viral_assets.safety.flag import Flag
from viral_assets.store import revisions
from viral_assets.store.audit import history
from viral_assets.store.decision_changes import Decided
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import PostedSuggestion, decide, decide_many, mark_posted
from viral_assets.store.engine import Database
from viral_assets.store.revision_progress import offer
from viral_assets.store.second_approval import NOWHERE, OneIsNotEnough, SecondApproval, with_two
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import NotAllowed
from viral_assets.store.suggestion_status import after, after_revision
from viral_assets.vocabulary import ACTIONS, EDIT, STATUSES, TAKE_REVISION
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion

TWO = SecondApproval(frozenset({"demo"}))
SENSITIVE = (Flag("illness", 1.0, "“cancer”"),)
KEY = SuggestionKey("demo", "1", TYPES[0])
PLAIN = SuggestionKey("demo", "2", TYPES[0])
ELSEWHERE = SuggestionKey("other", "1", TYPES[0])


@pytest.fixture
def database(database: Database) -> Database:
    """A sensitive tweet and a plain one of a project that asks for two, and one of a project that does not."""
    one = opportunity(project="demo", tweet_id="1", flags=SENSITIVE, suggestions=(suggestion("A drawer in the hall."),))
    with database.begin() as connection:
        store(connection, [one, replace(one, tweet_id="2", flags=())])
        store(connection, [replace(one, project="other")])
    return database


def look(database: Database, key: SuggestionKey = KEY) -> SuggestionView:
    with database.read() as connection:
        view = read_opportunity(connection, key.project, key.tweet_id, second=TWO)
    assert view is not None
    assert view.takes_two is (key == KEY)
    return view.suggestions[0]


def act(
    database: Database, action: str, who: str, now: datetime, *, key: SuggestionKey = KEY, text: str | None = None
) -> Decided:
    version = look(database, key).version
    with database.begin() as connection:
        return decide(connection, key, action, who=who, at=now, version=version, text=text, second=TWO)


def test_the_second_approval_is_another_persons_and_the_record_has_both(database: Database, now: datetime) -> None:
    assert act(database, "approve", "mara", now).status == "awaiting"
    for same in ("mara", "MARA", " Mara ", "ｍａｒａ"):
        with pytest.raises(NotAllowed, match="another person has to give: the first one was yours"):
            act(database, "approve", same, now)
    assert (look(database).status, look(database).decided_by) == ("awaiting", "mara")
    assert act(database, "approve", "tom", now).status == "approved"
    assert act(database, "post", "mara", now).status == "posted"
    with database.read() as connection:
        events = [
            (each.who, each.action, each.from_status, each.to_status) for each in history(connection, "demo", "1")
        ]
    assert events == [
        ("mara", "post", "approved", "posted"),
        ("tom", "approve", "awaiting", "approved"),
        ("mara", "approve", "pending", "awaiting"),
    ]


def test_one_is_enough_where_nobody_asks_for_two(database: Database, now: datetime) -> None:
    assert act(database, "approve", "mara", now, key=PLAIN).status == "approved"
    assert act(database, "approve", "mara", now, key=ELSEWHERE).status == "approved"
    assert act(database, "post", "mara", now, key=ELSEWHERE).status == "posted"


def test_where_nobody_knows_what_the_files_say_every_flagged_tweet_takes_two(database: Database, now: datetime) -> None:
    keys = [(KEY, 0), (PLAIN, 0), (ELSEWHERE, 0)]
    with database.begin() as connection:
        done, _ = decide_many(connection, keys, "approve", who="mara", at=now, second=SecondApproval(every=True))
    assert [each.status for each in done] == ["awaiting", "approved", "awaiting"]


def test_a_text_is_approved_by_two_who_have_read_it(database: Database, now: datetime) -> None:
    """Whoever changes it is the first for the new one, whatever was agreed before."""
    act(database, "approve", "mara", now)
    assert act(database, "edit", "tom", now, text="A drawer in the kitchen.").status == "awaiting"
    with pytest.raises(NotAllowed):
        act(database, "approve", "tom", now)
    assert act(database, "approve", "mara", now).status == "edited", "a person's text"
    assert act(database, "edit", "mara", now, text="A drawer upstairs.").status == "awaiting"
    assert act(database, "reopen", "tom", now).status == "pending"
    assert look(database).text == "A drawer in the hall."


def test_nothing_is_posted_or_handed_over_before(database: Database, now: datetime) -> None:
    for status in ("pending", "awaiting"):
        assert look(database).status == status
        for action in ("post", "export"):
            with pytest.raises(NotAllowed, match=r"two people have to approve|awaiting a second approval"):
                act(database, action, "tom", now)
            keys = [(KEY, look(database).version), (PLAIN, look(database, PLAIN).version)]
            with database.begin() as connection:
                done, left = decide_many(connection, keys, action, who="tom", at=now, second=TWO)
                assert ([each.key for each in done], left) == ([PLAIN], [KEY])
                connection.rollback()
        if status == "pending":
            act(database, "approve", "mara", now)


def test_many_at_once_wait_or_are_approved_each_by_what_it_is(database: Database, now: datetime) -> None:
    keys = [(KEY, 0), (PLAIN, 0), (ELSEWHERE, 0)]
    with database.begin() as connection:
        done, left = decide_many(connection, keys, "approve", who="mara", at=now, second=TWO)
    assert ([each.status for each in done], left) == (["awaiting", "approved", "approved"], [])
    with database.begin() as connection:
        done, left = decide_many(connection, [(KEY, 1)], "approve", who="mara", at=now, second=TWO)
        assert (done, left) == ([], [KEY])
        done, left = decide_many(connection, [(KEY, 1)], "approve", who="tom", at=now, second=TWO)
        assert ([each.status for each in done], left) == (["approved"], [])


def test_an_undo_gives_back_who_was_first(database: Database, now: datetime) -> None:
    first = act(database, "approve", "mara", now)
    second = act(database, "approve", "tom", now)
    with database.begin() as connection:
        assert undo(connection, second.event_id, who="tom", at=now).status == "awaiting"
    assert look(database).decided_by == "mara"
    with pytest.raises(NotAllowed):
        act(database, "approve", "mara", now)
    with database.begin() as connection:
        assert undo(connection, first.event_id, who="mara", at=now).status == "pending"
    assert look(database).decided_by is None


def test_a_revision_of_what_two_approved_takes_two_again(database: Database, now: datetime) -> None:
    act(database, "approve", "mara", now)
    act(database, "approve", "tom", now)
    version = look(database).version
    with database.begin() as connection:
        asked = revisions.ask(connection, KEY, version=version, wish="shorter", who="tom", at=now)
        by = {"provider": "offline", "model": "offline-1"}
        offer(connection, asked.id, text="A drawer.", weighted_length=9, **by, request_id="r", at=now)
    with database.begin() as connection:
        done = revisions.decide_revision(
            connection, asked.id, TAKE_REVISION, who="tom", at=now, version=version, second=TWO
        )
    assert (done.status, look(database).decided_by) == ("awaiting", "tom")
    assert act(database, "approve", "mara", now).status == "approved"


def test_what_was_approved_before_anybody_asked_for_two_stays_so(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        decide(connection, KEY, "approve", who="mara", at=now, version=0)
        decide(connection, KEY, "export", who="export", at=now, version=1, second=TWO)
    assert act(database, "post", "mara", now).status == "posted"


def test_what_waits_when_nobody_asks_for_two_any_more_takes_anybody(database: Database, now: datetime) -> None:
    act(database, "approve", "mara", now)
    with database.begin() as connection:
        done = decide(connection, KEY, "approve", who="mara", at=now, version=1, second=NOWHERE)
    assert done.status == "approved"


def test_what_is_found_posted_at_x_is_posted(database: Database, now: datetime) -> None:
    act(database, "approve", "mara", now)
    with database.begin() as connection:
        done, left = mark_posted(connection, [PostedSuggestion(KEY, 1, now)], who="outcomes", at=now)
    assert ([each.status for each in done], left) == (["posted"], [])


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_one_person_alone_never_leads_to_approved_or_out(status: str, decided: bool) -> None:
    """Of all statuses and actions: only what stands approved already goes on by one person."""
    stands = status in ("approved", "edited", "posted") or (status == "exported" and decided)
    for action in (*ACTIONS, TAKE_REVISION):
        reached = after_revision(status) if action == TAKE_REVISION else after(status, action)
        if reached is None:
            continue
        try:
            reached = with_two(action, status, reached, decided=decided, first="mara", who="Mara")
        except OneIsNotEnough:
            assert not stands
            continue
        changed_text = action in (EDIT, TAKE_REVISION)
        assert reached in ("pending", "awaiting", "rejected") or (stands and not changed_text), (action, reached)
