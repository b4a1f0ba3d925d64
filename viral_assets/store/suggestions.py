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
from viral_assets.store.conditions import undecided_draft, within
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import comment_suggestions, generation_outcomes, llm_requests
from viral_assets.vocabulary import DEFERRED, FINISHED_OUTCOMES, OFFLINE, PENDING

_LOOKUP_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class TweetOutcome:
    """The suggestions for one tweet and how it ended.

    Args:
        suggestions: each with ``suggestion_type``, ``position``, ``text``, ``weighted_length``, ``provider``,
            ``model`` and ``request_id``.
        outcome: one of :data:`~viral_assets.vocabulary.OUTCOMES`; None leaves the tweet's as it is.
        attempts: requests this tweet took part in.
        replace: remove pending suggestions of the tweet that are not among the new ones.
    """

    project: str
    tweet_id: str
    window_start: datetime
    suggestions: Sequence[Mapping[str, Any]]
    outcome: str | None
    reason: str
    attempts: int
    replace: bool = False


def save_outcomes(
    connection: sa.Connection,
    outcome_rows: Sequence[TweetOutcome],
    *,
    now: datetime,
    provider: str = "",
    run_id: str = "",
) -> int:
    """Save how tweets ended; all of them in as many statements as one.

    A pending suggestion of the same type is replaced; one that a person decided about stays as it is. Both are the
    condition of the statement that writes, so that nobody can decide between reading and writing. The offline provider
    replaces nothing that a language model wrote; of a tweet that a language model's run has ended, no draft of the
    offline provider stays that nobody has decided about.

    Args:
        provider: of the run that saves.
        run_id: of the run that saves.

    Returns:
        How many suggestions were written.
    """
    table = comment_suggestions
    may_replace = [table.c.status == PENDING]
    may_end = None
    if provider == OFFLINE:
        may_replace.append(table.c.provider == OFFLINE)
        may_end = sa.or_(generation_outcomes.c.provider == OFFLINE, generation_outcomes.c.outcome == DEFERRED)
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
                    *may_replace,
                    table.c.suggestion_type.not_in(kept),
                )
            )
        rows += [
            {**whose, **suggestion, "created_at": now, "status": PENDING, "version": version}
            for suggestion in outcome_row.suggestions
        ]
        if outcome_row.outcome is not None:
            how = {
                "outcome": outcome_row.outcome,
                "reason": outcome_row.reason,
                "attempts": outcome_row.attempts,
                "updated_at": now,
                "provider": provider,
                "run_id": run_id,
            }
            outcomes.append({**whose, **how})
    saved = upsert(
        connection,
        table,
        rows,
        update=[name for name in rows[0] if name not in (*table.primary_key.columns.keys(), "version")] if rows else [],
        also={"version": table.c.version + 1},
        where=sa.and_(*may_replace),
    )
    upsert(connection, generation_outcomes, outcomes, where=may_end)
    if provider and provider != OFFLINE:
        _remove_drafts(connection, [row for row in outcomes if row["outcome"] != DEFERRED])
    return saved


def _remove_drafts(connection: sa.Connection, ended: Sequence[Mapping[str, Any]]) -> None:
    """Those of the offline provider that a language model's run has come to the end of a tweet without replacing."""
    by_project: dict[str, list[str]] = {}
    for row in ended:
        by_project.setdefault(row["project"], []).append(row["tweet_id"])
    table = comment_suggestions
    for project, tweet_ids in by_project.items():
        of_tweets = (table.c.project == project, one_of(connection, table.c.tweet_id, tweet_ids))
        connection.execute(sa.delete(table).where(*of_tweets, undecided_draft()))


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


def suggested_texts(
    connection: sa.Connection, project: str, tweet_ids: Sequence[str], *which: sa.ColumnElement[bool]
) -> dict[str, dict[str, str]]:
    """The texts of these tweets' suggestions, by tweet and type; tweets without any are left out.

    Args:
        which: only those, as conditions on ``comment_suggestions``.
    """
    table = comment_suggestions.c
    query = sa.select(table.tweet_id, table.suggestion_type, table.text).where(table.project == project, *which)
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


def finished_tweets(
    connection: sa.Connection, project: str, tweet_ids: Sequence[str], *which: sa.ColumnElement[bool]
) -> set[str]:
    """Those of ``tweet_ids`` that a run need not ask about again: they ended, and were not only deferred.

    Args:
        which: only those, as conditions on ``generation_outcomes``.
    """
    table = generation_outcomes.c
    query = sa.select(table.tweet_id).where(table.project == project, table.outcome.in_(FINISHED_OUTCOMES), *which)
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
