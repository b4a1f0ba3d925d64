"""Posts taken over, on both databases: marked once, undone for good, and never against a person's decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.posted.own_post import AnswerSeen, OwnPost, merged
from viral_assets.posted.take_over import WHO, TakenOver, take_over, undo_last
from viral_assets.store.audit import history
from viral_assets.store.decision_undo import undo
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import note_forgotten
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    posted_replies,
    reply_snapshots,
    tweets,
)
from viral_assets.upkeep.forget import forget
from viral_assets_tests.conftest import NewDatabase
from viral_assets_tests.delivery.examples import HOUR, TYPES
from viral_assets_tests.laws import tried_on
from viral_assets_tests.posted.examples import (
    CHARGER,
    MIRROR,
    NOW,
    POSTED_AT,
    REPLY,
    TWEET,
    WHICH,
    everything,
    id_at,
    looked,
    post,
    remember,
    statuses,
)
from viral_assets_tests.store.rows import empty, stored

KEY = SuggestionKey("unplugged", TWEET, TYPES[0])


def taken(database: Database, *posts: OwnPost, answers: Sequence[AnswerSeen] = (), **how: Any) -> TakenOver:
    with database.begin(dry_run=how.pop("dry_run", False)) as connection:
        return take_over(connection, posts, answers, now=how.pop("now", NOW), **how)


def test_a_reply_is_marked_as_posted_with_the_text_as_it_was_and_can_be_undone(database: Database) -> None:
    remember(database)
    done = taken(database, post("@mara_writes The charger lives in our kitchen, mine too. Only version that lasted."))
    assert (done.marked, done.attached, done.snapshots) == ([KEY], 0, 1)
    assert done.told_by == {"like_text": 1}
    wrote = "The charger lives in our kitchen, mine too. Only version that lasted."
    assert statuses(database)[TYPES[0]] == ("posted", wrote)
    with database.read() as connection:
        (event,) = history(connection, "unplugged", TWEET)
    assert (event.who, event.action, event.from_status, event.to_status) == (WHO, "post", "approved", "posted")
    assert (event.from_text, event.to_text) == (CHARGER, wrote)
    (row,) = [each for each in stored(database, comment_suggestions) if each["status"] == "posted"]
    assert (row["original_text"], row["decided_at"], row["decided_by"]) == (CHARGER, POSTED_AT, WHO)
    with database.begin() as connection:
        undo(connection, event.id, who="Mara", at=NOW)
    assert statuses(database)[TYPES[0]] == ("approved", CHARGER)
    (row,) = [each for each in stored(database, comment_suggestions) if each["status"] == "approved"]
    assert (row["decided_at"], row["decided_by"]) == (HOUR, "Mara")


def test_the_same_again_changes_nothing(database: Database) -> None:
    remember(database)
    taken(database, post())
    before = everything(database)
    again = taken(database, post(), now=NOW + timedelta(hours=5))
    assert (again.known, again.marked, again.snapshots) == (1, [], 0)
    assert everything(database) == before


def test_what_a_person_undid_is_not_marked_again_and_its_counts_go_on(database: Database) -> None:
    remember(database)
    taken(database, post())
    assert undo_last(database, NOW) == (1, 0)
    assert undo_last(database, NOW) is None
    done = taken(database, post(seen=(looked(72, "b"),)))
    assert (done.marked, done.known, done.snapshots) == ([], 1, 1)
    assert statuses(database)[TYPES[0]][0] == "approved"


def test_an_undo_leaves_what_a_person_has_changed_since(database: Database) -> None:
    remember(database)
    taken(database, post())
    with database.begin() as connection:
        version = connection.scalar(
            sa.select(comment_suggestions.c.version).where(comment_suggestions.c.status == "posted")
        )
        decide(connection, KEY, "reopen", who="Mara", at=NOW, version=version or 0)
    assert undo_last(database, NOW) == (0, 1)
    assert statuses(database)[TYPES[0]][0] == "pending"


def test_what_a_person_marked_stays_theirs_and_gets_its_reply(database: Database) -> None:
    remember(database, ("posted",))
    done = taken(database, post("@mara_writes " + CHARGER + " Really."))
    assert (done.marked, done.attached, done.snapshots) == ([], 1, 1)
    assert statuses(database)[TYPES[0]] == ("posted", CHARGER)
    (reply,) = stored(database, posted_replies)
    assert (reply["text"], reply["found_by"]) == ("@mara_writes " + CHARGER + " Really.", "like_text")
    with database.read() as connection:
        assert history(connection, "unplugged", TWEET) == []


def test_what_a_person_rejected_stays_rejected_and_is_listed(database: Database) -> None:
    remember(database)
    done = taken(database, post(MIRROR))
    (conflict,) = done.conflicts
    assert "rejected" in conflict.why
    assert "Mara" in conflict.why
    assert conflict.keys == (SuggestionKey("unplugged", TWEET, TYPES[2]),)
    assert statuses(database)[TYPES[2]][0] == "rejected"
    assert stored(database, posted_replies) == []


def test_two_posts_that_may_be_the_same_suggestion_are_listed_and_the_surest_is_taken(database: Database) -> None:
    remember(database)
    by_hand = [post("Something else.", post_id=id_at(POSTED_AT, n), seen=()) for n in (1, 2)]
    unclear = taken(database, *by_hand)
    assert (unclear.marked, len(unclear.unclear)) == ([], 2)
    done = taken(database, *by_hand, post())
    assert (done.marked, len(done.unclear)) == ([KEY], 2)
    late = taken(database, by_hand[0])
    assert [REPLY in each.why for each in late.unclear] == [True]


def test_of_several_at_once_one_marks_and_the_others_know(database: Database) -> None:
    remember(database)
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: taken(database, post()), range(4)))
    assert sorted((len(each.marked), each.known, each.snapshots) for each in done) == [(0, 1, 0)] * 3 + [(1, 0, 1)]
    with database.read() as connection:
        assert len(history(connection, "unplugged", TWEET)) == 1


def test_a_dry_run_says_the_same_and_changes_nothing(database: Database) -> None:
    remember(database)
    before = everything(database)
    would = taken(database, post(), dry_run=True)
    assert everything(database) == before
    assert taken(database, post()) == would


def test_another_project_is_left_alone(database: Database) -> None:
    remember(database)
    assert taken(database, post(), project="another").none == 1
    assert taken(database, post(answers=None), project="another").none == 1
    assert taken(database, post(answers=None), project="unplugged").marked == [KEY]


def test_a_post_longer_than_others_may_write_is_kept_with_the_reply_alone(database: Database) -> None:
    remember(database)
    long = "A word. " * 60
    taken(database, post(long))
    assert statuses(database)[TYPES[0]] == ("posted", CHARGER)
    assert stored(database, posted_replies)[0]["text"] == long


def test_unknown_is_not_zero_and_no_reply_is_no_answer_of_the_author(database: Database) -> None:
    remember(database)
    looks = (looked(1, "a", view_count=50), looked(24, "b", reply_count=0), looked(72, "c", author_answered=True))
    taken(database, post(seen=looks))
    rows = sorted(stored(database, reply_snapshots), key=lambda row: row["source"])
    assert [(row["view_count"], row["reply_count"], row["like_count"]) for row in rows] == [
        (50, None, None),
        (None, 0, None),
        (None, None, None),
    ]
    assert [row["author_answered"] for row in rows] == [None, False, True]
    assert taken(database, post(seen=())).snapshots == 0


@pytest.mark.parametrize(
    ("handle", "author_id", "expected"),
    [("Mara_Writes", None, 1), ("mara_writes", "501", 1), ("somebody", None, 0), ("mara_writes", "7", 0)],
)
def test_an_answer_counts_as_the_authors_by_id_else_by_handle(
    database: Database, handle: str, author_id: str | None, expected: int
) -> None:
    remember(database)
    with database.begin() as connection:
        connection.execute(sa.update(tweets).values(author_id="501"))
    answer = AnswerSeen(REPLY, handle, author_id, POSTED_AT + timedelta(hours=2), "f")
    taken(database, post(seen=()), answers=[answer])
    rows = stored(database, reply_snapshots)
    assert [row["author_answered"] for row in rows] == [True] * expected


def test_a_text_that_comes_later_is_kept(database: Database) -> None:
    remember(database)
    taken(database, post("", seen=()))
    taken(database, post())
    assert stored(database, posted_replies)[0]["text"] == CHARGER
    taken(database, post("Another text."))
    assert stored(database, posted_replies)[0]["text"] == CHARGER


@pytest.mark.parametrize("what", [TWEET, REPLY], ids=["its tweet", "itself"])
def test_what_is_to_be_forgotten_takes_its_reply_and_counts_along_and_does_not_come_back(
    database: Database, what: str
) -> None:
    remember(database)
    taken(database, post())
    done = forget(database, [("tweet", what)], NOW)
    assert (done.rows["posted_replies"], done.rows["reply_snapshots"]) == (1, 1)
    assert stored(database, posted_replies) == stored(database, reply_snapshots) == []
    again = taken(database, post())
    assert (again.marked, stored(database, posted_replies)) == ([], [])


def test_a_reply_that_is_to_be_forgotten_is_passed_over(database: Database) -> None:
    remember(database)
    with database.begin() as connection:
        note_forgotten(connection, [("tweet", REPLY)], {}, NOW)
    done = taken(database, post())
    assert (done.forgotten, done.marked) == (1, [])


SUGGESTED = {number: id_at(HOUR + timedelta(minutes=number)) for number in range(4)}


@st.composite
def sources(draw: st.DrawFn) -> list[list[OwnPost]]:
    """Files about the same few replies, each with some of them and counts of its own."""
    files = []
    said = {number: f"{number} {draw(st.sampled_from([CHARGER, WHICH]))}" for number in SUGGESTED}
    for name in "abc"[: draw(st.integers(1, 3))]:
        of_file = []
        for number, tweet_id in SUGGESTED.items():
            if draw(st.booleans()):
                counts = {"view_count": draw(st.none() | st.integers(0, 99))}
                look = looked(draw(st.integers(1, 90)), name, **counts)
                known = {"post_id": id_at(POSTED_AT, number), "answers": tweet_id}
                of_file.append(post(said[number], **known, seen=(look,) if look.says_anything else ()))
        files.append(of_file)
    return files


LAW = (comment_suggestions, comment_opportunities, posted_replies, reply_snapshots)


@tried_on(1 / 4)
@given(files=sources(), data=st.data())
def test_files_may_come_in_any_order_and_twice(
    database_of_laws: Database, files: list[list[OwnPost]], data: st.DataObject
) -> None:
    database, found = database_of_laws, []
    other = data.draw(st.permutations(files))
    # All at once, in another order, twice, and one after the other.
    for runs in ([files], [other], [[*files, *files]], [[file] for file in other]):
        empty(database, LAW)
        for tweet_id in SUGGESTED.values():
            remember(database, ("approved",), tweet_id=tweet_id)
        for order in runs:
            taken(database, *(each for file in order for each in file))
        rows = [stored(database, table) for table in LAW]
        taken(database, *(each for file in reversed(files) for each in file))
        assert [stored(database, table) for table in LAW] == rows
        found.append(rows)
    assert all(each == found[0] for each in found)


@given(files=sources())
def test_what_is_known_of_a_post_is_the_same_in_any_order(files: list[list[OwnPost]]) -> None:
    posts = [each for file in files for each in file]
    assert merged(posts) == merged(reversed(posts)) == merged(merged(posts).values())


@pytest.fixture(scope="module")
def database_of_laws(new_database: NewDatabase) -> Iterator[Database]:
    with new_database("sqlite") as database:
        yield database
