"""What is to be forgotten goes wherever it stands, in one transaction, and nothing brings it back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from viral_assets.context import DELETED, Post, References
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, floor_hour
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.forgotten import subject_hash
from viral_assets.store.references import read_contexts, save_references
from viral_assets.store.teamwork import assign, note_card_seen
from viral_assets.store.tweets import upsert_tweets
from viral_assets.store.vectors import write_vectors
from viral_assets.upkeep.forget import forget
from viral_assets.vocabulary import COMPONENTS
from viral_assets_tests.store.rows import POSTED, tweet_row

NOW = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
SECRET = "the words of somebody"


def insert(database: Database, table: sa.Table, **values: Any) -> None:
    with database.begin() as connection:
        connection.execute(sa.insert(table).values(**values))


def everything_about(database: Database, tweet_id: str, handle: str, author_id: str, text: str = SECRET) -> None:
    """A tweet in every table that may hold its words or its author's name."""
    row = tweet_row(
        tweet_id, author_handle=handle, author_id=author_id, text=text, text_sha256=subject_hash(("tweet", text))
    )
    of = {"project": "p", "tweet_id": tweet_id, "window_start": floor_hour(POSTED)}
    chosen = {"total": 0.8, "label": "green", "topic": "t", "why": text}
    with database.begin() as connection:
        upsert_tweets(connection, [row], project="p")
        write_vectors(connection, "m", [row["text_sha256"]], np.ones((1, 2), dtype=np.float32))
    insert(database, tables.tweet_scores, **of, **chosen, **dict.fromkeys(COMPONENTS, 0.5), gate="pass")
    insert(database, tables.comment_opportunities, **of, **chosen, rank=1, from_id=author_id, from_handle=handle)
    written = {"text": text, "weighted_length": 8, "provider": "gemini", "model": "m", "request_id": "r", "position": 0}
    insert(database, tables.comment_suggestions, **of, **written, suggestion_type="add_value", created_at=NOW)
    ended = {"outcome": "done", "reason": text, "attempts": 1, "updated_at": NOW}
    insert(database, tables.generation_outcomes, **of, **ended)
    said = {"state": "sent", "message_id": tweet_id, "attempts": 1, "claimed_at": NOW, "reason": ""}
    insert(database, tables.notifications, channel="team", **of, **said)
    offer = {"quota_key": "k", "sharing": "s", "runner": "r", "opportunity": {"text": text}}
    insert(database, tables.tweet_offers, project="p", tweet_id=tweet_id, **offer)
    told = {
        "project": "p",
        "tweet_id": tweet_id,
        "suggestion_type": "add_value",
        "at": NOW,
        "who": "Mara",
        "version": 1,
    }
    event = {"action": "approve", "from_status": "pending", "to_status": "approved", "to_text": text, "reason": ""}
    insert(database, tables.suggestion_events, batch=1, **told, **event)
    asked = {"id": f"v{tweet_id}", "asked_at": NOW, "asked_by": "Mara", "wish": text, "state": "offered"}
    of_suggestion = {"project": "p", "tweet_id": tweet_id, "suggestion_type": "add_value"}
    insert(database, tables.suggestion_revisions, **of_suggestion, **asked, standing_text=text, draft=text, text=text)
    reply = {"reply_id": f"9{tweet_id}", "tweet_id": tweet_id}
    of_ours = {"project": "p", "suggestion_type": "add_value", "posted_at": NOW, "noted_at": NOW, "found_by": "id"}
    insert(database, tables.posted_replies, **reply, **of_ours, text=text)
    insert(database, tables.reply_snapshots, **reply, collected_at=NOW, source="f", view_count=5)
    with database.begin() as connection:
        assign(connection, "p", tweet_id, "Mara", by="Tom", at=NOW)
        note_card_seen(connection, "p", tweet_id, "Mara", NOW)
    record = {"source": "f", "source_sha256": tweet_id, "locator": "1", "reason": "no_id", "detail": ""}
    insert(database, tables.gone_tweets, tweet_id=tweet_id, noticed_at=NOW)
    insert(database, tables.rejected_records, **record, raw=json.dumps({"id": tweet_id, "t": text}), rejected_at=NOW)


def answer(database: Database, name: str, *ids: str, parsed: bool = True) -> None:
    of = {"quota_key": "k", "purpose": "generate", "project": "p", "provider": "gemini", "model": "m", "run_id": "r"}
    counted = {"counted_tokens": 10, "counted_cost_usd": 0.25, "status": "answered", "granted_at": 1.0}
    read = {"raw_answer": SECRET, "parsed_at": 2.0 if parsed else None, "tweet_ids": list(ids)}
    insert(database, tables.llm_requests, id=name, **of, **counted, **read)


def words_left(database: Database) -> dict[str, int]:
    """Tables in which the words, the name or the id still stand."""
    found = {}
    with database.read() as connection:
        for table in tables.metadata.sorted_tables:
            rows = [str(tuple(row)) for row in connection.execute(sa.select(table))]
            if count := sum(SECRET in row or "someone_else" in row or "'77001'" in row for row in rows):
                found[table.name] = count
    return found


@pytest.mark.parametrize(
    "subject", [("tweet", "77001"), ("handle", "Someone_Else"), ("author", "501")], ids=["tweet", "handle", "author"]
)
def test_nothing_is_left_and_others_keep_all(database: Database, subject: Any) -> None:
    everything_about(database, "77001", "someone_else", "501")
    everything_about(database, "88001", "neighbour", "502", text="other words")
    answer(database, "both", "77001", "88001")
    answer(database, "other", "88001")
    with database.begin() as connection:
        connection.execute(
            sa.update(tables.llm_requests).where(tables.llm_requests.c.id == "other").values(raw_answer="{}")
        )
    would = forget(database, [subject], NOW, dry_run=True)
    assert words_left(database)["tweets"] == 1
    done = forget(database, [subject], NOW)
    assert words_left(database) == {}
    assert done.rows == would.rows
    assert (done.rows["tweets"], done.rows["embeddings"], done.rows["llm_requests"]) == (1, 1, 1)
    assert done.hours == {floor_hour(POSTED)}
    with database.read() as connection:
        for table in tables.metadata.sorted_tables:
            if "tweet_id" in table.c and table.name not in {"generation_claims", "tweet_references"}:
                assert set(connection.scalars(sa.select(table.c.tweet_id))) == {"88001"}, table.name
        requests = tables.llm_requests.c
        kept = {
            row.id: row
            for row in connection.execute(sa.select(requests.id, requests.tweet_ids, requests.counted_cost_usd))
        }
    assert kept["both"].tweet_ids == ["", "88001"]
    assert {row.counted_cost_usd for row in kept.values()} == {0.25}


def test_the_audit_is_append_only_again_afterwards(database: Database) -> None:
    everything_about(database, "77001", "someone_else", "501")
    everything_about(database, "88001", "neighbour", "502", text="other words")
    forget(database, [("tweet", "77001")], NOW)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(sa.delete(tables.suggestion_events))


def test_no_file_brings_it_back_and_each_record_is_counted(sqlite_database: Database, tmp_path: Path) -> None:
    everything_about(sqlite_database, "77001", "someone_else", "501")
    forget(sqlite_database, [("handle", "someone_else")], NOW)
    rows = [
        {"id": "77001", "username": "renamed", "author_id": "501"},
        {"id": "77002", "username": "renamed", "author_id": "501"},
        {"id": "77003", "username": "SOMEONE_ELSE", "author_id": ""},
        {"id": "77004", "username": "neighbour", "author_id": "502"},
    ]
    path = tmp_path / "again.csv"
    lines = [f"{each['id']},{each['username']},{each['author_id']},hello there,2026-11-21T20:05:00Z,5" for each in rows]
    path.write_text("\n".join(["id,username,author_id,text,created_at,like_count", *lines]))
    report = ingest_file(sqlite_database, path, IngestOptions(NOW))
    assert report.problem is None
    assert (report.read, report.new, report.rejected) == (4, 1, 3)
    assert report.reject_reasons == {"forgotten": 3}
    assert sum(report.windows.values()) == 1
    with sqlite_database.read() as connection:
        assert set(connection.scalars(sa.select(tables.tweets.c.tweet_id))) == {"77004"}
        quarantined = set(connection.scalars(sa.select(tables.rejected_records.c.source_sha256)))
    assert report.sha256 not in quarantined, "nothing of it is kept there either"


def test_what_was_never_stored_is_kept_out_too(sqlite_database: Database) -> None:
    assert forget(sqlite_database, [("tweet", "5")], NOW).rows["tweets"] == 0
    with sqlite_database.begin() as connection:
        counts = upsert_tweets(connection, [tweet_row("5"), tweet_row("6")])
    assert (counts.new, counts.forgotten.total()) == (1, 1)


def test_a_text_that_somebody_else_has_too_keeps_its_vector(sqlite_database: Database) -> None:
    everything_about(sqlite_database, "77001", "someone_else", "501", text="good morning")
    everything_about(sqlite_database, "88001", "neighbour", "502", text="good morning")
    assert forget(sqlite_database, [("tweet", "77001")], NOW).rows["embeddings"] == 0
    with sqlite_database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.embeddings)) == 1


def test_an_answer_that_nobody_has_read_goes_too_and_others_are_asked_about_again(
    sqlite_database: Database,
) -> None:
    everything_about(sqlite_database, "77001", "someone_else", "501")
    answer(sqlite_database, "unread", "77001", "88001", parsed=False)
    forget(sqlite_database, [("tweet", "77001")], NOW)
    with sqlite_database.read() as connection:
        row = connection.execute(sa.select(tables.llm_requests)).one()
    assert (row.raw_answer, row.parsed_at) == (None, NOW.timestamp())


def test_digests_with_it_are_deleted_and_files_of_the_inbox_named(sqlite_database: Database, tmp_path: Path) -> None:
    everything_about(sqlite_database, "77001", "someone_else", "501")
    for name, text in (("digests/a.html", "x 77001 y"), ("digests/b.html", "x 7 y"), ("inbox/c.json", '"77001"')):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    done = forget(sqlite_database, [("tweet", "77001")], NOW, digests=tmp_path / "digests", inbox=tmp_path / "inbox")
    assert done.digests == [tmp_path / "digests" / "a.html"]
    assert done.files == [tmp_path / "inbox" / "c.json"]
    assert sorted(path.name for path in tmp_path.rglob("*.*") if path.is_file() and ".db" not in path.name) == [
        "b.html",
        "c.json",
    ]


def test_a_post_that_others_quote_is_gone_for_them_too(sqlite_database: Database) -> None:
    quoted = Post("77001", author_id="501", author_handle="someone_else", text=SECRET)
    with sqlite_database.begin() as connection:
        upsert_tweets(connection, [tweet_row("88001", author_handle="neighbour", author_id="502", is_quote=True)])
        save_references(connection, [("88001", NOW, References(quotes="77001", posts=(quoted,)))])
    forget(sqlite_database, [("handle", "Someone_Else")], NOW)
    with sqlite_database.begin() as connection:
        save_references(connection, [("88001", NOW + HOUR, References(quotes="77001", posts=(quoted,)))])
        save_references(connection, [("77001", NOW, References(alt_texts=(SECRET,)))])
        context = read_contexts(connection, ["88001"])["88001"]
    assert context.quotes == Post("77001", state=DELETED)
    assert words_left(sqlite_database).keys() <= {"tweet_references", "referenced_posts"}, "the id alone"
    with sqlite_database.read() as connection:
        kept = connection.execute(sa.select(tables.referenced_posts)).one()
    assert (kept.text, kept.author_id, kept.author_handle) == ("", None, "")


@pytest.mark.parametrize("subject", [("tweet", "77001"), ("handle", "Someone_Else"), ("author", "501")])
def test_digests_in_which_others_quote_it_are_deleted_too(
    sqlite_database: Database, tmp_path: Path, subject: Any
) -> None:
    quoted = Post("77001", author_id="501", author_handle="someone_else", text=SECRET)
    with sqlite_database.begin() as connection:
        upsert_tweets(connection, [tweet_row("88001", author_handle="neighbour", author_id="502", is_quote=True)])
        save_references(connection, [("88001", NOW, References(quotes="77001", posts=(quoted,)))])
    digests = tmp_path / "digests"
    digests.mkdir()
    (digests / "a.csv").write_text(f"88001,someone_else,{SECRET}")
    (digests / "b.csv").write_text("99001,another,words")
    would = forget(sqlite_database, [subject], NOW, digests=digests, dry_run=True)
    done = forget(sqlite_database, [subject], NOW, digests=digests)
    assert done == would
    assert (done.rows["referenced_posts"], done.digests) == (1, [digests / "a.csv"])
    assert done.hours == {floor_hour(POSTED)}, "theirs, to be written anew"
    assert (digests / "b.csv").exists()
    again = forget(sqlite_database, [subject], NOW, digests=digests)
    assert again.rows["referenced_posts"] == 0
    with sqlite_database.read() as connection:
        known = set(connection.scalars(sa.select(tables.forgotten_subjects.c.sha256)))
    assert subject_hash(("tweet", "77001")) in known
    assert subject_hash(("author", "501")) in known or subject[0] == "tweet"


def test_a_digest_of_an_account_whose_tweets_were_let_go_of_is_deleted(
    sqlite_database: Database, tmp_path: Path
) -> None:
    digests = tmp_path / "digests"
    digests.mkdir()
    for name, handle in (("a.html", "Someone_Else"), ("b.html", "someone_elsewhere")):
        (digests / name).write_text(f'<a href="https://x.com/{handle}/status/77001">')
    assert forget(sqlite_database, [("handle", "someone_else")], NOW, digests=digests).digests == [digests / "a.html"]


def test_while_the_archive_cannot_be_read_the_tables_still_know_what_is_to_go(
    sqlite_database: Database, tmp_path: Path
) -> None:
    everything_about(sqlite_database, "77001", "someone_else", "501")
    torn = tmp_path / "tweet_snapshots" / "2026-11-20.parquet"
    torn.parent.mkdir()
    torn.write_bytes(b"PAR1")
    with pytest.raises(ConfigurationError, match="mend it, or move it away"):
        forget(sqlite_database, [("handle", "someone_else")], NOW, archive=tmp_path)
    assert words_left(sqlite_database)["tweets"] == 1


def test_an_id_within_a_longer_one_is_another_record(sqlite_database: Database) -> None:
    record = {"source": "f", "source_sha256": "s", "reason": "no_id", "detail": "", "rejected_at": NOW}
    insert(sqlite_database, tables.rejected_records, **record, locator="1", raw='{"id": 770011}')
    insert(sqlite_database, tables.rejected_records, **record, locator="2", raw='{"id": 77001}')
    assert forget(sqlite_database, [("tweet", "77001")], NOW).rows["rejected_records"] == 1
