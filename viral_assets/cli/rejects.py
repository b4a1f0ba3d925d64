"""``viral-assets rejects``: what could not be read, why, and how to have it read after all."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, Timezone, add_command, bytes_of
from viral_assets.cli.output import command, console, plain, print_json, say, table
from viral_assets.errors import ConfigurationError
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.settings import Settings
    from viral_assets.sources.files.retry_rejects import RetryReport
    from viral_assets.store.engine import Database
    from viral_assets.store.rejects import RejectFilter

SHOWN_RAW = 300
"""Characters of a raw text in the list; all of it with --id."""

EXPORTED = ("id", "source", "locator", "reason", "detail", "rejected_at", "raw")


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        rejects,
        "viral-assets rejects",
        "viral-assets rejects --reason bad_time --limit 20",
        "viral-assets rejects --id 17",
        "viral-assets rejects --reason bad_id --export bad.csv",
        "viral-assets rejects --retry --timezone Europe/Berlin",
        "viral-assets rejects --fixed bad.csv",
    )


def rejects(
    reason: Annotated[str | None, typer.Option(metavar="WORD", help="Only those rejected for this reason.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only those from a file or address with this in its name.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=10_000, metavar="N", help="How many to show, latest first.")] = 5,
    id_: Annotated[
        list[int] | None, typer.Option("--id", metavar="N", help="Show this one with its whole raw text.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them all to a CSV file, or JSON lines (*.jsonl).")
    ] = None,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Read them once more: after an update, or with other options."),
    ] = False,
    fixed: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="An export whose raw texts you have mended: read those instead."),
    ] = None,
    project: Annotated[
        str | None, typer.Option(metavar="NAME", help="For --retry: whose tweets they are, and its names of columns.")
    ] = None,
    timezone: Timezone = None,
    collected_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="For --retry: when the counts were collected (ISO, UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look into the quarantine: records that could not be read, by reason, with their place and raw text.

    With --retry, they are read once more. A file that is still where it was is read again as a whole; of others, the
    raw text is. With --fixed, the texts of an export that you have mended (the column "raw") are read; a row of a CSV
    file needs that file for its header. What can be used then is stored and leaves the quarantine.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.rejects import RejectFilter

    settings = load_settings()
    which = RejectFilter(reason, source, tuple(id_ or ()))
    where = console(as_json=as_json)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        payload: dict[str, Any] = {}
        if retry or fixed:
            reports = _retry(database, settings, which, fixed, project, timezone, collected_at)
            _show_retry(where, reports)
            payload["retried"] = [_retry_payload(report) for report in reports]
        if export:
            payload["exported"] = _export(database, which, export)
            say(where, f"{how_many(payload['exported'], 'record is', 'records are')} in ", command(str(export)))
        payload |= _list(where, database, which, limit, whole=bool(id_))
    finally:
        database.dispose()
    if as_json:
        print_json(payload)


def _list(where: Console, database: Database, which: RejectFilter, limit: int, *, whole: bool) -> dict[str, Any]:
    from viral_assets.store.rejects import count_rejects_by_reason, read_rejects

    with database.read() as connection:
        by_reason = count_rejects_by_reason(connection, which)
        newest = read_rejects(connection, limit, which)
    if not by_reason:
        say(where, "Nothing is in quarantine." if which.matches_all else "Nothing in quarantine is like that.")
        return {"rejected": 0, "reasons": {}, "records": []}
    reasons = table(["reason", "records"], numbers=["records"])
    for word, number in by_reason.items():
        reasons.add_row(plain(word), full_count(number))
    where.print(reasons)
    for row in newest:
        raw = str(row["raw"])
        shown = raw if whole or len(raw) <= SHOWN_RAW else f"{raw[:SHOWN_RAW]}… ({len(raw):,} characters)"
        say(where, f"{row['id']}  {plain(row['source'])}, {plain(row['locator'])}")
        say(where, f"    {row['reason']}: {plain(row['detail'])}")
        for line in shown.splitlines() or [""]:
            say(where, f"    {plain(line)}")
    total = sum(by_reason.values())
    if total > len(newest):
        say(where, f"These are the latest {len(newest):,} of {total:,}; --limit shows more, --export all of them.")
    records = [{name: row[name] for name in EXPORTED} for row in newest]
    return {"rejected": total, "reasons": by_reason, "records": records}


def _export(database: Database, which: RejectFilter, path: Path) -> int:
    from viral_assets.store.rejects import all_rejects

    with database.read() as connection:
        rows = ({name: row[name] for name in EXPORTED} for row in all_rejects(connection, which))
        if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
            return _write_lines(path, rows)
        return _write_csv(path, rows)


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
            written += 1
    return written


def _write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    written = 0
    # The mark tells spreadsheets that it is UTF-8. The texts are kept as they are, since they come back with --fixed.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, EXPORTED)
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            written += 1
    return written


def read_fixed(path: Path) -> dict[int, str]:
    """The raw texts of an export, by id.

    Raises:
        ConfigurationError: it is no export; the message tells the line.
    """
    try:
        text = bytes_of(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise ConfigurationError(f"--fixed: {path}: {reason}") from None
    found: dict[int, str] = {}
    try:
        if text.lstrip().startswith("{"):
            rows: Iterable[Mapping[str, Any]] = (json.loads(line) for line in text.split("\n") if line.strip())
        else:
            rows = _csv_rows(text)
        for row in rows:
            found[int(row["id"])] = str(row["raw"])
    except (ValueError, KeyError, TypeError, RecursionError, csv.Error):
        raise ConfigurationError(
            f"--fixed: {path}: record {len(found) + 1} is none of an export; it needs the columns id and raw"
        ) from None
    return found


def _csv_rows(text: str) -> Iterable[Mapping[str, Any]]:
    # A raw text may be longer than the csv module takes by default; its limit is everybody's, so it is put back.
    limit = csv.field_size_limit(2**30)
    try:
        return list(csv.DictReader(io.StringIO(text, newline="")))
    finally:
        csv.field_size_limit(limit)


def _retry(
    database: Database,
    settings: Settings,
    which: RejectFilter,
    fixed: Path | None,
    project: str | None,
    timezone: str | None,
    collected_at: str | None,
) -> Sequence[RetryReport]:
    from datetime import UTC, datetime

    from viral_assets.cli.options import column_names, parse_instant, parse_zone
    from viral_assets.sources.files.retry_rejects import RetryOptions, retry_rejects

    options = RetryOptions(
        now=datetime.now(UTC),
        project=project,
        collected_at=parse_instant(collected_at, "--collected-at") if collected_at else None,
        zone=parse_zone(timezone) if timezone else UTC,
        columns=column_names(settings, project),
        fixed=read_fixed(fixed) if fixed else None,
    )
    return retry_rejects(database, options, which)


def _show_retry(where: Console, reports: Sequence[RetryReport]) -> None:
    numbers = ("in quarantine", "usable now", "left", "new tweets")
    shown = table(["source", *numbers, "what was done"], title="Read once more", numbers=numbers)
    for report in reports:
        shown.add_row(
            plain(report.source),
            full_count(report.before),
            full_count(report.accepted),
            full_count(report.left.total()),
            full_count(report.counts.new),
            plain(report.how),
        )
    if reports:
        where.print(shown)
    else:
        say(where, "There is nothing to read once more.")


def _retry_payload(report: RetryReport) -> dict[str, Any]:
    return {
        "source": report.source,
        "before": report.before,
        "accepted": report.accepted,
        "left": dict(report.left.most_common()),
        "new": report.counts.new,
        "updated": report.counts.updated,
        "unchanged": report.counts.unchanged,
        "how": report.how,
    }
