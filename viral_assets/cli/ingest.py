"""``viral-assets ingest``: tweets from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli import ingest_report
from viral_assets.cli.options import Json, Timezone, add_command
from viral_assets.cli.output import console, print_json, progress_bar
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HourRange

if TYPE_CHECKING:
    from viral_assets.settings import Settings
    from viral_assets.sources.files.ingest import IngestReport
    from viral_assets.store.engine import Database

APIFY = "apify:"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        ingest,
        "viral-assets ingest tweets.jsonl",
        "viral-assets ingest exports/ --project demo --json",
        "viral-assets ingest search.csv --collected-at 2026-11-21T20:00:00Z --strict",
        "viral-assets ingest --explain export.csv.gz --timezone America/New_York",
        "viral-assets ingest apify:3sOmEDaTaSeTiD --project demo",
    )


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files, folders of files, or apify:DATASET_ID.")],
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="Count these tweets for this project only; for all by default.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a record or a file is rejected.")] = False,
    collected_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the counts were collected (ISO, UTC), where the files do not tell. Velocity depends on it.",
        ),
    ] = None,
    timezone: Timezone = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say what the files are and show their first rows; store nothing."),
    ] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Read files whose content was read before once more, after a fix."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read tweets from files into the database. The format is recognised by the content.

    JSON of the X API v2 (pages, lines, streams, flattened) and v1.1, of X's web page, of archives and scrapers;
    datasets of Apify's tweet-scraper; CSV, Parquet and Excel workbooks with the column names people use; each plain or
    packed (gzip, zstd, bzip2, xz, a zip archive of one file). What cannot be read goes to quarantine with its reason
    ("viral-assets rejects"), and the good records of the same file go on. A file that was read before is recognised,
    whatever its name. Exit code: 0 done, 1 something was rejected and --strict, 2 nothing usable.
    """
    from datetime import UTC

    from viral_assets.cli.options import column_names, parse_instant, parse_zone, partition_hours
    from viral_assets.settings import load_settings
    from viral_assets.sources.base import ReadOptions
    from viral_assets.sources.files.ingest import IngestOptions, ingest_paths
    from viral_assets.store.engine import Database
    from viral_assets.store.tables import EVERY_PROJECT

    settings = load_settings()
    now = datetime.now(UTC)
    zone = parse_zone(timezone) if timezone else UTC
    columns = column_names(settings, project)
    if explain:
        from viral_assets.cli.explain import explain_files

        raise typer.Exit(explain_files(paths, ReadOptions(now, zone, columns), as_json=as_json))
    collected = parse_instant(collected_at, "--collected-at") if collected_at else None
    if collected and collected > now:
        raise ConfigurationError(f"--collected-at: {collected_at} lies in the future")
    hours = partition_hours(settings, now)
    options = IngestOptions(
        now,
        zone,
        columns,
        project=project or EVERY_PROJECT,
        window=hours,
        collected_at=collected,
        again=again,
    )
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        with progress_bar() as bar:
            records = bar.add_task("records", total=None)
            datasets = [str(path).removeprefix(APIFY) for path in paths if str(path).startswith(APIFY)]
            reports: list[IngestReport] = [
                *_ingest_datasets(
                    database, settings, datasets, project, hours, collected, lambda number: bar.advance(records, number)
                )
            ]
            reports += ingest_paths(
                database,
                [path for path in paths if not str(path).startswith(APIFY)],
                options,
                progress=lambda number: bar.advance(records, number),
            )
        tweets = _tweets_by_hour(database, reports, project)
    finally:
        database.dispose()
    where = console(as_json=as_json)
    ingest_report.show(where, reports)
    following = ingest_report.advise(where, tweets, hours, project)
    if as_json:
        print_json(ingest_report.payload(reports, tweets, following))
    raise typer.Exit(exit_code(reports, strict=strict))


def _ingest_datasets(
    database: Database,
    settings: Settings,
    datasets: Sequence[str],
    project: str | None,
    hours: HourRange,
    collected: datetime | None,
    progress: Callable[[int], None],
) -> Iterator[IngestReport]:
    """Read finished datasets of Apify."""
    if not datasets:
        return
    from viral_assets.sources.services.apify_client import ApifyService
    from viral_assets.sources.services.apify_runs import ingest_dataset
    from viral_assets.store.tables import EVERY_PROJECT

    if settings.apify_token is None:
        raise ConfigurationError("reading a dataset of Apify needs a token; set APIFY_TOKEN")
    service = ApifyService(settings.apify_token.get_secret_value(), base_url=settings.apify_api_base_url)
    for dataset in datasets:
        yield ingest_dataset(
            database,
            service,
            dataset,
            project=project or EVERY_PROJECT,
            window=hours,
            collected_at=collected,
            progress=progress,
        )


def exit_code(reports: Sequence[IngestReport], *, strict: bool) -> int:
    """0 all good, 1 something was rejected and ``strict``, 2 nothing usable."""
    if not any(report.stored for report in reports):
        return 2
    rejected = any(report.problem or report.rejected for report in reports)
    return 1 if strict and rejected else 0


def _tweets_by_hour(database: Database, reports: Sequence[IngestReport], project: str | None) -> Counter[datetime]:
    """How many tweets lie in the hours of the files. A file that was read before is not read again: for its hours,
    the tweets that are stored count.
    """
    from viral_assets.store.ingested_files import find_file
    from viral_assets.store.tables import EVERY_PROJECT

    by_hour = sum((report.windows for report in reports), Counter[datetime]())
    known = [report.sha256 for report in reports if report.already_ingested]
    if known:
        from viral_assets.store.tweets import count_by_hour

        with database.read() as connection:
            files = [find_file(connection, sha256, project or EVERY_PROJECT) for sha256 in known]
            stored = count_by_hour(connection, project=project)
        spans = [(file["first_window"], file["last_window"]) for file in files if file and file["first_window"]]
        for hour, tweets in stored.items():
            if any(first <= hour <= last for first, last in spans):
                by_hour[hour] = tweets
    return by_hour
