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
from viral_assets.store.bulk import list_parameter, one_of, one_of_parameter
from viral_assets.store.conditions import undecided_draft, within
from viral_assets.store.forgotten import forgotten_tweets
from viral_assets.store.frames import read_frame
from viral_assets.store.prepared import Prepared, PreparedUpsert
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

    A pending suggestion of the same type is replaced; one that a person decided about, or had revised, stays as it is.
    The offline provider replaces nothing that a language model wrote, and nobody puts off what another run has ended
    since it was decided to leave it. All are conditions of the statement that writes, so that nothing can happen
    between reading and writing. Of a tweet that a language model's run has ended, no draft of the offline provider
    stays that nobody has decided about. Of a tweet that is to be forgotten nothing is written.

    Args:
        provider: of the run that saves.
        run_id: of the run that saves.

    Returns:
        How many suggestions were written.
    """
    table = comment_suggestions
    offline = provider == OFFLINE
    # A suggestion that was removed and is written again must never have a version that somebody has seen before.
    version = int(now.timestamp())
    rows: list[dict[str, Any]] = []
    outcomes: list[dict[str, Any]] = []
    forgotten = forgotten_tweets(connection, [each.tweet_id for each in outcome_rows])
    for outcome_row in outcome_rows:
        if outcome_row.tweet_id in forgotten:
            continue
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
                    *_nobodys_word(),
                    *([table.c.provider == OFFLINE] if offline else []),
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
    saved = _SUGGESTIONS[offline].run(connection, rows) if rows else 0
    if outcomes:
        _OUTCOMES[offline].run(connection, outcomes)
    if provider and not offline:
        _remove_drafts(connection, [row for row in outcomes if row["outcome"] != DEFERRED])
    return saved


def _nobodys_word() -> list[sa.ColumnElement[bool]]:
    """The condition that no person has a hand in a suggestion."""
    return [comment_suggestions.c.status == PENDING, comment_suggestions.c.revised_text.is_(None)]


def _remove_drafts(connection: sa.Connection, ended: Sequence[Mapping[str, Any]]) -> None:
    """Those of the offline provider that a language model's run has come to the end of a tweet without replacing."""
    by_project: dict[str, list[str]] = {}
    for row in ended:
        by_project.setdefault(row["project"], []).append(row["tweet_id"])
    for project, tweet_ids in by_project.items():
        values = list_parameter(connection.dialect.name, tweet_ids)
        _DRAFTS.run(connection, {"of_project": project, "of_tweets": values})


def _build_suggestions(*, offline: bool) -> PreparedUpsert:
    table = comment_suggestions
    columns = [
        *("project", "tweet_id", "window_start", "suggestion_type", "text", "weighted_length", "provider", "model"),
        *("request_id", "position", "created_at", "status", "version"),
    ]
    may_replace = [*_nobodys_word(), *([table.c.provider == OFFLINE] if offline else [])]
    return PreparedUpsert(
        table,
        columns,
        update=[name for name in columns if name not in (*table.primary_key.columns.keys(), "version")],
        also={"version": table.c.version + 1},
        where=sa.and_(*may_replace),
    )


def _build_outcomes(*, offline: bool) -> PreparedUpsert:
    table = generation_outcomes
    changed = ["window_start", "outcome", "reason", "attempts", "updated_at", "provider", "run_id"]
    ends = sa.literal_column("excluded.outcome") != DEFERRED
    if offline:
        may_end = sa.or_(sa.and_(ends, table.c.provider == OFFLINE), table.c.outcome == DEFERRED)
    else:
        may_end = sa.or_(ends, table.c.provider == OFFLINE, table.c.outcome == DEFERRED)
    return PreparedUpsert(table, ["project", "tweet_id", *changed], update=changed, where=may_end)


def _build_drafts(dialect: str) -> sa.Delete:
    table = comment_suggestions
    of_tweets = one_of_parameter(dialect, table.c.tweet_id, "of_tweets")
    return sa.delete(table).where(table.c.project == sa.bindparam("of_project"), of_tweets, undecided_draft())


def _build_parsed(dialect: str) -> sa.Update:
    requests = llm_requests
    these = one_of_parameter(dialect, requests.c.id, "request_ids")
    return sa.update(requests).where(these).values(parsed_at=sa.bindparam("at"))


_SUGGESTIONS = {offline: _build_suggestions(offline=offline) for offline in (False, True)}
_OUTCOMES = {offline: _build_outcomes(offline=offline) for offline in (False, True)}
_DRAFTS = Prepared(_build_drafts)
_PARSED = Prepared(_build_parsed)


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


def mark_parsed(connection: sa.Connection, request_ids: Sequence[str], at: datetime) -> None:
    """Note that everything in these requests' answers is stored, so that nobody reads the answers again."""
    if request_ids:
        ids = list_parameter(connection.dialect.name, request_ids)
        _PARSED.run(connection, {"request_ids": ids, "at": at.timestamp()})


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
