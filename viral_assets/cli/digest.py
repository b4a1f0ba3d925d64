"""``viral-assets digest``: the suggestions of a range of hours as one file to read, mail or print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from viral_assets.cli.options import MOST_HOURS, From, Json, OneProject, To, add_command
from viral_assets.cli.output import command, console, print_json, say
from viral_assets.text.amounts import how_many


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        digest,
        "viral-assets digest",
        "viral-assets digest --project demo --hours-back 6",
        "viral-assets digest --from 2026-11-21 --to 2026-11-22 --no-open",
    )


def digest(
    project: OneProject = None,
    hours_back: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_HOURS, metavar="N", help="The last N full hours; 24 by default.", show_default=False
        ),
    ] = None,
    start: From = None,
    end: To = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    as_json: Json = False,
) -> None:
    """Write the digest of a range of hours (a page and a CSV) and open the page in the browser.

    The digest shows each tweet with its suggestions; every suggestion has a link, Open in X, with the reply filled in.
    You post it, or you do not. The page stands alone and can be mailed; to decide about suggestions use
    "viral-assets review".
    """
    import webbrowser
    from datetime import UTC, datetime

    from viral_assets.cli.deciding import asks_for_two
    from viral_assets.cli.options import choose_hours, pick_projects
    from viral_assets.delivery.digest import write_digest
    from viral_assets.delivery.formatting import window_text
    from viral_assets.queries.digest import digest_rows, window_facts
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    now = datetime.now(UTC)
    projects = pick_projects(settings, [project] if project else None)
    hours = choose_hours(settings, now, hours_back=hours_back, start=start, end=end, default_hours=24)
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            rows = digest_rows(connection, hours, project, second=asks_for_two(settings))
            facts = window_facts(connection, hours, project)
    finally:
        database.dispose()
    name = f"digest-{project or 'all'}-{hours.start:%Y%m%dT%H}-{hours.end:%Y%m%dT%H}.html"
    files = write_digest(
        settings.digests / name,
        rows,
        title="Replies worth writing",
        window=hours,
        generated_at=now,
        project=project,
        project_titles={key: value.title for key, value in projects.items()},
        facts=facts,
    )
    page, table = Path(files.html).resolve(), Path(files.csv).resolve()
    where = console(as_json=as_json)
    suggestions = sum(len(row.suggestions) for row in rows)
    found = f"{how_many(len(rows), 'tweet')} worth a reply, {how_many(suggestions, 'suggestion')}"
    say(where, f"{window_text(hours)}: {found}")
    say(where, "  page ", command(str(page)))
    say(where, "  CSV  ", command(str(table)))
    if not rows:
        say(where, "Nothing there yet. Suggestions come from ", command("viral-assets generate-comments"), ".")
    if as_json:
        print_json(
            {
                "from": hours.start.isoformat(),
                "to": hours.end.isoformat(),
                "html": str(page),
                "csv": str(table),
                "opportunities": len(rows),
                "suggestions": suggestions,
            }
        )
    if open_page and rows and not webbrowser.open(page.as_uri()):
        say(where, "No browser could be opened here; open the page yourself.")
