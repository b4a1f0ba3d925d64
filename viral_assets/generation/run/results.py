"""Where the results of a run go: the database, or nowhere but the caller's memory.

What belongs together is written in one transaction: the suggestions of a request's tweets, how each tweet ended, and
that the request's answer has been parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import sqlalchemy as sa

from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.items import Suggestion
from viral_assets.projects.model import Project
from viral_assets.store.engine import Database
from viral_assets.store.suggestions import TweetOutcome, finished_tweets, mark_parsed, save_outcomes, suggested_texts
from viral_assets.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class TweetResult:
    """One tweet's suggestions so far and how it ended; ``deferred`` means that a later run goes on with it."""

    opportunity: Opportunity
    suggestions: tuple[Suggestion, ...]
    outcome: Outcome
    reason: str = ""
    attempts: int = 0

    @property
    def as_asked(self) -> list[Suggestion]:
        """The suggestions in the order in which their types were asked for."""
        by_type = {each.suggestion_type: each for each in self.suggestions}
        return [by_type[kind] for kind in self.opportunity.suggestion_types if kind in by_type]


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier runs left for a project: finished tweets, and the suggestions that tweets have already."""

    finished: frozenset[str] = frozenset()
    suggestions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Results(Protocol):
    """Thread-safe; called outside the event loop."""

    def known(self, project: str, tweet_ids: Sequence[str]) -> Known:
        """What need not be asked again."""

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        partial: Sequence[TweetResult] = (),
        parsed_request: str | None = None,
        replace: bool = False,
    ) -> int:
        """Write how tweets ended, and what others have so far; ``parsed_request`` is done with.

        Returns:
            The number of suggestions written for tweets that ended.
        """


class NoResults:
    """For callers that only want the return value.

    Args:
        database: where the quota's ledger is, if it is in one: its answers are marked as parsed all the same.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database

    def known(self, project: str, tweet_ids: Sequence[str]) -> Known:
        return Known()

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        partial: Sequence[TweetResult] = (),
        parsed_request: str | None = None,
        replace: bool = False,
    ) -> int:
        if self._database is not None and parsed_request is not None:
            with self._database.begin() as connection:
                mark_parsed(connection, parsed_request, datetime.now(UTC))
        return 0


class DatabaseResults:
    """The tables ``comment_suggestions`` and ``generation_outcomes``.

    Args:
        database: where they are.
        positions: the order of each project's suggestion types.
        now: the time written into the rows.
    """

    def __init__(
        self,
        database: Database,
        positions: Mapping[str, Mapping[str, int]],
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._positions = positions
        self._now = now

    @classmethod
    def of(cls, database: Database, projects: Mapping[str, Project]) -> DatabaseResults:
        """For these projects, by name."""
        return cls(
            database,
            {
                name: {kind.name: position for position, kind in enumerate(project.suggestion_types)}
                for name, project in projects.items()
            },
        )

    def known(self, project: str, tweet_ids: Sequence[str]) -> Known:
        with self._database.read() as connection:
            finished = finished_tweets(connection, project, tweet_ids)
            unfinished = [tweet_id for tweet_id in tweet_ids if tweet_id not in finished]
            found = suggested_texts(connection, project, unfinished)
        return Known(frozenset(finished), found)

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        partial: Sequence[TweetResult] = (),
        parsed_request: str | None = None,
        replace: bool = False,
    ) -> int:
        with self._database.begin() as connection:
            self._write(connection, partial, replace=False)
            saved = self._write(connection, ended, replace=replace)
            if parsed_request is not None:
                mark_parsed(connection, parsed_request, datetime.now(UTC))
        return saved

    def _write(self, connection: sa.Connection, results: Sequence[TweetResult], *, replace: bool) -> int:
        outcome_rows = [
            TweetOutcome(
                project=result.opportunity.project,
                tweet_id=result.opportunity.tweet_id,
                window_start=result.opportunity.window_start,
                suggestions=[self._row(result.opportunity.project, suggestion) for suggestion in result.suggestions],
                outcome=result.outcome,
                reason=result.reason,
                attempts=result.attempts,
                replace=replace and result.outcome != "deferred",
            )
            for result in self._still_wanted(connection, results)
        ]
        return save_outcomes(connection, outcome_rows, now=self._now())

    def _row(self, project: str, suggestion: Suggestion) -> dict[str, object]:
        return {**asdict(suggestion), "position": self._positions[project][suggestion.suggestion_type]}

    def _still_wanted(self, connection: sa.Connection, results: Sequence[TweetResult]) -> list[TweetResult]:
        """Without deferred results of tweets that another run has finished in the meantime."""
        deferred: dict[str, list[str]] = {}
        for result in results:
            if result.outcome == "deferred":
                deferred.setdefault(result.opportunity.project, []).append(result.opportunity.tweet_id)
        finished = {
            (project, tweet_id)
            for project, tweet_ids in deferred.items()
            for tweet_id in finished_tweets(connection, project, tweet_ids)
        }
        return [
            result
            for result in results
            if result.outcome != "deferred" or (result.opportunity.project, result.opportunity.tweet_id) not in finished
        ]
