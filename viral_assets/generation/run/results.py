"""Where the results of a run go: the database, or nowhere but the caller's memory.

What belongs together is written in one transaction: the suggestions of a request's tweets, how each tweet ended, and
that the request's answer has been parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.items import Suggestion
from viral_assets.projects.model import Project
from viral_assets.store.engagement import recent_replies
from viral_assets.store.engine import Database
from viral_assets.store.forced_runs import runs_of_the_same_force, unfinished_runs
from viral_assets.store.standing import Writer, ended_by_a_model, what_stands
from viral_assets.store.suggestions import TweetOutcome, finished_tweets, mark_parsed, save_outcomes, suggested_texts
from viral_assets.vocabulary import DEFERRED, Outcome

SAID_LATELY = timedelta(days=60)
"""For so long a reply is not said again."""

MOST_SAID = 5_000
"""Replies that are remembered of that time, the latest: more than people write."""


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
    """What stands of earlier runs for a project: finished tweets, and suggestions that tweets have already."""

    finished: frozenset[str] = frozenset()
    suggestions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Results(Protocol):
    """Thread-safe; called outside the event loop.

    ``keeps_outcomes`` says whether how tweets ended goes into their rows: then it is kept beside a database that does
    not answer, too.
    """

    @property
    def keeps_outcomes(self) -> bool:
        """See above."""

    def known(self, project: str, tweet_ids: Sequence[str], writer: Writer) -> Known:
        """What need not be asked again."""

    def recent_replies(self, project: str) -> Sequence[str]:
        """What the project has said in :data:`SAID_LATELY`."""

    def forced_runs(self, writer: Writer) -> frozenset[str]:
        """The runs whose results a forced run goes on with, itself included; for any other run, all that a forced one
        may still go on with."""

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        writer: Writer,
        partial: Sequence[TweetResult] = (),
        parsed_requests: Sequence[str] = (),
    ) -> int:
        """Write how tweets ended, and what others have so far; ``parsed_requests`` are done with.

        Returns:
            The number of suggestions written for tweets that ended.
        """


class NoResults:
    """For callers that only want the return value.

    Args:
        database: where the quota's ledger is, if it is in one: its answers are marked as parsed all the same.
    """

    keeps_outcomes = False

    def __init__(self, database: Database | None = None) -> None:
        self._database = database

    def known(self, project: str, tweet_ids: Sequence[str], writer: Writer) -> Known:
        return Known()

    def recent_replies(self, project: str) -> Sequence[str]:
        return ()

    def forced_runs(self, writer: Writer) -> frozenset[str]:
        return frozenset()

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        writer: Writer,
        partial: Sequence[TweetResult] = (),
        parsed_requests: Sequence[str] = (),
    ) -> int:
        if self._database is not None and parsed_requests:
            with self._database.begin() as connection:
                mark_parsed(connection, parsed_requests, datetime.now(UTC))
        return 0


class DatabaseResults:
    """The tables ``comment_suggestions`` and ``generation_outcomes``.

    Args:
        database: where they are.
        positions: the order of each project's suggestion types.
        now: the time written into the rows.
    """

    keeps_outcomes = True

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

    def known(self, project: str, tweet_ids: Sequence[str], writer: Writer) -> Known:
        with self._database.read() as connection:
            ended, written = what_stands(connection, writer)
            finished = finished_tweets(connection, project, tweet_ids, *ended)
            unfinished = [tweet_id for tweet_id in tweet_ids if tweet_id not in finished]
            found = suggested_texts(connection, project, unfinished, *written)
        return Known(frozenset(finished), found)

    def recent_replies(self, project: str) -> Sequence[str]:
        with self._database.read() as connection:
            return recent_replies(connection, project, since=self._now() - SAID_LATELY, most=MOST_SAID)

    def forced_runs(self, writer: Writer) -> frozenset[str]:
        with self._database.read() as connection:
            if writer.force:
                return runs_of_the_same_force(connection, writer.run_id)
            return unfinished_runs(connection)

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        writer: Writer,
        partial: Sequence[TweetResult] = (),
        parsed_requests: Sequence[str] = (),
    ) -> int:
        with self._database.begin() as connection:
            self._write(connection, partial, writer)
            saved = self._write(connection, ended, writer)
            mark_parsed(connection, parsed_requests, datetime.now(UTC))
        return saved

    def _write(self, connection: sa.Connection, results: Sequence[TweetResult], writer: Writer) -> int:
        if not results:
            return 0
        finished = self._finished_meanwhile(connection, results, writer)
        outcome_rows = [
            TweetOutcome(
                project=result.opportunity.project,
                tweet_id=result.opportunity.tweet_id,
                window_start=result.opportunity.window_start,
                suggestions=[self._row(result.opportunity.project, suggestion) for suggestion in result.suggestions],
                # What a forced run puts off had ended before; a run that is not forced need not take it up.
                outcome=None if result.opportunity.key in finished else result.outcome,
                reason=result.reason,
                attempts=result.attempts,
                replace=writer.force and result.outcome != DEFERRED,
            )
            for result in results
            if writer.force or result.opportunity.key not in finished
        ]
        return save_outcomes(connection, outcome_rows, now=self._now(), provider=writer.provider, run_id=writer.run_id)

    def _row(self, project: str, suggestion: Suggestion) -> dict[str, object]:
        return {
            "suggestion_type": suggestion.suggestion_type,
            "position": self._positions[project][suggestion.suggestion_type],
            "text": suggestion.text,
            "weighted_length": suggestion.weighted_length,
            "provider": suggestion.provider,
            "model": suggestion.model,
            "request_id": suggestion.request_id,
        }

    def _finished_meanwhile(
        self, connection: sa.Connection, results: Sequence[TweetResult], writer: Writer
    ) -> set[TweetKey]:
        """Tweets that are deferred here, and that a run has finished whose word is no less than this one's."""
        deferred: dict[str, list[str]] = {}
        for result in results:
            if result.outcome == DEFERRED:
                deferred.setdefault(result.opportunity.project, []).append(result.opportunity.tweet_id)
        by_whom = () if writer.offline or writer.force else (ended_by_a_model(),)
        return {
            (project, tweet_id)
            for project, tweet_ids in deferred.items()
            for tweet_id in finished_tweets(connection, project, tweet_ids, *by_whom)
        }
