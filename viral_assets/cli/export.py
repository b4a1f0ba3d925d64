"""``viral-assets export-comments``: the suggestions as a table for a spreadsheet."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from viral_assets.cli.options import MOST_HOURS, Json, add_command
from viral_assets.cli.output import command, console, print_json, say


class Label(StrEnum):
    """How promising a tweet is."""

    green = "green"
    yellow = "yellow"
    red = "red"


class Status(StrEnum):
    """What a person has decided about a suggestion."""

    pending = "pending"
    approved = "approved"
    edited = "edited"
    rejected = "rejected"
    exported = "exported"
    posted = "posted"


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
    )


def export_comments(
    project: Annotated[str | None, typer.Option(metavar="NAME", help="One project; all by default.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File to write; a CSV under VIRAL_ASSETS_HOME/exports by default."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many tweets, the best first.")
    ] = None,
    hours_back: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_HOURS, metavar="N", help="Tweets of the last N full hours only; all hours by default."
        ),
    ] = None,
    label: Annotated[list[Label] | None, typer.Option(help="Tweets of this label; may be repeated.")] = None,
    status: Annotated[
        list[Status] | None,
        typer.Option(help="Suggestions of this status; may be repeated. By default all that may still be posted."),
    ] = None,
    sort_by: Annotated[
        SortBy, typer.Option(help="Best score, most views, or score weighted with reach.")
    ] = SortBy.score,
    as_json: Json = False,
) -> None:
    """Write the suggestions to a CSV file: one row a tweet, the best suggestion first, then the alternatives.

    Cells that a spreadsheet would run as a formula are neutralised. The file appears whole or not at all.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.options import choose_hours, pick_projects
    from viral_assets.review.export import write_csv
    from viral_assets.review.queries import select_for_export
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    if project is not None:
        pick_projects(settings, [project])
    window = None
    if hours_back is not None:
        window = choose_hours(settings, datetime.now(UTC), hours_back=hours_back, start=None, end=None)
    path = out or settings.home / "exports" / f"comments-{project or 'all'}.csv"
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            rows = select_for_export(
                connection,
                project=project,
                window=window,
                labels=[item.value for item in label] if label else None,
                statuses=[item.value for item in status] if status else None,
                sort_by=sort_by.value,
                limit=limit,
            )
    finally:
        database.dispose()
    write_csv(path, rows)
    where = console(as_json=as_json)
    say(where, f"{len(rows):,} tweets in ", command(str(path)))
    if not rows:
        say(where, "Nothing matches. Suggestions come from ", command("viral-assets generate-comments"), ".")
    if as_json:
        print_json({"path": str(path), "rows": len(rows)})
