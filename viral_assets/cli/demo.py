"""``viral-assets demo``: the whole flow on a bundled sample, without a key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, facts_table, plain, print_json, say, table
from viral_assets.garbage import loading
from viral_assets.hours import HourRange, last_full_hours
from viral_assets.text.amounts import full_count
from viral_assets.vocabulary import GATE_PASSED, LABELS, OFFLINE

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.defs.automation.run_summary import RunSummary
    from viral_assets.queries.opportunity_view import OpportunityView
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database

PROJECT = "demo"
HOURS = 24
SHOWN = 3

# The demo is the same for everybody, whatever else the environment says.
FIXED_ENVIRONMENT = {"VIRAL_ASSETS_PROVIDER": OFFLINE, "VIRAL_ASSETS_EMBEDDER": "auto"}
IGNORED_ENVIRONMENT = ("VIRAL_ASSETS_START", "VIRAL_ASSETS_END", "GEMINI_MODEL")


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, demo, "viral-assets demo", "viral-assets dev")


def demo(as_json: Json = False) -> None:
    """Try everything in a minute, without a key: sample tweets in, reply suggestions out.

    A few hundred made-up tweets of the last 24 hours go through the whole flow, in Dagster, for the project "demo".
    The drafts were written beforehand, for these tweets, and are marked as recorded; nothing is sent anywhere.
    Running it again within the hour does nothing twice; in a later hour the sample is made anew, and of the earlier
    one only that stays which you have decided about.
    """
    os.environ.update(FIXED_ENVIRONMENT)
    for name in IGNORED_ENVIRONMENT:
        os.environ.pop(name, None)

    with loading():
        from viral_assets.cli.runs import run_hours
        from viral_assets.store.engine import Database

    settings = settings_with_demo()
    hours = last_full_hours(HOURS, datetime.now(UTC))
    where = console(as_json=as_json)
    database = Database(settings.resolved_database_url)
    try:
        tweets = prepare_sample(database, settings.home / "demo", hours)
        say(where, f"{tweets:,} sample tweets of the last {HOURS} hours are in; Dagster takes them from here.")

        from viral_assets.defs.automation.run_summary import combined
        from viral_assets.defs.resources.digest_folder import DigestFolderResource
        from viral_assets.defs.resources.run_options import RunOptions

        finished: list[RunSummary] = []
        run_hours(settings, hours, RunOptions(projects=[PROJECT]), finished)
        outcome = read_outcome(database, hours)
    finally:
        database.dispose()
    page = DigestFolderResource().page(hours).resolve()
    run = combined(finished)
    _show(where, outcome, tweets, run.seconds, page)
    if as_json:
        result = asdict(outcome) | {"best": [row.tweet_id for row in outcome.best]}
        print_json({"tweets": tweets, **result, "seconds": round(run.seconds, 3), "html": str(page)})


def settings_with_demo() -> Settings:
    """The environment; the bundled project files where those at hand have no demo. Assets are told by the environment,
    too.

    Raises:
        ConfigurationError: the environment or a project file cannot be used.
    """
    from viral_assets.errors import UnknownProjectError
    from viral_assets.projects.loader import load_projects, select_projects
    from viral_assets.settings import BUNDLED_PROJECTS, load_settings

    settings = load_settings()
    if settings.projects_dir.is_dir():
        with suppress(UnknownProjectError):
            select_projects(load_projects(settings.projects_dir), [PROJECT])
            return settings
    os.environ["VIRAL_ASSETS_PROJECTS_DIR"] = str(BUNDLED_PROJECTS)
    return load_settings()


def prepare_sample(database: Database, folder: Path, hours: HourRange) -> int:
    """See to it that the sample of ``hours`` is in the database, and no earlier one. Returns how many tweets it has.

    An earlier one would make the new one look like a repetition of itself: same texts, other ids.
    """
    from viral_assets.demo.sample import write_sample
    from viral_assets.sources.files.ingest import IngestOptions, ingest_file

    folder.mkdir(parents=True, exist_ok=True)
    sample = folder / f"sample-{hours.end:%Y%m%dT%H}.jsonl"
    for earlier in folder.glob("sample-*.jsonl"):
        if earlier != sample:
            forget_sample(database, earlier)
            earlier.unlink()
    write_sample(sample, hours.end)
    report = ingest_file(database, sample, IngestOptions(datetime.now(UTC), project=PROJECT, window=hours))
    return report.stored


def forget_sample(database: Database, path: Path) -> None:
    """Take the tweets of a sample file, and what came of them, out of the database; what somebody has decided about
    stays."""
    import hashlib

    import orjson

    from viral_assets.store.audit import tweets_decided
    from viral_assets.store.ingested_files import forget_file
    from viral_assets.store.tweets import forget_tweets

    content = path.read_bytes()
    ids = [tweet["id"] for line in content.splitlines() for tweet in orjson.loads(line)["data"]]
    with database.begin() as connection:
        decided = tweets_decided(connection, PROJECT, ids)
        forget_tweets(connection, [each for each in ids if each not in decided])
        forget_file(connection, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What the demo shows of what is in the database.

    Args:
        labels: of the tweets that passed the gate.
        gated: how many did not.
    """

    labels: Mapping[str, int]
    gated: int
    opportunities: int
    suggestions: int
    recorded: int
    best: tuple[OpportunityView, ...]


def read_outcome(database: Database, hours: HourRange) -> DemoResult:
    """Count what came of the sample."""
    from viral_assets.queries.digest import digest_rows
    from viral_assets.store.tables import tweet_scores
    from viral_assets.store.windows import read_window

    with database.read() as connection:
        scores = read_window(connection, tweet_scores, hours, project=PROJECT)
        rows = digest_rows(connection, hours, PROJECT)
    passed = scores[scores["gate"] == GATE_PASSED]
    found = passed["label"].value_counts()
    return DemoResult(
        labels={label: int(found.get(label, 0)) for label in LABELS},
        gated=len(scores) - len(passed),
        opportunities=len(rows),
        suggestions=sum(len(row.suggestions) for row in rows),
        recorded=sum(suggestion.recorded for row in rows for suggestion in row.suggestions),
        best=tuple([row for row in rows if row.suggestions][:SHOWN]),
    )


def _show(where: Console, outcome: DemoResult, tweets: int, seconds: float, page: Path) -> None:
    labels = ", ".join(f"{number:,} {label}" for label, number in outcome.labels.items())
    gated = f"; {outcome.gated:,} are stopped by the gate" if outcome.gated else ""
    best = table(["score", "author", "tweet", "suggested reply"], title="The best", numbers=["score"])
    best.leading = 1
    for row in outcome.best:
        best.add_row(
            f"{row.total:.2f} {row.label}",
            plain(f"@{row.author_handle}"),
            plain(" ".join(row.text.split())),
            plain(row.suggestions[0].text),
        )
    where.print(best)
    where.print(
        facts_table(
            [
                ("tweets", f"{tweets:,} in {HOURS} hours"),
                ("scored", labels + gated),
                ("worth a reply", full_count(outcome.opportunities)),
                ("suggestions", _written(outcome)),
                ("took", f"{seconds:.0f} s"),
            ]
        )
    )
    say(where, "Digest   ", command(str(page)))
    say(where, "CSV      ", command(str(page.with_suffix(".csv"))))
    say(where, "Dagster  ", command("viral-assets dev"), f"{_make('dev')}, then http://127.0.0.1:3000")
    say(where, "Next     ", command("viral-assets review"), f"{_make('review')}: decide about them in the browser")


def _written(outcome: DemoResult) -> str:
    """By whom: drafts for the sample are recorded, and whatever has none is put together offline."""
    others = outcome.suggestions - outcome.recorded
    parts = [
        (outcome.recorded, "recorded drafts, written beforehand for the sample"),
        (others, "written by the offline provider"),
    ]
    return "; ".join(f"{number:,} {words}" for number, words in parts if number) or "none"


def _make(target: str) -> str:
    """In a checkout, where commands may not be on the path."""
    from viral_assets.settings import checkout_root

    return f" (here also: make {target})" if (checkout_root() / "viral_assets").is_dir() else ""
