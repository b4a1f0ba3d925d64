"""A store as it is after a year: written in bulk, with the tables of whichever build is on the path.

Every hour has as many tweets, of which one in twenty was worth a reply and has three suggestions; of those three
quarters were posted or rejected, the others still wait. Texts are distinct, vectors are not: what they say does not
matter to a lookup by key. The same call writes the same store.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import sqlalchemy as sa
from _synthetic import tweet_id, tweets

from viral_assets.store import tables
from viral_assets.store.bulk import insert_columns
from viral_assets.store.engine import Database

END = datetime(2026, 11, 16, tzinfo=UTC)
"""Where history ends and what is measured begins: a Monday that has passed."""

PROJECT = "demo"
KEY = "benchmark"
DIMENSIONS = 256
HOURS_AT_ONCE = 48
ONE_IN = 20
TYPES = ("add_value", "ask_question", "mirror_reframe")
TOPICS = ("screen time", "kids and phones", "focus and attention", "digital detox", "sleep and screens")

Rows = list[dict[str, Any]]


def fill(database: Database, count: int, hours: int, model: str) -> None:
    """So many tweets of the hours before :data:`END`, half of them for everybody, and all that came of them.

    Args:
        model: of the vectors.
    """
    if not count:
        return
    texts = [each["text"] for each in tweets(20_000, 11, start=END - timedelta(hours=hours), hours=hours)]
    fill_hours(database, count, hours, 0, hours, texts, model)
    _optimise(database)


def fill_hours(database: Database, count: int, hours: int, begin: int, end: int, texts: list[str], model: str) -> None:
    """The part of it from one hour on and before another one."""
    for first in range(begin, end, HOURS_AT_ONCE):
        part = _hours(count, hours, first, min(first + HOURS_AT_ONCE, end), texts)
        with database.begin() as connection:
            for table, rows in part.items():
                _insert(connection, table, rows)
        _fill_vectors(database, model, [row["text_sha256"] for row in part[tables.tweets]])


def _insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    if rows:
        known = [name for name in rows[0] if name in table.c]
        insert_columns(connection, table, {name: [row[name] for row in rows] for name in known})


def _fill_vectors(database: Database, model: str, hashes: list[str]) -> None:
    """Of some hours, as runs write them: they lie together in the table, and all over its index."""
    vectors = _some_vectors()
    hashes = sorted(set(hashes))
    for at in range(0, len(hashes), 20_000):
        some = hashes[at : at + 20_000]
        columns = {
            "model": [model] * len(some),
            "text_sha256": some,
            "vector": [vectors[(at + number) % len(vectors)] for number in range(len(some))],
        }
        with database.begin() as connection:
            insert_columns(connection, tables.embeddings, columns)


@cache
def _some_vectors() -> list[bytes]:
    matrix = np.random.default_rng(3).standard_normal((1_000, DIMENSIONS), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return [row.tobytes() for row in matrix]


def _optimise(database: Database) -> None:
    """PostgreSQL has statistics by itself after a while; SQLite has none here, as it has none anywhere. Ids that were
    given are not to be given again."""
    if database.dialect == "postgresql":
        with database.begin() as connection:
            newest = sa.select(sa.func.max(tables.suggestion_events.c.id)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(tables.suggestion_events.name, "id")
            connection.execute(sa.select(sa.func.setval(sequence, newest)))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))


def _hours(count: int, hours: int, first: int, end: int, texts: list[str]) -> Mapping[sa.Table, Rows]:
    """The rows of the hours from ``first`` on and before ``end``, by table."""
    rng = random.Random(first)
    found: dict[sa.Table, Rows] = {table: [] for table in _TABLES}
    for number in range(count * first // hours, count * end // hours):
        posted = END - timedelta(hours=hours) + timedelta(hours=hours) * (number / count)
        posted = posted.replace(microsecond=0)
        tweet = _tweet(rng, number, posted, texts[number * 7 % len(texts)])
        found[tables.tweets].append(tweet)
        found[tables.tweet_snapshots].append({name: tweet[name] for name in tables.tweet_snapshots.c.keys()})  # noqa: SIM118
        key = {"project": PROJECT, "tweet_id": tweet["tweet_id"]}
        whose = "*" if number % 2 else PROJECT
        found[tables.tweet_projects].append({"tweet_id": tweet["tweet_id"], "project": whose})
        chosen = number % ONE_IN == 0
        scores = _scores(rng, chosen=chosen)
        place = {**key, "window_start": tweet["window_start"]}
        found[tables.tweet_scores].append({**place, **scores})
        if chosen:
            _add_opportunity(found, rng, number, place, tweet, scores)
    for hour in range(first, end):
        _add_hour(found, rng, END - timedelta(hours=hours - hour), count // hours)
    return found


_TABLES = (
    tables.tweets,
    tables.tweet_snapshots,
    tables.tweet_projects,
    tables.tweet_scores,
    tables.comment_opportunities,
    tables.generation_outcomes,
    tables.comment_suggestions,
    tables.suggestion_events,
    tables.llm_requests,
    tables.selection_counts,
    tables.ingested_files,
    tables.rejected_records,
)


def _tweet(rng: random.Random, number: int, posted: datetime, text: str) -> dict[str, Any]:
    text = f"{text} ({number})"
    likes = int(rng.paretovariate(0.7)) - 1
    author = number * 7919 % 200_003
    return {
        "tweet_id": tweet_id(posted, number % 4096),
        "window_start": posted.replace(minute=0, second=0),
        "created_at": posted,
        "collected_at": posted + timedelta(minutes=30),
        "author_id": str(10_000 + author),
        "author_handle": f"author_{author}",
        "author_name": f"Author {author}",
        "author_followers": author * 31 % 90_000,
        "author_verified": author % 10 == 0,
        "text": text,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "lang": "en",
        "is_retweet": False,
        "is_reply": number % 3 == 0,
        "is_quote": False,
        "like_count": min(likes, 10**6),
        "reply_count": likes % 50,
        "retweet_count": likes % 70,
        "quote_count": likes % 9,
        "view_count": 20 * min(likes, 10**6) + 30,
        "bookmark_count": None,
        "conversation_id": None,
    }


def _scores(rng: random.Random, *, chosen: bool) -> dict[str, Any]:
    total = rng.uniform(0.5, 1.0) if chosen else rng.uniform(0.0, 0.5)
    return {
        "velocity": total,
        "relevance": total,
        "openness": rng.random(),
        "author_quality": 0.5,
        "total": total,
        "label": "green" if total > 0.7 else "yellow" if total > 0.4 else "red",
        "topic": rng.choice(TOPICS),
        "gate": "pass" if chosen or rng.random() < 0.7 else "language",
        "why": f"{total:.0%}, asks a question",
        "unsafe": "",
        "flags": "",
    }


def _add_opportunity(
    found: Mapping[sa.Table, Rows],
    rng: random.Random,
    number: int,
    place: dict[str, Any],
    tweet: dict[str, Any],
    scores: dict[str, Any],
) -> None:
    judged = {name: scores[name] for name in ("total", "label", "topic", "why")}
    author = {"from_id": tweet["author_id"], "from_handle": tweet["author_handle"]}
    found[tables.comment_opportunities].append({**place, **judged, **author, "rank": number // ONE_IN % 6 + 1})
    written = tweet["collected_at"] + timedelta(minutes=45)
    decided = written + timedelta(hours=3)
    kept = number // ONE_IN % 4 == 0
    found[tables.generation_outcomes].append(
        {
            **place,
            "outcome": "done",
            "reason": "",
            "attempts": 1,
            "updated_at": written,
            "provider": "google-genai",
            "run_id": f"run-{place['window_start']:%Y%m%d%H}",
        }
    )
    for position, kind in enumerate(TYPES):
        status = "pending" if kept else "posted" if position == number % 3 else "rejected"
        text = f"{rng.choice(TOPICS)}: what a reply of the usual length says about it, in two sentences. ({number})"
        found[tables.comment_suggestions].append(
            {
                **place,
                "suggestion_type": kind,
                "position": position,
                "text": text,
                "weighted_length": len(text),
                "provider": "google-genai",
                "model": "a-model",
                "request_id": f"request-{number // ONE_IN}",
                "created_at": written,
                "status": status,
                "version": 0 if kept else 1,
                "original_text": None,
                "decided_at": None if kept else decided,
                "decided_by": None if kept else "somebody",
            }
        )
        if not kept:
            identity = number * len(TYPES) + position + 1
            found[tables.suggestion_events].append(
                {
                    "id": identity,
                    "batch": identity,
                    "project": place["project"],
                    "tweet_id": place["tweet_id"],
                    "suggestion_type": kind,
                    "at": decided,
                    "who": "somebody",
                    "action": "post" if status == "posted" else "reject",
                    "from_status": "pending",
                    "to_status": status,
                    "from_text": None,
                    "to_text": text,
                    "reason": "",
                    "from_decided_at": None,
                    "from_decided_by": None,
                    "version": 1,
                    "undoes": None,
                }
            )
    at = written.timestamp()
    found[tables.llm_requests].append(
        {
            "id": f"request-{number // ONE_IN}",
            "quota_key": KEY,
            "purpose": "generate",
            "project": place["project"],
            "provider": "google-genai",
            "model": "a-model",
            "run_id": f"run-{place['window_start']:%Y%m%d%H}",
            "status": "answered",
            "granted_at": at - 3,
            "finished_at": at,
            "counted_tokens": 900,
            "counted_cost_usd": 0.0004,
            "input_tokens": 600,
            "output_tokens": 300,
            "tweet_ids": [place["tweet_id"]],
            "finish_reason": "STOP",
            "raw_answer": "an answer of the usual length, " * 12,
            "parsed_at": at,
            "service_tier": "standard",
        }
    )


def _add_hour(found: Mapping[sa.Table, Rows], rng: random.Random, hour: datetime, count: int) -> None:
    for reason, part in (("chosen", 0.05), ("gate", 0.3), ("label", 0.5), ("minima", 0.15)):
        found[tables.selection_counts].append(
            {"project": PROJECT, "window_start": hour, "reason": reason, "tweets": int(count * part)}
        )
    name = f"{hour:%Y-%m-%d-%H}.jsonl"
    content = hashlib.sha256(name.encode()).hexdigest()
    found[tables.ingested_files].append(
        {
            "sha256": content,
            "project": "*",
            "name": name,
            "format": "X API v2, JSON lines",
            "records_read": count,
            "records_new": count,
            "records_updated": 0,
            "records_unchanged": 0,
            "records_rejected": 1,
            "first_window": hour,
            "last_window": hour,
            "ingested_at": hour + timedelta(hours=1),
        }
    )
    found[tables.rejected_records].append(
        {
            "source": name,
            "source_sha256": content,
            "locator": f"line {rng.randrange(count + 1)}",
            "reason": "no_text",
            "detail": "there is no text",
            "raw": '{"id": "1", "author": {"username": "somebody"}}' * 8,
            "rejected_at": hour + timedelta(hours=1),
        }
    )


def sizes(database: Database) -> Iterator[tuple[str, int]]:
    """Rows by table."""
    with database.read() as connection:
        for table in (*_TABLES, tables.embeddings):
            yield table.name, connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
