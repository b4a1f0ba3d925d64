"""Reply suggestions and how each opportunity ended. A person's decision outlives every re-run.

A tweet's suggestions and its outcome are written together, in one transaction, the moment they are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import one_of, upsert
from viral_assets.store.conditions import within
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets.vocabulary import FINISHED_OUTCOMES, PENDING

_LOOKUP_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class TweetOutcome:
    """The suggestions for one tweet and how it ended.

    Args:
        suggestions: each with ``suggestion_type``, ``position``, ``text``, ``weighted_length``, ``provider``,
            ``model`` and ``request_id``.
        outcome: one of :data:`~viral_assets.vocabulary.OUTCOMES`.
        attempts: requests this tweet took part in.
        replace: remove pending suggestions of the tweet that are not among the new ones.
    """

    project: str
    tweet_id: str
    window_start: datetime
    suggestions: Sequence[Mapping[str, Any]]
    outcome: str
    reason: str
    attempts: int
    replace: bool = False


def save_outcomes(connection: sa.Connection, outcome_rows: Sequence[TweetOutcome], *, now: datetime) -> int:
    """Save how tweets ended; all of them in as many statements as one.

    A pending suggestion of the same type is replaced; one that a person decided about stays as it is. Both are the
    condition of the statement that writes, so that nobody can decide between reading and writing.

    Returns:
        How many suggestions were written.
    """
    table = comment_suggestions
    # A suggestion that was removed and is written again must never have a version that somebody has seen before.
    version = int(now.timestamp())
    rows: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    for outcome_row in outcome_rows:
        whose = {
            "project": outcome_row.project,
            "tweet_id": outcome_row.tweet_id,
            "window_start": outcome_row.window_start,
        }
        if outcome_row.replace:
            kept = [suggestion["suggestion_type"] for suggestion in outcome_row.suggestions]
            connection.execute(
                sa.delete(table).where(
                    table.c.project == outcome_row.project,
                    table.c.tweet_id == outcome_row.tweet_id,
                    table.c.status == PENDING,
                    table.c.suggestion_type.not_in(kept),
                )
            )
        rows += [
            {**whose, **suggestion, "created_at": now, "status": PENDING, "version": version}
            for suggestion in outcome_row.suggestions
        ]
        how = {
            "outcome": outcome_row.outcome,
            "reason": outcome_row.reason,
            "attempts": outcome_row.attempts,
            "updated_at": now,
        }
        outcomes.append({**whose, **how})
    saved = upsert(
        connection,
        table,
        rows,
        update=[name for name in rows[0] if name not in (*table.primary_key.columns.keys(), "version")] if rows else [],
        also={"version": table.c.version + 1},
        where=table.c.status == PENDING,
    )
    upsert(connection, generation_outcomes, outcomes)
    return saved


def read_suggestions(connection: sa.Connection, window: HourRange, *, project: str | None = None) -> pd.DataFrame:
    """The suggestions of a window, all columns, ordered by hour, project, tweet and position."""
    table = comment_suggestions.c
    return _of_window(connection, comment_suggestions, window, project, table.position, table.suggestion_type)


def read_outcomes(connection: sa.Connection, window: HourRange, *, project: str | None = None) -> pd.DataFrame:
    """How the opportunities of a window ended, all columns, ordered by hour, project and tweet."""
    return _of_window(connection, generation_outcomes, window, project)


def tweets_with_suggestions(connection: sa.Connection, window: HourRange, project: str) -> set[str]:
    """Ids of the project's tweets of a window that have any."""
    table = comment_suggestions
    query = sa.select(table.c.tweet_id).where(*within(table, window, project))
    return set(connection.execute(query.distinct()).scalars())


def suggested_texts(connection: sa.Connection, project: str, tweet_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The texts of these tweets' suggestions, by tweet and type; tweets without any are left out."""
    table = comment_suggestions.c
    query = sa.select(table.tweet_id, table.suggestion_type, table.text).where(table.project == project)
    found: dict[str, dict[str, str]] = {}
    for at in range(0, len(tweet_ids), _LOOKUP_ROWS):
        some = one_of(connection, table.tweet_id, tweet_ids[at : at + _LOOKUP_ROWS])
        for tweet_id, kind, text in connection.execute(query.where(some)):
            found.setdefault(tweet_id, {})[kind] = text
    return found


def mark_parsed(connection: sa.Connection, request_id: str, at: datetime) -> None:
    """Note that everything in a request's answer is stored, so that nobody reads the answer again."""
    requests = llm_requests
    connection.execute(sa.update(requests).where(requests.c.id == request_id).values(parsed_at=at.timestamp()))


def finished_tweets(connection: sa.Connection, project: str, tweet_ids: Sequence[str]) -> set[str]:
    """Those of ``tweet_ids`` that a run need not ask about again: they ended, and were not only deferred."""
    table = generation_outcomes.c
    query = sa.select(table.tweet_id).where(table.project == project, table.outcome.in_(FINISHED_OUTCOMES))
    return {
        tweet_id
        for at in range(0, len(tweet_ids), _LOOKUP_ROWS)
        for (tweet_id,) in connection.execute(
            query.where(one_of(connection, table.tweet_id, tweet_ids[at : at + _LOOKUP_ROWS]))
        )
    }


def _of_window(
    connection: sa.Connection,
    table: sa.Table,
    window: HourRange,
    project: str | None,
    *order: sa.ColumnElement[Any],
) -> pd.DataFrame:
    query = sa.select(table).where(*within(table, window, project))
    return read_frame(connection, query.order_by(table.c.window_start, table.c.project, table.c.tweet_id, *order))
