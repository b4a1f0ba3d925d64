"""Out of the quarantine: by another option, by a mended text, by the file read again; nothing leaves it unread."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.hours import HourRange
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.sources.files.quarantine import quarantine_file
from viral_assets.sources.files.retry_rejects import RetryOptions, retry_rejects
from viral_assets.sources.parsers.rounded_ids import may_be_rounded
from viral_assets.store.engine import Database
from viral_assets.store.references import read_contexts
from viral_assets.store.rejects import RejectFilter, count_rejects_by_reason, read_rejects
from viral_assets.store.tweet_frames import read_tweets
from viral_assets_tests.sources.examples import NOW, id_at, json_lines, tweet

EVER = HourRange(datetime(2006, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
LATER = NOW + timedelta(hours=6)
OPTIONS = RetryOptions(LATER)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tweets"


def ids(database: Database, project: str | None = None) -> set[str]:
    with database.read() as connection:
        return {*read_tweets(connection, EVER, project=project)["tweet_id"]}


def reasons(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return count_rejects_by_reason(connection)


def table(path: Path) -> None:
    path.write_text("id,text,date\n20,one,2026-11-21T20:00:00Z\n21,two,yesterday\n22,,2026-11-21T20:00:00Z\n")


def test_a_file_that_was_read_is_read_again_when_told(database: Database, path: Path) -> None:
    path.write_text('id,Was,text,date\n20,one,,2026-11-21T20:00:00Z\n21,two,,"November 21, 2026 at 02:00 PM"\n')
    first = ingest_file(database, path, IngestOptions(NOW, project="one"))
    assert first.reject_reasons == Counter(no_text=2)
    again = ingest_file(database, path, IngestOptions(LATER, project="one", columns={"text": ["Was"]}, again=True))
    assert (again.read, again.new, again.rejected) == (2, 2, 0)
    assert reasons(database) == {}
    third = ingest_file(database, path, IngestOptions(LATER, project="one", columns={"text": ["Was"]}, again=True))
    assert (third.new, third.updated, third.unchanged) == (0, 0, 2)


def test_retrying_reads_the_file_again_for_the_project_it_was_for(database: Database, path: Path) -> None:
    path.write_text("id,Was,text,date\n20,one,,2026-11-21T20:00:00Z\n21,two,,soon\n")
    ingest_file(database, path, IngestOptions(NOW, project="one"))
    (report,) = retry_rejects(database, RetryOptions(LATER, columns={"text": ["Was"]}))
    assert (report.before, report.accepted, report.left, report.counts.new) == (2, 1, Counter(bad_time=1), 1)
    assert (ids(database, "one"), ids(database, "two")) == ({"20"}, set())
    assert reasons(database) == {"bad_time": 1}


def test_of_a_file_that_is_gone_the_raw_texts_are_read(database: Database, path: Path) -> None:
    late = tweet(1, created_at="2026-11-21T22:00:00.000Z")
    path.write_bytes(json_lines({"data": late}, {"data": tweet(2, text=None)}))
    ingest_file(database, path, IngestOptions(NOW))
    path.unlink()
    (report,) = retry_rejects(database, OPTIONS)
    assert (report.before, report.accepted, report.left) == (2, 1, Counter(no_text=1))
    assert ids(database) == {late["id"]}
    assert reasons(database) == {"no_text": 1}


def test_a_row_of_a_table_whose_file_is_gone_stays(database: Database, path: Path) -> None:
    table(path)
    ingest_file(database, path, IngestOptions(NOW))
    path.unlink()
    (report,) = retry_rejects(database, OPTIONS)
    assert (report.accepted, report.left) == (0, Counter(bad_time=1, no_text=1))
    assert reasons(database) == {"bad_time": 1, "no_text": 1}


def test_mended_texts_are_read_in_place_of_the_raw_ones(database: Database, path: Path) -> None:
    table(path)
    ingest_file(database, path, IngestOptions(NOW))
    with database.read() as connection:
        rows = read_rejects(connection)
    fixed = {row["id"]: row["raw"].replace("yesterday", "2026-11-20T20:00:00Z") for row in rows}
    (report,) = retry_rejects(database, RetryOptions(LATER, fixed=fixed))
    assert (report.before, report.accepted) == (2, 1)
    assert (ids(database), reasons(database)) == ({"20", "21"}, {"no_text": 1})


def test_only_some_of_them(database: Database, path: Path) -> None:
    path.write_bytes(json_lines(tweet(1, created_at="2026-11-21T22:00:00Z"), tweet(2, created_at="soon")))
    ingest_file(database, path, IngestOptions(NOW))
    path.unlink()
    assert retry_rejects(database, OPTIONS, RejectFilter(reason="no_text")) == []
    (report,) = retry_rejects(database, OPTIONS, RejectFilter(reason="bad_time"))
    assert (report.before, report.accepted) == (1, 0)
    assert reasons(database) == {"bad_time": 1, "future": 1}


def test_a_file_that_could_not_be_read_at_all_may_be_readable_now(database: Database, path: Path) -> None:
    path.write_text("Nr,Was,Wann\n20,hi,2026-11-21T20:00:00Z\n")
    problem = ingest_file(database, path, IngestOptions(NOW)).problem
    assert problem
    quarantine_file(database, path, problem, NOW)
    (same,) = retry_rejects(database, OPTIONS)
    assert (same.accepted, same.how) == (0, problem)
    mapped = {"tweet_id": ["Nr"], "text": ["Was"], "created_at": ["Wann"]}
    (report,) = retry_rejects(database, RetryOptions(LATER, columns=mapped))
    assert report.accepted == 1
    assert (ids(database), reasons(database)) == ({"20"}, {})


def test_a_rounded_id_that_a_person_has_mended_is_taken_whatever_it_looks_like(database: Database, path: Path) -> None:
    path.write_text("id,text,date\n2.12604E+18,one,2026-11-21T20:00:00Z\n")
    ingest_file(database, path, IngestOptions(NOW))
    with database.read() as connection:
        (row,) = read_rejects(connection)
    alike = id_at("2026-11-21T20:00:00Z", 0)
    assert may_be_rounded(alike)
    fixed = {row["id"]: row["raw"].replace("2.12604E+18", alike)}
    (report,) = retry_rejects(database, RetryOptions(LATER, fixed=fixed))
    assert (report.accepted, ids(database)) == (1, {alike})


def test_what_a_mended_record_refers_to_is_kept_like_that_of_any_other(database: Database, path: Path) -> None:
    good, late = (
        tweet(number, referenced_tweets=[{"type": "quoted", "id": "20"}], created_at=at)
        for number, at in ((1, "2026-11-21T20:00:00Z"), (2, "2026-11-21T22:00:00Z"))
    )
    quoted = {"id": "20", "text": "just setting up my twttr", "author_id": "42"}
    path.write_bytes(json_lines({"data": [good, late], "includes": {"tweets": [quoted]}}))
    ingest_file(database, path, IngestOptions(NOW))
    path.unlink()
    with database.read() as connection:
        before = read_contexts(connection, [good["id"], late["id"]])
    retry_rejects(database, RetryOptions(LATER))
    with database.read() as connection:
        after = read_contexts(connection, [good["id"], late["id"]])
    assert {each: context.quotes and context.quotes.text for each, context in before.items()} == {
        good["id"]: "just setting up my twttr"
    }
    assert {each: context.quotes and context.quotes.text for each, context in after.items()} == {
        good["id"]: "just setting up my twttr",
        late["id"]: "just setting up my twttr",
    }
