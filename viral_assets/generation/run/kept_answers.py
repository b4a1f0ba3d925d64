"""What was paid for and could not be stored: kept in a file beside the database, and taken in when that is back.

Kept is how requests ended, with the answer as it came, which a run parses as it does after a kill; and how tweets
ended that no answer says it of, since the service blocks or rejects them. Neither holds a key.

Each is written into the database once, whoever takes it in and however often: a request that is settled, a tweet that
has ended, is left as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from viral_assets.generation.run.results import TweetResult
from viral_assets.quota.ledger import GrantRequest, Ledger, Settlement
from viral_assets.quota.priority import Priority
from viral_assets.quota.settling import Settled
from viral_assets.quota.sql import SqlLedger
from viral_assets.store.engine import Database
from viral_assets.store.standing import Writer
from viral_assets.store.suggestions import TweetOutcome, finished_tweets, save_outcomes
from viral_assets.store.unsaved_lines import UnsavedLines
from viral_assets.vocabulary import DEFERRED


class KeptAnswers:
    """Of one run. Its calls block; they are made in the run's storage thread.

    Args:
        unsaved: the file.
        now: the time written into outcomes.
    """

    def __init__(
        self,
        unsaved: UnsavedLines,
        database: Database,
        ledger: SqlLedger,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._unsaved, self._database, self._ledger, self._now = unsaved, database, ledger, now

    @classmethod
    def of(cls, database: Database | None, ledger: Ledger, home: Path | None) -> KeptAnswers | None:
        """Beside SQLite's file, or for PostgreSQL in ``home``; None where there is no database or no home."""
        if (
            database is None
            or not isinstance(ledger, SqlLedger)
            or (unsaved := UnsavedLines.of(database, home)) is None
        ):
            return None
        return cls(unsaved, database, ledger)

    @property
    def path(self) -> Path:
        return self._unsaved.path

    def hurried(self, seconds: float) -> AbstractContextManager[None]:
        """As long as this lasts, nobody waits longer than this for a SQLite file that somebody else writes to."""
        return self._database.hurried(seconds)

    def keep_settled(self, ended: Iterable[tuple[GrantRequest, Settlement]]) -> None:
        """Keep how requests ended.

        Raises:
            OSError: the file cannot be written.
        """
        self._unsaved.add([_line("request", asdict(self._ledger.settled(*each))) for each in ended])

    def keep_ended(self, results: Sequence[TweetResult], writer: Writer) -> None:
        """Keep how tweets ended. What is only put off, a later run finds out by itself.

        Raises:
            OSError: the file cannot be written.
        """
        lines = [
            _line("tweet", {**_outcome(each), "writer": asdict(writer)}) for each in results if each.outcome != DEFERRED
        ]
        if lines:
            self._unsaved.add(lines)

    def take_in(self) -> int:
        """Write all that is kept into the database, whichever run has kept it, and forget it.

        Returns:
            How many requests and tweets it was about.

        Raises:
            DatabaseUnavailableError: it is kept for the next time.
        """
        return self._unsaved.take_in(self._store)

    def _store(self, lines: Sequence[str]) -> None:
        kept = [each for line in lines if (each := _read(line)) is not None]
        requests = [_settled(each["request"]) for each in kept if "request" in each]
        if requests:
            self._ledger.take_in(requests)
        tweets = [each["tweet"] for each in kept if "tweet" in each]
        if tweets:
            with self._database.begin() as connection:
                for tweet in tweets:
                    self._save(connection, tweet)

    def _save(self, connection: sa.Connection, tweet: dict[str, Any]) -> None:
        writer = Writer(**tweet.pop("writer"))
        ended = TweetOutcome(**{**tweet, "window_start": datetime.fromisoformat(tweet["window_start"])}, suggestions=())
        if writer.force or not finished_tweets(connection, ended.project, [ended.tweet_id]):
            save_outcomes(connection, [ended], now=self._now(), provider=writer.provider, run_id=writer.run_id)


def _read(line: str) -> dict[str, Any] | None:
    """None for a line that a kill or a full disk has cut off: it was never said to be kept."""
    try:
        return cast("dict[str, Any]", json.loads(line))
    except ValueError:
        return None


def _line(kind: str, what: dict[str, Any]) -> str:
    return json.dumps({kind: what})


def _outcome(result: TweetResult) -> dict[str, Any]:
    return {
        "project": result.opportunity.project,
        "tweet_id": result.opportunity.tweet_id,
        "window_start": result.opportunity.window_start.isoformat(),
        "outcome": result.outcome,
        "reason": result.reason,
        "attempts": result.attempts,
    }


def _settled(kept: dict[str, Any]) -> Settled:
    grant = kept.pop("grant")
    grant["tweet_ids"], grant["priority"] = tuple(grant["tweet_ids"]), Priority(grant["priority"])
    return Settled(**{**kept, "settlement": Settlement(**kept["settlement"]), "grant": GrantRequest(**grant)})
