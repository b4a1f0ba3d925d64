"""``viral-assets notify``: tell people what is new, now; and try whether a channel works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command, pick_projects
from viral_assets.cli.output import complain, console, plain, print_json, say, table
from viral_assets.errors import ViralAssetsError
from viral_assets.text.amounts import full_count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Console

    from viral_assets.notifications.notifier import Notifier
    from viral_assets.notifications.report import NotificationRound
    from viral_assets.projects.model import Project
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database
    from viral_assets.store.notifications import ChannelStanding

STANDING_DAYS = 1


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        notify,
        "viral-assets notify --test team",
        "viral-assets notify --project demo --dry-run",
        "viral-assets notify --json",
    )


def notify(
    project: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Tell of this project; may be repeated; all by default.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the messages; send nothing, and note nothing as told.")
    ] = False,
    test: Annotated[
        str | None, typer.Option("--test", metavar="CHANNEL", help="Send a message without any tweet to this channel.")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Tell once more of what nobody knows whether it arrived, while it is news."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell the channels of the projects about new opportunities that they have not been told of.

    Who is told of what stands in the project file under notifications; where a channel leads, in the environment:
    VIRAL_ASSETS_NOTIFY_TEAM is the address of the channel team, as https://appriseit.com/services/ lists them.

    Each channel is told of a tweet once, whichever process does it and however it ends. What somebody has decided
    about, or what is older than the project says, is not told. A channel that does not take a message is asked again
    by the next call. "generate-comments" and notify_sensor in Dagster tell by themselves; this is for whoever wants to
    know, or runs neither.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    if test is not None:
        _try(settings, test, as_json=as_json)
        return
    projects = pick_projects(settings, project)
    database = Database(settings.resolved_database_url)
    try:
        taken_back = _take_back(database, projects) if again and not dry_run else 0
        done = _notifier(settings, database).notify(projects, dry_run=dry_run)
        standings = _standings(database, projects)
    finally:
        database.dispose()
    where = console(as_json=as_json)
    if again and not dry_run:
        say(where, f"Told once more, while they are news: {full_count(taken_back)} of which nobody knew.")
    if dry_run:
        _show_messages(where, done)
    _show(where, projects, done, standings, dry_run=dry_run)
    for warning in done.warnings:
        complain(warning)
    if as_json:
        print_json({"dry_run": dry_run, **done.as_json(), "standing": list(map(_as_json, standings.values()))})
    if any(told.problem for told in done.told):
        raise typer.Exit(1)


def tell_after_a_run(settings: Settings, projects: Mapping[str, Project], where: Console) -> int:
    """Tell of what runs have found. Whatever goes wrong is a line: the runs ended well.

    Returns:
        Tweets told of, for all channels together.
    """
    from viral_assets.store.engine import Database

    if not any(each.notifications.channels for each in projects.values()):
        return 0
    database = Database(settings.resolved_database_url)
    try:
        done = _notifier(settings, database).notify(projects)
    except ViralAssetsError as error:
        complain(f"nobody was told of what is new: {error}")
        return 0
    finally:
        database.dispose()
    for line in done.lines:
        say(where, plain(line))
    for warning in done.warnings:
        complain(warning)
    return done.tweets


def _notifier(settings: Settings, database: Database) -> Notifier:
    from viral_assets.notifications.notifier import Notifier

    return Notifier(database, settings.channels, settings.review_url)


def _try(settings: Settings, channel: str, *, as_json: bool) -> None:
    from viral_assets.notifications.channels import open_channel
    from viral_assets.notifications.words import trial_message
    from viral_assets.vocabulary import SENT

    opened = open_channel(channel, settings.channels)
    outcome = opened.send(trial_message(channel))
    taken = outcome.state == SENT
    where = console(as_json=as_json)
    if taken:
        say(where, f"{opened.service} took the message for {channel}.")
    else:
        complain(f"{channel}: {opened.service} did not take the message: {outcome.reason}")
    if as_json:
        print_json({"channel": channel, "service": opened.service, "taken": taken, "reason": outcome.reason})
    if not taken:
        raise typer.Exit(1)


def _take_back(database: Database, projects: Mapping[str, Project]) -> int:
    from viral_assets.store.notifications import close_silent, take_back_unknown

    with database.begin() as connection:
        close_silent(connection, datetime.now(UTC))
        return take_back_unknown(connection, _channels(projects.values()))


def _standings(database: Database, projects: Mapping[str, Project]) -> dict[str, ChannelStanding]:
    from viral_assets.store.notifications import channel_standings

    named = _channels(projects.values())
    with database.read() as connection:
        found = channel_standings(connection, datetime.now(UTC) - timedelta(days=STANDING_DAYS))
    return {name: standing for name, standing in found.items() if name in named}


def _channels(projects: Iterable[Project]) -> set[str]:
    return {name for project in projects for name in project.notifications.channels}


def _show(
    where: Console,
    projects: Mapping[str, Project],
    done: NotificationRound,
    standings: Mapping[str, ChannelStanding],
    *,
    dry_run: bool,
) -> None:
    if not _channels(projects.values()):
        say(where, "No project names a channel; see notifications in projects/demo.yml.")
        return
    lines = list(done.lines)
    for line in lines if not dry_run else ():
        say(where, plain(line))
    if not lines and not any(told.problem for told in done.told):
        say(where, "There is nothing new to tell of.")
    if standings:
        where.print(_standing_table(standings))


def _show_messages(where: Console, done: NotificationRound) -> None:
    for told in done.told:
        for made in told.said:
            say(where, f"{told.project}, to {told.channel}:")
            for line in f"{made.title}\n{made.text}".splitlines():
                say(where, f"  {line}")


def _standing_table(standings: Mapping[str, ChannelStanding]) -> Any:
    shown = table(
        ["channel", "told", "waiting", "unknown", "missed", "last told", "problem"],
        title="The last day",
        numbers=("told", "waiting", "unknown", "missed"),
    )
    for each in standings.values():
        counts = (each.sent, each.waiting, each.unknown, each.missed)
        last = f"{each.last_sent_at:%d %b %H:%M} UTC" if each.last_sent_at else "never"
        shown.add_row(each.channel, *map(full_count, counts), last, plain(each.reason) if each.down else "")
    return shown


def _as_json(standing: ChannelStanding) -> dict[str, Any]:
    return {
        "channel": standing.channel,
        "told": standing.sent,
        "waiting": standing.waiting,
        "unknown": standing.unknown,
        "missed": standing.missed,
        "last_told_at": standing.last_sent_at and standing.last_sent_at.isoformat(),
        "down": standing.down,
        "problem": standing.reason if standing.down else "",
    }
