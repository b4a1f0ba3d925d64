"""What cannot be left out, and nothing else, in a process of its own: ``_speed_bounds.py NAME ARGUMENTS``."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any


def ingest(file: str, database: str) -> None:
    """A file's hash, its lines parsed, a text's hash, and the rows in three tables that are there."""
    import orjson

    with Path(file).open("rb") as content:
        hashlib.file_digest(content, "sha256")
    with closing(sqlite3.connect(database, isolation_level=None)) as connection, Path(file).open("rb") as lines:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16384")
        rows: list[tuple[Any, ...]] = []
        for line in lines:
            rows.append(_row(orjson.loads(line)))
            if len(rows) == 5_000:
                _write(connection, rows)
                rows = []
        _write(connection, rows)


def _row(tweet: dict[str, Any]) -> tuple[Any, ...]:
    author, counts, text = tweet["author"], tweet["public_metrics"], tweet["text"]
    when = datetime.fromisoformat(tweet["created_at"]).isoformat(" ", "microseconds")[:-6]
    return (
        tweet["id"], f"{when[:13]}:00:00.000000", when, when, tweet["author_id"], author["username"], author["name"],
        author["public_metrics"]["followers_count"], False, text, hashlib.sha256(text.encode()).hexdigest(),
        tweet["lang"], False, False, False, counts["like_count"], counts["reply_count"], counts["retweet_count"],
        counts["quote_count"], counts.get("impression_count"), counts.get("bookmark_count"), None,
    )  # fmt: skip


_COLUMNS = """tweet_id, window_start, created_at, collected_at, author_id, author_handle, author_name, author_followers,
author_verified, text, text_sha256, lang, is_retweet, is_reply, is_quote, like_count, reply_count, retweet_count,
quote_count, view_count, bookmark_count, conversation_id"""
"""Of a row, in its order; those that came later have defaults, so that older builds can be measured too."""


def _write(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    rows.sort()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO tweets ({_COLUMNS}) VALUES ({', '.join('?' * 22)})", rows)
    connection.executemany(
        "INSERT INTO tweet_snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(row[0], row[3], *row[15:21]) for row in rows]
    )
    connection.executemany("INSERT INTO tweet_projects VALUES (?, '*')", [row[:1] for row in rows])
    connection.execute("COMMIT")


def export(database: str, file: str) -> None:
    """Suggestions with their tweets, best first, as rows of a CSV file; then each marked, with an event."""
    query = """SELECT o.total, o.project, o.tweet_id, o.label, o.topic, o.why, t.author_handle, t.text, t.created_at,
    t.view_count, t.like_count, s.suggestion_type, s.text, s.weighted_length, s.status
    FROM comment_suggestions s JOIN comment_opportunities o ON o.project = s.project AND o.tweet_id = s.tweet_id
    JOIN tweets t ON t.tweet_id = s.tweet_id ORDER BY o.total DESC, o.project, o.tweet_id, s.position"""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        found = connection.execute(query).fetchall()
        by_tweet: dict[tuple[str, str], list[Any]] = {}
        for row in found:
            by_tweet.setdefault((row[1], row[2]), list(row[:11])).extend(row[11:])
        with Path(file).open("w", newline="", encoding="utf-8") as target:
            csv.writer(target).writerows(by_tweet.values())
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE comment_suggestions SET status = 'exported', version = version + 1"
            " WHERE project = ? AND tweet_id = ? AND suggestion_type = ?",
            [(row[1], row[2], row[11]) for row in found],
        )
        connection.executemany(
            "INSERT INTO suggestion_events (batch, project, tweet_id, suggestion_type, at, who, action, from_status,"
            " to_status, to_text, reason, version) VALUES (1, ?, ?, ?, '2026-11-23 00:00:00.000000', 'bound', 'export',"
            " 'pending', 'exported', ?, '', 1)",
            [(row[1], row[2], row[11], row[12]) for row in found],
        )
        connection.execute("COMMIT")


def typer_help() -> None:
    """The help of two commands."""
    import typer

    app = typer.Typer()
    app.command("one")(lambda: None)
    app.command("other")(lambda: None)
    app(["--help"])


def typer_and_sqlalchemy(database: str) -> None:
    """One statement, by a command."""
    import sqlalchemy as sa
    import typer

    def one() -> None:
        with sa.create_engine(f"sqlite:///{database}").connect() as connection:
            connection.execute(sa.text("SELECT 1"))

    typer.run(one)


if __name__ == "__main__":
    name, arguments = sys.argv[1], sys.argv[2:]
    sys.argv = sys.argv[:1]
    globals()[name](*arguments)
