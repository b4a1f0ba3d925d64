"""``viral-assets ingest``: tweets from files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, Timezone, add_command
from viral_assets.cli.output import command, complain, console, plain, print_json, progress_bar, say, table
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.settings import Settings
    from viral_assets.sources.files.ingest import IngestReport
    from viral_assets.store.engine import Database

APIFY = "apify:"

MOST_SUGGESTED_HOURS = 7 * 24

MOST_NAMES = 30
"""Of columns that are not used."""


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
    _show(where, reports)
    following = _advise(where, tweets, hours, project)
    if as_json:
        print_json(_payload(reports, tweets, following))
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


def _show(where: Console, reports: Sequence[IngestReport]) -> None:
    numbers = ("read", "new", "updated", "unchanged", "rejected", "outside")
    shown = table(["file", "format", *numbers, "hours"], numbers=numbers)
    readable = [report for report in reports if report.problem is None]
    for report in readable:
        shown.add_row(
            plain(report.name),
            plain(report.format),
            *(full_count(getattr(report, name)) for name in numbers),
            "read before" if report.already_ingested else _span(report.windows),
        )
    if len(readable) > 1:
        shown.add_section()
        totals = (full_count(sum(getattr(report, name) for report in readable)) for name in numbers)
        shown.add_row("all", "", *totals, _span(sum((report.windows for report in readable), Counter[datetime]())))
    if readable:
        where.print(shown)
    for report in reports:
        if report.problem:
            complain(report.problem)
        for line in _reading(report):
            say(where, f"{plain(report.name)}: {plain(line)}")
        for remark, number in report.remarks.most_common():
            say(where, f"{plain(report.name)}: {plain(remark)}" + (f" ({number:,} times)" if number > 1 else ""))
    reasons = sum((report.reject_reasons for report in reports), Counter[str]())
    if reasons:
        most = ", ".join(f"{number:,} {plain(reason)}" for reason, number in reasons.most_common())
        say(where, f"In quarantine: {most}; see ", command("viral-assets rejects"))
    if readable and not any(report.new or report.updated for report in readable):
        say(where, _why_nothing_changed(readable))


def _why_nothing_changed(readable: Sequence[IngestReport]) -> str:
    if any(report.unchanged for report in readable):
        rest = " The others were rejected." if any(report.rejected for report in readable) else ""
        return f"Nothing has changed: the tweets in there were known, with these counts or newer ones.{rest}"
    if any(report.rejected for report in readable):
        return "Nothing was stored: every record was rejected, for the reasons above."
    return "Nothing was stored: there is no tweet in there."


def _reading(report: IngestReport) -> Iterator[str]:
    """How a file was read: what was assumed, and what was left."""
    if report.collected_at and report.stored:
        yield f"counts taken to be as of {report.collected_at:%Y-%m-%d %H:%M} UTC; if not, give --collected-at"
    if report.has_columns:
        used = ", ".join(f"{field} from {source}" for field, source in report.mapping)
        yield f"columns used: {used}"
    if report.unused:
        more = f" and {len(report.unused) - MOST_NAMES:,} more" if len(report.unused) > MOST_NAMES else ""
        yield f"columns not used: {', '.join(report.unused[:MOST_NAMES])}{more}"


def _span(windows: Counter[datetime]) -> str:
    if not windows:
        return "none"
    first, last = min(windows), max(windows)
    if first == last:
        return f"{first:%Y-%m-%d %H:%M}"
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{len(windows):,}: {first:%Y-%m-%d %H:%M} to {until}"


def busiest_range(tweets: Counter[datetime], most_hours: int) -> HourRange:
    """The range of at most ``most_hours`` hours with the most tweets, begun and ended by an hour that has some.

    All of them, where they are not further apart than that. ``tweets`` counts by hour and is not empty.
    """
    hours = sorted(tweets)
    best = (0, hours[0], hours[0])
    inside = first = 0
    for hour in hours:
        inside += tweets[hour]
        while hour - hours[first] >= most_hours * HOUR:
            inside -= tweets[hours[first]]
            first += 1
        # The later of two equal ranges: newer tweets are worth more.
        best = max(best, (inside, hours[first], hour), key=lambda found: (found[0], found[2]))
    return HourRange(best[1], best[2] + HOUR)


def _advise(where: Console, tweets: Counter[datetime], hours: HourRange, project: str | None) -> str | None:
    """Say what to type next, and return it."""
    if not tweets:
        return None
    chosen = busiest_range(tweets, MOST_SUGGESTED_HOURS)
    scattered = sum(1 for hour in tweets if hour not in chosen)
    parts = ["viral-assets generate-comments"]
    if project is not None:
        parts.append(f"--project {project}")
    parts.append(f"--from {chosen.start:%Y-%m-%dT%H:%M} --to {chosen.end:%Y-%m-%dT%H:%M}")
    following = " ".join(parts)
    if scattered:
        others = how_many(scattered, "other hour")
        say(where, f"The tweets lie far apart; this takes the busiest week and leaves out {others}.")
    say(where, "Next: ", command(following))
    if chosen.start < hours.start:
        first = command(f"VIRAL_ASSETS_START={hour_key(chosen.start)}")
        say(where, f"The Dagster UI begins at {hour_key(hours.start)}; to see older hours there too, set ", first)
    return following


def _payload(reports: Sequence[IngestReport], tweets: Counter[datetime], following: str | None) -> dict[str, Any]:
    names = ("read", "new", "updated", "unchanged", "rejected", "outside")
    return {
        **{name: sum(getattr(report, name) for report in reports) for name in names},
        "reject_reasons": dict(sum((report.reject_reasons for report in reports), Counter[str]()).most_common()),
        "windows": [hour_key(hour) for hour in sorted(tweets)],
        "files": [
            {
                "name": report.name,
                "sha256": report.sha256,
                "format": report.format,
                **{name: getattr(report, name) for name in names},
                "already_ingested": report.already_ingested,
                "problem": report.problem,
                "reject_reasons": dict(report.reject_reasons.most_common()),
                "remarks": dict(report.remarks.most_common()),
                "collected_at": report.collected_at.isoformat() if report.collected_at else None,
                "columns": dict(report.mapping),
                "columns_not_used": list(report.unused),
                "windows": {hour_key(hour): number for hour, number in sorted(report.windows.items())},
            }
            for report in reports
        ],
        "next": following,
    }
