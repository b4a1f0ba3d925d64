"""``viral-assets export-comments``: the suggestions as a table, for a spreadsheet, a script or an analysis."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from viral_assets import vocabulary
from viral_assets.cli.options import Json, LastHours, OneProject, Out, Replace, add_command, asked_of
from viral_assets.cli.output import command, console, print_json, progress_bar, say
from viral_assets.text.amounts import how_many


class ExportFormat(StrEnum):
    """How the table is written."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


class Label(StrEnum):
    """How promising a tweet is."""

    green = vocabulary.GREEN
    yellow = vocabulary.YELLOW
    red = vocabulary.RED


class Status(StrEnum):
    """What a person has decided about a suggestion; what takes another person is not handed over."""

    pending = vocabulary.PENDING
    approved = vocabulary.APPROVED
    edited = vocabulary.EDITED
    rejected = vocabulary.REJECTED
    exported = vocabulary.EXPORTED
    posted = vocabulary.POSTED


class SortBy(StrEnum):
    """What makes a tweet come first."""

    score = "score"
    views = "views"
    balanced = "balanced"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        export_comments,
        "viral-assets export-comments --project demo --out replies.csv",
        "viral-assets export-comments --hours-back 6 --label green --limit 20 --sort-by balanced",
        "viral-assets export-comments --status approved --status edited --out approved.parquet",
        "viral-assets export-comments --out look.json --no-mark",
    )


def export_comments(
    project: OneProject = None,
    out: Out = None,
    file_format: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="By default what FILE ends in; CSV where it has no ending.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many tweets, the best first.")
    ] = None,
    hours_back: LastHours = None,
    label: Annotated[list[Label] | None, typer.Option(help="Tweets of this label; may be repeated.")] = None,
    status: Annotated[
        list[Status] | None,
        typer.Option(help="Suggestions of this status; may be repeated. By default all that may still be posted."),
    ] = None,
    sort_by: Annotated[
        SortBy, typer.Option(help="Best score, most views, or score weighted with reach.")
    ] = SortBy.score,
    mark: Annotated[
        bool,
        typer.Option("--mark/--no-mark", help="Mark the suggestions as exported, or only have a look."),
    ] = True,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Write the suggestions to a CSV, JSON or Parquet file: one row a tweet, the best suggestion first, then the
    alternatives. What is in the file is marked as exported.

    The file appears whole or not at all, and the marks come after it: whatever happens in between, nothing is marked
    that is in no file. One that somebody has changed since an export wrote it is replaced only with --replace. What was
    exported before is in the next file too, unless you ask for a status: pending, approved and edited are those that no
    export has had since. Where a reply to a sensitive tweet takes the approval of two people, it is in no file before
    both have given it. In CSV, cells that a spreadsheet would run as a formula are neutralised.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.deciding import asks_for_two
    from viral_assets.delivery.export_formats import format_of
    from viral_assets.delivery.export_run import export_suggestions
    from viral_assets.delivery.own_files import OwnFiles
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    now = datetime.now(UTC)
    window = asked_of(settings, now, project, hours_back)
    name = f"comments-{project or 'all'}.{file_format.value if file_format else 'csv'}"
    path = out or settings.home / "exports" / name
    kind = file_format.value if file_format else format_of(path)
    own = OwnFiles.of(settings.home)
    if not replace:
        own.refuse_changed(path)
    database = Database(settings.resolved_database_url)
    try:
        with progress_bar() as bar:
            tweets = bar.add_task("tweets", total=None)
            report = export_suggestions(
                database,
                path,
                kind,
                now=now,
                project=project,
                window=window,
                labels=[item.value for item in label] if label else None,
                statuses=[item.value for item in status] if status else None,
                sort_by=sort_by.value,
                limit=limit,
                mark=mark,
                second=asks_for_two(settings),
                progress=lambda done, total: bar.update(tweets, completed=done, total=total),
            )
    finally:
        database.dispose()
    if not report.kept:
        own.note(path, now)
    where = console(as_json=as_json)
    if report.kept:
        say(where, command(str(path)), " stays as it is.")
    else:
        found = f"{how_many(report.rows, 'tweet')} with {how_many(report.suggestions, 'suggestion')}"
        say(where, f"{found} in ", command(str(path)))
    if not report.rows:
        say(where, "Nothing matches. Suggestions come from ", command("viral-assets generate-comments"), ".")
    elif mark:
        say(where, f"{how_many(report.marked, 'suggestion is', 'suggestions are')} marked as exported.")
    if report.changed:
        say(where, f"{report.changed:,} were decided about meanwhile; they stay as decided, and unmarked.")
    if as_json:
        print_json(
            {
                "path": str(path),
                "format": kind,
                "rows": report.rows,
                "suggestions": report.suggestions,
                "marked": report.marked,
                "changed": report.changed,
                "kept": report.kept,
            }
        )
