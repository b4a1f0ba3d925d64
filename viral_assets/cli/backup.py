"""``viral-assets backup`` and ``viral-assets restore``: a copy of the embedded database, and back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, print_json, say
from viral_assets.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add both commands."""
    add_command(
        app, backup, "viral-assets backup viral_assets-backup.db", "viral-assets backup nightly.db --replace --json"
    )
    add_command(app, restore, "viral-assets restore viral_assets-backup.db --yes")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; missing folders are made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Copy the embedded database into one file, while runs and the review page go on.

    The copy is the state of one moment: tweets, answers that were paid for, decisions, the ledger. It is looked
    through before it gets its name. Project files are yours, and digests are written anew by a run; Dagster keeps its
    history in files of its own. A database on PostgreSQL is copied by pg_dump.
    """
    from rich.filesize import decimal

    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.backup import back_up

    database = Database(load_settings().resolved_database_url)
    try:
        made = back_up(database, file, replace=replace)
    finally:
        database.dispose()
    where = console(as_json=as_json)
    say(where, f"{made.path}: {decimal(made.size_bytes)}, revision {made.revision}. It is put back by")
    say(where, "  ", command(f"viral-assets restore {made.path} --yes"))
    if as_json:
        print_json({"file": str(made.path), "bytes": made.size_bytes, "revision": made.revision})


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `viral-assets backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace what the database holds.")] = False,
    as_json: Json = False,
) -> None:
    """Put a copy in the place of what the embedded database holds, and bring it up to this version.

    The state before is copied first, beside the database; the line at the end says where. While a run is under way
    nothing is done. The ledger knows nothing of requests made since the copy: wait for a minute before the next run,
    and mind the limits of the day.
    """
    from rich.filesize import decimal

    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.backup import restore as put_back

    database = Database(load_settings().resolved_database_url)
    if not yes:
        raise ConfigurationError(
            f"this replaces everything in {database.url_for_people}; say --yes to do it (a copy of it is kept)"
        )
    try:
        done = put_back(database, file, datetime.now(UTC))
    finally:
        database.dispose()
    where = console(as_json=as_json)
    say(where, f"{database.url_for_people} holds what {file} held, at revision {done.revision}.")
    if done.before is not None:
        say(where, f"The state before is in {done.before.path} ({decimal(done.before.size_bytes)}).")
    if as_json:
        before = None if done.before is None else str(done.before.path)
        print_json({"database": database.url_for_people, "revision": done.revision, "before": before})
