"""Why a tweet was left out: the first thing against it, with the particular, worked out from what is stored."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HOUR
from viral_assets.projects.model import Project
from viral_assets.queries.reselect import NOTHING, FirstObjection, read_scored, reselect
from viral_assets.queries.why import NOT_RUN, ProjectAnswer, TweetAnswer, why
from viral_assets.store.engine import Database
from viral_assets.store.rejects import write_rejects
from viral_assets.store.tables import ingested_files, metadata, selection_counts
from viral_assets.store.taken import TakenTweet, take_tweet
from viral_assets.vocabulary import CHOSEN
from viral_assets_tests.queries.worked_on import AT, GOOD, ingest, project, tweet, vectors, work_on
from viral_assets_tests.store.rows import stored

OTHERS = (
    "Our kids scroll on their phone through every dinner, what rules about screen time worked for you?",
    "Deleted every app, and my screen time fell from six hours to one. Anyone else tried it?",
    "Is reading on a phone at night also screen time, or am I fooling myself?",
    "My phone says 7 hours of screen time today. How is that even possible?",
)


def asked(database: Database, row: dict[str, Any], *projects: Project) -> TweetAnswer:
    with database.read() as connection:
        return why(connection, row["tweet_id"], {each.name: each for each in projects}, lambda _: vectors())


def of_one(database: Database, row: dict[str, Any], of: Project) -> ProjectAnswer:
    (answer,) = asked(database, row, of).projects
    return answer


def against(database: Database, row: dict[str, Any], of: Project) -> FirstObjection:
    return of_one(database, row, of).against


def test_a_chosen_one_has_its_rank_and_its_scores(database: Database) -> None:
    of, row = project(), tweet(1)
    ingest(database, [row])
    work_on(database, of)
    answer = of_one(database, row, of)
    assert (answer.against.reason, answer.rank, answer.gate) == (CHOSEN, 1, "pass")
    assert answer.scores["relevance"]
    assert answer.outcome == ""


AGAINST_ITSELF: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"author_followers": 12}, {}, "minima", "12 followers of the 1,000 that minima.followers asks for"),
    ({"view_count": None}, {"minima": {"views": 5, "unknown": "fail"}}, "unknown", "views unknown"),
    ({"is_retweet": True}, {}, "gate", "a retweet"),
    ({"is_promoted": True}, {}, "gate", "promoted: somebody paid to have it shown (sources.promoted: leave_out)"),
    ({"lang": "es"}, {}, "gate", "in es, and the project wants en"),
    ({}, {"sources": {"blocked_keywords": ["lottery", "phone"]}}, "gate", 'contains "phone"'),
    ({}, {"sources": {"block_handles": ["author_1"]}}, "gate", "@author_1 is blocked"),
    ({}, {"thresholds": {"yellow": 0.98, "green": 0.99}}, "label", "yellow begins at 0.98"),
    (
        {"text": "Which book do you read at night?"},
        {"minima": {"relevance": 1.0}},
        "relevance",
        "and minima.relevance asks for 1.00",
    ),
    ({"text": f"My mother passed away last night. {GOOD}"}, {}, "grief", "not safe to answer: grief and death (“"),
    ({}, {"engagement": {"quiet_days": ["saturday"]}}, "quiet", "ends on Saturday, 2026-11-21 at 21:00 UTC"),
    ({"text": "The new stadium opens next week"}, {}, "gate", "off topic: relevance 0.0"),
    ({"text": "https://t.co/a https://t.co/b https://t.co/c read this now"}, {}, "gate", "link spam: 3 links"),
]
"""Of a tweet by author_1: what is changed in it, what in the project, and what that is called and told."""


def test_what_its_own_row_has_against_it_is_told_with_the_particular(database: Database) -> None:
    for number, (changes, settings, reason, words) in enumerate(AGAINST_ITSELF, 1):
        of = project(name=f"case_{number}", **settings)
        row = tweet(number, **{"author_handle": "author_1", **changes})
        ingest(database, [row], project=of.name)
        work_on(database, of)
        found = against(database, row, of)
        assert found.reason == reason, (changes, settings)
        assert words in found.words, (changes, settings)


def test_what_a_person_took_after_all_says_so(database: Database) -> None:
    of, row = project(), tweet(1, author_followers=12)
    ingest(database, [row])
    work_on(database, of)
    said = against(database, row, of).words
    with database.begin() as connection:
        assert take_tweet(
            connection, of.name, row["tweet_id"], from_id=None, from_handle=None, who="Mara", at=AT + HOUR, reason=said
        )
    answer = of_one(database, row, of)
    assert (answer.against.reason, answer.taken) == (CHOSEN, TakenTweet("Mara", AT + HOUR, said))


def test_a_near_duplicate_names_the_tweet_that_said_it_before(database: Database) -> None:
    of, first, again, same_hour = project(), tweet(1, at=AT - HOUR), tweet(2), tweet(3, OTHERS[0])
    twin = tweet(4, OTHERS[0] + " https://t.co/x")
    ingest(database, [first, again, same_hour, twin])
    work_on(database, of, [AT - HOUR, AT])
    found = against(database, again, of)
    assert (found.reason, found.other) == ("duplicate", first["tweet_id"])
    assert "2026-11-21 19:00 UTC says (in the same words)" in found.words
    assert against(database, twin, of).other == same_hour["tweet_id"]


def test_whose_turn_it_is_names_the_turn_and_until_when(database: Database) -> None:
    of = project()
    first, again = tweet(1, at=AT - HOUR), tweet(2, OTHERS[0], author_id="1")
    other = tweet(3, OTHERS[1], conversation_id=first["conversation_id"])
    ingest(database, [first, again, other])
    work_on(database, of, [AT - HOUR, AT])
    author, conversation = against(database, again, of), against(database, other, of)
    for found, reason in ((author, "author"), (conversation, "conversation")):
        assert (found.reason, found.other) == (reason, first["tweet_id"])
        assert found.until == datetime.fromisoformat("2026-11-28T19:00:00+00:00")
        assert "until 2026-11-28 19:00 UTC" in found.words


def test_the_cap_tells_the_place_that_the_tweet_had(database: Database) -> None:
    of = project(max_candidates=2)
    rows = [tweet(number, text) for number, text in enumerate(OTHERS)]
    ingest(database, rows)
    work_on(database, of)
    with database.read() as connection:
        totals = read_scored(connection, of.name, {AT: 0.0}).set_index("tweet_id")["total"]
    last = totals.sort_values().index[0]
    found = against(database, {"tweet_id": last}, of)
    assert found.reason == "over_the_cap"
    assert "number 4 by score of what else could be chosen (max_candidates: 2)" in found.words
    daily = project(name="daily", engagement={"replies_per_day": 1})
    work_on(database, daily)
    assert "replies_per_day: 1" in against(database, {"tweet_id": last}, daily).words


def test_the_reasons_add_up_to_what_the_run_counted(database: Database) -> None:
    of = project(max_candidates=3, minima={"followers": 1000})
    rows = [tweet(number, OTHERS[number % 4], author_id=str(number // 2 + number % 3)) for number in range(12)]
    rows += [tweet(20, author_followers=3), tweet(21, is_retweet=True), tweet(22, "Nothing but weather")]
    ingest(database, rows)
    work_on(database, of)
    with database.read() as connection:
        again = reselect(connection, of, {AT: 0.0}, vectors())
        found = Counter(each.reason for row in rows if (each := again.against(row["tweet_id"])))
    assert found == {row["reason"]: row["tweets"] for row in stored(database, selection_counts)}
    assert {"duplicate", "minima", "gate", CHOSEN} < set(found)


def test_asking_writes_nothing(database: Database) -> None:
    of, rows = project(max_candidates=1), [tweet(number, text) for number, text in enumerate(OTHERS)]
    ingest(database, rows)
    work_on(database, of)
    before = {name: stored(database, table) for name, table in metadata.tables.items()}
    for row in rows:
        asked(database, row, of)
    assert {name: stored(database, table) for name, table in metadata.tables.items()} == before


def test_a_run_with_other_options_is_no_reason(database: Database) -> None:
    of, rows = project(), [tweet(number, text) for number, text in enumerate(OTHERS)]
    ingest(database, rows)
    work_on(database, of, max_candidates=3)
    found = Counter(against(database, row, of).reason for row in rows)
    assert found == {CHOSEN: 3, NOTHING: 1}


def test_an_hour_that_never_ran_and_a_tweet_that_came_too_late(database: Database) -> None:
    of, row, late = project(), tweet(1), tweet(2, OTHERS[0])
    ingest(database, [row])
    found = of_one(database, row, of)
    assert (found.against.reason, found.scores) == (NOT_RUN, {})
    assert "has not been worked on" in found.against.words
    work_on(database, of)
    ingest(database, [late])
    assert "read after its hour had been worked on" in against(database, late, of).words


def test_a_tweet_that_nobody_has_read_and_one_in_quarantine(database: Database) -> None:
    row = tweet(1)
    assert asked(database, row, project()) == TweetAnswer(row["tweet_id"], rejected=[])
    record = {
        "source": "bad.csv",
        "source_sha256": "0" * 64,
        "reason": "bad_time",
        "detail": "no time",
        "rejected_at": AT,
    }
    raws = [f"{row['tweet_id']},hello,yesterday", f"7{row['tweet_id']},hello,yesterday"]
    with database.begin() as connection:
        write_rejects(connection, [{**record, "locator": f"line {at}", "raw": raw} for at, raw in enumerate(raws)])
    (found,) = asked(database, row, project()).rejected
    assert (found.source, found.locator, found.reason) == ("bad.csv", "line 0", "bad_time")


def test_it_tells_of_the_projects_that_the_tweet_came_for_and_of_the_files_it_may_be_from(database: Database) -> None:
    mine, other = project(), project(name="other")
    row = tweet(1)
    ingest(database, [row], project="other")
    counts = ("records_read", "records_new", "records_updated", "records_unchanged", "records_rejected")
    file = {"format": "json", "ingested_at": AT, "first_window": AT, **dict.fromkeys(counts, 1)}
    with database.begin() as connection:
        for name, last in (("a.json", AT), ("b.json", AT - HOUR)):
            values = {**file, "sha256": name, "project": "other", "name": name, "last_window": last}
            connection.execute(sa.insert(ingested_files).values(values))
    answer = asked(database, row, mine, other)
    assert [each.project for each in answer.projects] == ["other"]
    assert [each.name for each in answer.read_from] == ["a.json"]
    assert answer.first_seen == row["collected_at"]


def test_no_more_of_an_hour_is_read_than_can_be_in_the_way_and_the_answer_is_the_same(database: Database) -> None:
    of = project(max_candidates=3)
    rows = [tweet(number, OTHERS[number % 4], author_id=str(number // 2 + number % 3)) for number in range(12)]
    ingest(database, rows)
    work_on(database, of)
    with database.read() as connection:
        totals = read_scored(connection, of.name, {AT: 0.0}).set_index("tweet_id")["total"]
        whole = reselect(connection, of, {AT: 0.0}, vectors())
        read = []
        for tweet_id, total in totals.items():
            read.append(len(read_scored(connection, of.name, {AT: total})))
            part = reselect(connection, of, {AT: total}, vectors())
            assert part.against(str(tweet_id)) == whole.against(str(tweet_id))
    assert min(read) < max(read) == len(rows)
