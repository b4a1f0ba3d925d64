"""What a backfill on several machines left, and whether that is as it should be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities, comment_suggestions, generation_outcomes, llm_requests
from viral_assets_tests.e2e.queries import CHAIN
from viral_assets_tests.gemini_emulator import GeminiEmulator

HOURS_DONE = """SELECT asset_key, partition FROM event_logs
    WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND partition IS NOT NULL GROUP BY 1, 2"""
CHECKS = "SELECT count(*), count(*) FILTER (WHERE execution_status = 'FAILED') FROM asset_check_executions"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@dataclass
class Seen:
    """What came of a backfill; whatever is in ``problems`` should not be."""

    way: str
    hours: int
    allowed_in_a_window: int
    seconds: float = 0.0
    runs: dict[str, int] = field(default_factory=dict)
    """That succeeded, by the worker that took them."""
    seconds_until_failed: float = 0.0
    """From the kill until Dagster had ended the run of the worker that was killed."""
    opportunities: int = 0
    suggestions: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    most_in_a_window: int = 0
    stored_at_the_kill: int = 0
    in_flight_at_the_kill: int = 0
    """Tweets of the run that was killed: with a stored answer, and in a request that was under way."""
    paid_twice: int = 0
    connections: int = 0
    """To PostgreSQL, at most at one time, with the one that looks."""
    problems: list[str] = field(default_factory=list)

    def told(self) -> str:
        shares = " and ".join(f"{count} by worker {name}" for name, count in self.runs.items())
        parts = (
            f"{self.hours} hours in {self.seconds:.0f} s, {sum(self.runs.values())} runs ({shares})",
            f"{self.opportunities} tweets chosen, {self.suggestions} suggestions, {self.requests} requests",
            f"at most {self.most_in_a_window} of {self.allowed_in_a_window} in a window, {self.refused} refused",
            f"the run of the killed worker was ended after {self.seconds_until_failed:.0f} s",
            f"{self.stored_at_the_kill} of its tweets had answers then and {self.in_flight_at_the_kill} were in flight",
            f"{self.paid_twice} tweets were paid for twice",
            f"{self.connections} connections to PostgreSQL",
        )
        verdict = "FAILED" if self.problems else "HELD"
        return "\n  ".join((f"{verdict} {self.way}:", *parts, *(f"PROBLEM: {each}" for each in self.problems)))


def paid_for_by(database: Database, run_id: str) -> tuple[set[str], set[str]]:
    """The tweets of a run that have a stored answer, and those of its requests under way."""
    with database.read() as connection:
        rows = connection.execute(sa.select(llm_requests).where(llm_requests.c.run_id == run_id)).all()
    stored = {tweet for row in rows if row.raw_answer is not None for tweet in row.tweet_ids}
    return stored, {tweet for row in rows if row.status == "granted" for tweet in row.tweet_ids}


def connections_to(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.scalar(sa.text(CONNECTIONS)) or 0)


def look_at_hours(seen: Seen, database: Database, digests: Path, wanted: set[str]) -> None:
    """Every hour of every asset is there, no check failed, and every hour has its digest."""
    with database.engine.connect() as connection:
        rows = connection.execute(sa.text(HOURS_DONE)).all()
        checks, failed = connection.execute(sa.text(CHECKS)).one()
    for name in CHAIN:
        done = {partition for asset, partition in rows if asset == json.dumps([name])}
        if done != wanted:
            seen.problems.append(f"{name}: {len(done & wanted)} of {len(wanted)} hours")
    if failed or checks < len(wanted):
        seen.problems.append(f"{failed} of {checks} results of checks are failures")
    if (pages := len(list(digests.rglob("*.html")))) < len(wanted):
        seen.problems.append(f"{pages} digests for {len(wanted)} hours")


def look_at_shares(seen: Seen, took: Iterable[str], workers: Iterable[str]) -> None:
    """Both workers had runs that succeeded."""
    seen.runs = dict(Counter(took))
    if set(seen.runs) != set(workers):
        seen.problems.append("the workers did not share the backfill")


def look_at_tweets(
    seen: Seen, database: Database, emulator: GeminiEmulator, stored: set[str], in_flight: set[str]
) -> None:
    """Each that was chosen has come to an end, under the quota, and was paid for once.

    Args:
        stored: tweets that had a stored answer at the kill.
        in_flight: those in a request of the killed run.
    """
    paid, generated = emulator.answered(), emulator.generated()
    with database.read() as connection:
        chosen = set(connection.execute(sa.select(comment_opportunities.c.tweet_id)).scalars())
        drafted = Counter(connection.execute(sa.select(comment_suggestions.c.tweet_id)).scalars())
        outcomes = {row.tweet_id: row.outcome for row in connection.execute(sa.select(generation_outcomes))}
    seen.opportunities, seen.suggestions = len(chosen), drafted.total()
    seen.outcomes = dict(Counter(outcomes.values()))
    seen.requests, seen.refused = len(generated), sum(each.status == 429 for each in generated)
    seen.most_in_a_window = emulator.max_in_any_window()
    unfinished = [each for each in chosen if not (drafted[each] if outcomes.get(each) == "done" else each in outcomes)]
    unfinished += [each for each in chosen if outcomes.get(each) == "deferred"]
    twice = {tweet for tweet, times in paid.items() if times > 1}
    seen.paid_twice = len(twice)
    for found, problem in (
        (not chosen, "no tweet was chosen"),
        (unfinished, f"{len(unfinished)} tweets have neither suggestions nor an outcome"),
        (twice - in_flight, f"{len(twice - in_flight)} tweets were paid for twice and were not in flight"),
        (twice & stored, f"{len(twice & stored)} tweets were paid for again with their answers stored"),
        (seen.refused, f"the service refused {seen.refused} requests"),
        (seen.most_in_a_window > seen.allowed_in_a_window, "the quota did not hold"),
    ):
        if found:
            seen.problems.append(problem)
