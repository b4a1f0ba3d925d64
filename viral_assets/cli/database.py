"""``viral-assets db``: the tables."""

from __future__ import annotations

import typer

from viral_assets.cli.commands import Group
from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import console, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode="rich")
    add_command(group, upgrade, "viral-assets db upgrade")
    app.add_typer(group, name="db", help="The tables: create or upgrade them.")


def upgrade(as_json: Json = False) -> None:
    """Bring the tables of VIRAL_ASSETS_DATABASE_URL to this version.

    The embedded SQLite file does this by itself; PostgreSQL waits for you to say so. Running it again changes nothing.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    database = Database(load_settings().resolved_database_url)
    try:
        before, after = database.upgrade()
        where = console(as_json=as_json)
        if before == after:
            say(where, f"{database.url_for_people}: revision {after}, nothing to do")
        else:
            say(where, f"{database.url_for_people}: {before or 'no tables'} -> revision {after}")
        if as_json:
            print_json({"database": database.url_for_people, "before": before, "after": after})
    finally:
        database.dispose()
