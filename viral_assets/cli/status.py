"""``viral-assets status``: what is stored, how it grows, and what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command, partition_hours
from viral_assets.cli.output import command, console, facts_table, print_json, say, table
from viral_assets.hours import HourRange, floor_hour, hour_key
from viral_assets.text.amounts import full_count

if TYPE_CHECKING:
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.sizes import DatabaseSizes


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, status, "viral-assets status", "viral-assets status --all", "viral-assets status --json")


def status(
    everything: Annotated[bool, typer.Option("--all", help="Show the tables without rows, too.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is stored, how fast it grows, and what waits.

    The tables with their rows and sizes; the oldest and the newest hour; past hours with tweets that no run has looked
    at; tweets that were put off; files in the inbox that were not read yet; channels that did not take their last
    message; Dagster's own history; room on the disk.
    Writes nothing, and asks no service.
    """
    from rich.filesize import decimal

    from viral_assets.cli.home import dagster_home
    from viral_assets.cli.output import progress_bar
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.gone import FORGET_THEM
    from viral_assets.upkeep.sizes import DAYS_OF_GROWTH, sizes

    settings, now = load_settings(), datetime.now(UTC)
    database = Database(settings.resolved_database_url)
    try:
        with progress_bar() as progress:
            progress.add_task("looking at the tables", total=None)
            found = sizes(database, now)
            waiting = _waiting(database, settings, now)
            down = _channels_down(database, now)
    finally:
        database.dispose()
    where = console(as_json=as_json)
    shown = table(["table", "rows", "size"], numbers=("rows", "size"))
    for each in found.tables:
        if each.rows or everything:
            shown.add_row(each.name, full_count(each.rows), "?" if each.bytes is None else decimal(each.bytes))
    where.print(shown)
    grows = found.bytes_a_day
    pace = "nothing to tell by yet" if grows is None else f"about {decimal(round(grows))} a day"
    history = _bytes_in(dagster_home(settings))
    free = _free_bytes(settings.home)
    facts = [
        ("database", f"{database.url_for_people}: {decimal(found.total_bytes)}"),
        ("grows by", f"{pace}, at {found.tweets_a_day:,.0f} tweets a day in the last {DAYS_OF_GROWTH} days"),
        ("hours", _hours(found)),
        ("hours with tweets that no run has looked at", full_count(waiting["hours_unscored"])),
        ("tweets put off for a later run", full_count(waiting["put_off"])),
        ("files not read yet", f"{waiting['files']:,} in {settings.resolved_inbox}"),
        *([("channels that did not take their last message", "; ".join(down))] if down else []),
        ("tweets that X has no more", full_count(waiting["gone"])),
        ("Dagster's history", "none on this machine" if history is None else decimal(history)),
        ("free on the disk", "?" if free is None else decimal(free)),
    ]
    where.print(facts_table(facts))
    if waiting["gone"]:
        say(where, "What X has no more is let go of by ", command(FORGET_THEM))
    say(where, "What is older than you need goes with ", command("viral-assets prune --vectors 14 --undecided 180"))
    if as_json:
        print_json(_payload(database, found, waiting, history, free) | {"channels_down": down})


def _waiting(database: Database, settings: Settings, now: datetime) -> dict[str, int]:
    from viral_assets.sources.files.inbox import Inbox
    from viral_assets.store.deferred import deferred_hours, hours_unscored
    from viral_assets.store.gone import count_gone

    provider, _ = settings.access()
    hours = partition_hours(settings, now)
    past = HourRange(hours.start, min(hours.end, floor_hour(now))) if hours.start < floor_hour(now) else None
    inbox = Inbox(settings.resolved_inbox, settings.move_read_files)
    known = inbox.known(database)
    with database.read() as connection:
        put_off = deferred_hours(connection, hours, provider=provider)
        unscored = hours_unscored(connection, past) if past is not None else set()
        gone = count_gone(connection)
    return {
        "hours_unscored": len(unscored),
        "put_off": sum(each.tweets for each in put_off.values()),
        "gone": gone,
        "files": sum(name not in known or known[name].stamp != file.stamp for name, file in inbox.files().items()),
    }


def _channels_down(database: Database, now: datetime) -> list[str]:
    """A few words about each channel that did not take its last message, of the last day."""
    from viral_assets.store.notifications import channel_standings

    with database.read() as connection:
        standings = channel_standings(connection, now - timedelta(days=1)).values()
    return [f"{each.channel} ({each.reason}; {each.waiting:,} wait)" for each in standings if each.down]


def _hours(found: DatabaseSizes) -> str:
    if found.first_hour is None or found.last_hour is None:
        return "no tweets yet"
    return f"{hour_key(found.first_hour)} to {hour_key(found.last_hour)} (UTC)"


def _bytes_in(folder: Path) -> int | None:
    """Of all files in a folder; None where there is none. What goes away meanwhile counts as nothing."""
    if not folder.is_dir():
        return None
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _free_bytes(folder: Path) -> int | None:
    import shutil

    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _payload(
    database: Database, found: DatabaseSizes, waiting: dict[str, int], history: int | None, free: int | None
) -> dict[str, Any]:
    grows = found.bytes_a_day
    return {
        "database": database.url_for_people,
        "bytes": found.total_bytes,
        "bytes_a_day": None if grows is None else round(grows),
        "tweets_a_day": round(found.tweets_a_day, 1),
        "first_hour": found.first_hour and hour_key(found.first_hour),
        "last_hour": found.last_hour and hour_key(found.last_hour),
        "tables": {each.name: {"rows": each.rows, "bytes": each.bytes} for each in found.tables},
        "waiting": waiting,
        "dagster_bytes": history,
        "free_bytes": free,
    }
