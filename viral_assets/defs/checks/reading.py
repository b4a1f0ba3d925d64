"""The rows that checks look at, hour by hour: every table is read once a run, and of it only what is looked at.

This module needs pandas, which takes a second to import: checks import it when they run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from viral_assets.defs.assets.previews import by_hour
from viral_assets.defs.checks.counts import ReportedCounts, StoredCounts
from viral_assets.defs.checks.engagement import ProjectTurns
from viral_assets.defs.checks.opportunities import OpportunityHour
from viral_assets.defs.checks.results import Row
from viral_assets.defs.checks.scores import SCORES, ScoreHour
from viral_assets.defs.checks.spending import SpentDay
from viral_assets.defs.checks.suggestions import SuggestionHour
from viral_assets.defs.checks.tweets import TweetHour
from viral_assets.defs.checks.vectors import VectorHour
from viral_assets.embedding.base import prepared
from viral_assets.hours import HourRange
from viral_assets.projects.model import Project
from viral_assets.queries.engaged import read_engaged
from viral_assets.queries.spending import costs_of_days, requests_of_suggestions
from viral_assets.quota.keys import account_of
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.opportunities import read_scored_keys
from viral_assets.store.vectors import read_vectors
from viral_assets.store.windows import read_window, read_window_as_stored

if TYPE_CHECKING:
    from sqlalchemy import Connection

_VECTORS_AT_ONCE = 5_000


def read_tweet_hours(database: Database, window: HourRange) -> dict[datetime, TweetHour]:
    """All columns as the database gives them, whatever is wrong with them."""
    with database.read() as connection:
        rows = read_window_as_stored(connection, tables.tweets, window)
    # No column of this name is left: the hours of the rows are what they are grouped by, and as stored, to look at.
    starts = pd.to_datetime(rows["window_start"], utc=True, errors="coerce", format="ISO8601")
    found: dict[Any, pd.DataFrame] = dict(iter(rows.groupby(starts)))
    return {hour: TweetHour(hour, found.get(hour, rows.iloc[:0])) for hour in window}


def read_vector_hours(
    database: Database,
    window: HourRange,
    models: Iterable[str],
    reported: Mapping[datetime, int | None],
    *,
    is_read: Callable[[str], bool] | None = None,
) -> dict[datetime, VectorHour]:
    """Texts of the hours and the lengths of their vectors; of the vectors, a few thousand are in memory at a time.

    Args:
        models: of the embedders in use. Of several vectors of a text it is the one whose length is the most wrong.
        reported: distinct texts that were embedded, by hour.
        is_read: whether the embedders find anything in a text whose vector is zero though it has words; None where
            they always do.
    """
    with database.read() as connection:
        rows = read_window(connection, tables.tweets, window, columns=("window_start", "tweet_id", "text_sha256"))
        digests = list(dict.fromkeys(rows["text_sha256"].tolist()))
        norms: dict[str, float] = {}
        for model in models:
            for digest, norm in _norms(connection, model, digests).items():
                norms[digest] = max(norm, norms.get(digest, 1.0), key=_distance_from_1)
        zero = {digest for digest, norm in norms.items() if norm == 0.0}
        wordless = _wordless(connection, window, zero, is_read) if zero else frozenset[str]()
    return {
        hour: VectorHour(
            tweets=list(zip(part["tweet_id"].tolist(), part["text_sha256"].tolist(), strict=True)),
            wordless=wordless,
            norms={digest: norms[digest] for digest in part["text_sha256"].tolist() if digest in norms},
            reported=reported.get(hour),
        )
        for hour, part in by_hour(rows, window).items()
    }


def read_score_hours(database: Database, window: HourRange) -> dict[datetime, ScoreHour]:
    """Scores of all projects, without their explanations."""
    names = ("window_start", "project", "tweet_id", *SCORES, "label")
    with database.read() as connection:
        rows = read_window(connection, tables.tweet_scores, window, columns=names)
        known = read_window(connection, tables.tweets, window, columns=("window_start", "tweet_id"))
    ids = by_hour(known, window)
    return {
        hour: ScoreHour(part, frozenset(ids[hour]["tweet_id"].tolist())) for hour, part in by_hour(rows, window).items()
    }


def read_opportunity_hours(
    database: Database, window: HourRange, projects: Mapping[str, Project]
) -> dict[datetime, OpportunityHour]:
    """Opportunities of all projects, which tweets have a score, and the turns of these projects."""
    names = ("window_start", "project", "tweet_id", "rank")
    with database.read() as connection:
        rows = _of_hours(read_window(connection, tables.comment_opportunities, window, columns=names), window)
        keys = by_hour(read_scored_keys(connection, window), window)
        turns = {
            name: ProjectTurns(
                each.engagement, read_engaged(connection, name, each.engagement, window, with_hours=True)
            )
            for name, each in projects.items()
        }
    return {
        hour: OpportunityHour(
            rows[hour],
            frozenset(zip(keys[hour]["project"].tolist(), keys[hour]["tweet_id"].tolist(), strict=True)),
            hour,
            turns,
        )
        for hour in window
    }


def read_suggestion_hours(
    database: Database,
    window: HourRange,
    projects: Mapping[str, Project],
    reported: Mapping[datetime, tuple[ReportedCounts, float]],
) -> dict[datetime, SuggestionHour]:
    """What the tables hold of these projects; counts are those of all.

    Args:
        reported: what the latest materialization of an hour says, and when it said so (epoch seconds).
    """
    opportunity, written, ended = tables.comment_opportunities, tables.comment_suggestions, tables.generation_outcomes
    with database.read() as connection:
        opportunities, suggestions, outcomes = (
            read_window(connection, table, window, columns=names)
            for table, names in (
                (opportunity, ("window_start", "project", "tweet_id")),
                (
                    written,
                    (
                        *("window_start", "project", "tweet_id", "suggestion_type", "position"),
                        *("status", "text", "weighted_length", "original_text", "created_at", "model"),
                    ),
                ),
                (ended, ("window_start", "project", "tweet_id", "outcome", "reason", "updated_at")),
            )
        )
    suggestions = suggestions.sort_values(["project", "tweet_id", "position"], kind="stable")
    stored = _stored(suggestions, outcomes, window, {hour: at for hour, (_, at) in reported.items()})
    chosen_of, written_of, ended_of = (
        _of_hours(_of(frame, projects), window) for frame in (opportunities, suggestions, outcomes)
    )
    return {
        hour: SuggestionHour(
            chosen_of[hour],
            written_of[hour],
            ended_of[hour],
            projects=projects,
            reported=reported[hour][0] if hour in reported else None,
            stored=stored[hour],
        )
        for hour in window
    }


def read_spent_days(database: Database, window: HourRange) -> dict[datetime, list[SpentDay]]:
    """For each hour, the quota days on which its suggestions were written, and what those days cost in all."""
    with database.read() as connection:
        requests = requests_of_suggestions(connection, window)
        costs = costs_of_days(connection, {(key, day) for _, key, day in requests})
    used: dict[datetime, set[tuple[str, str]]] = {}
    for hour, key, day in requests:
        used.setdefault(hour, set()).add((key, day))
    return {
        hour: [SpentDay(day, costs.get((account_of(key), day), 0.0)) for key, day in sorted(used.get(hour, ()))]
        for hour in window
    }


def _of(frame: pd.DataFrame, projects: Collection[str]) -> pd.DataFrame:
    return frame[frame["project"].isin(list(projects))]


def _of_hours(frame: pd.DataFrame, window: HourRange) -> dict[datetime, Sequence[Row]]:
    return {hour: _rows(part) for hour, part in by_hour(frame, window).items()}


def _rows(frame: pd.DataFrame) -> list[Row]:
    names = [str(name) for name in frame.columns]
    columns: Iterable[list[Any]] = (frame[name].tolist() for name in names)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _stored(
    suggestions: pd.DataFrame, outcomes: pd.DataFrame, window: HourRange, reported_at: Mapping[datetime, float]
) -> dict[datetime, StoredCounts]:
    written, ended = by_hour(suggestions, window), by_hour(outcomes, window)
    stored = {}
    for hour in window:
        at = pd.Timestamp(datetime.fromtimestamp(reported_at.get(hour, 0.0), UTC))
        stored[hour] = StoredCounts(
            suggestions=len(written[hour]),
            outcomes=len(ended[hour]),
            newer_suggestions=int((written[hour]["created_at"] > at).sum()),
            newer_outcomes=int((ended[hour]["updated_at"] > at).sum()),
        )
    return stored


def _norms(connection: Connection, model: str, digests: Sequence[str]) -> dict[str, float]:
    norms: dict[str, float] = {}
    for at in range(0, len(digests), _VECTORS_AT_ONCE):
        for digest, vector in read_vectors(connection, model, digests[at : at + _VECTORS_AT_ONCE]).items():
            norms[digest] = float(np.sqrt(np.dot(vector, vector)))
    return norms


def _distance_from_1(norm: float) -> float:
    return abs(norm - 1.0) if norm == norm else float("inf")


def _wordless(
    connection: Connection, window: HourRange, among: Collection[str], is_read: Callable[[str], bool] | None
) -> frozenset[str]:
    """Those of the texts in which there is nothing to embed."""
    rows = read_window(connection, tables.tweets, window, columns=("text_sha256", "text"))
    return frozenset(
        digest
        for digest, text in zip(rows["text_sha256"].tolist(), rows["text"].tolist(), strict=True)
        if digest in among and not (any(map(str.isalnum, prepared(text))) and (is_read is None or is_read(text)))
    )
