"""``viral-assets outcomes``: which replies were posted, and what they brought."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, OneProject, Timezone, add_command
from viral_assets.cli.outcomes_report import as_json_of, tell, tell_file, tell_service
from viral_assets.cli.output import complain, console, print_json, say
from viral_assets.errors import ConfigurationError, SourceError
from viral_assets.text.amounts import how_many
from viral_assets.text.x_links import handle_in

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.posted.reading import PostsOfFile
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        outcomes,
        "viral-assets outcomes account_analytics_content.csv --dry-run",
        "viral-assets outcomes timeline.json replies.csv --account @us",
        "viral-assets outcomes --account @us",
        "viral-assets outcomes --undo",
    )


def outcomes(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Your posts: X's analytics export, JSON of its API, or a CSV with the address of each reply.",
        ),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            metavar="@HANDLE",
            help="Your account, VIRAL_ASSETS_X_ACCOUNT by default. Without a FILE, its timeline is read at X (paid).",
        ),
    ] = None,
    project: OneProject = None,
    collected_at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the counts were seen; by default as the file says, else when it was written.",
        ),
    ] = None,
    timezone: Timezone = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=366, metavar="N", help="Read the last N days of the timeline; by default what is new in it."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take back what the last run marked as posted; what it found stays known.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find out which suggestions were posted and what they brought, from files or from your account's timeline.

    A reply is a suggestion for the tweet that it answers or, where a file does not say which that is, the suggestion
    with its text. It is marked as posted with the text as it was, under the name "outcomes"; views, likes, replies and
    reposts are kept as they were at the time. What is unclear, and what somebody decided otherwise, is listed and left.
    The same file may be given again.

    A CSV of your own needs a column reply_url (or reply_id), and tweet_url (or tweet_id) or the column id of
    "viral-assets export-decisions" beside it; views, likes, replies, reposts, reply_text and author_answered where you
    know them. Through the X API, replies are looked at again 1, 24 and 72 hours after they were posted: run it by the
    hour, or switch on outcomes_schedule. Nothing is ever posted.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    handle = handle_of(account) or settings.x_account
    if undo and (files or account or dry_run):
        raise ConfigurationError("--undo takes nothing else: it takes back what the last run marked")
    if not undo and not files and handle is None:
        raise ConfigurationError(
            "give a FILE with your posts, or your account, like --account @us (or VIRAL_ASSETS_X_ACCOUNT)"
        )
    database = Database(settings.resolved_database_url)
    where = console(as_json=as_json)
    try:
        database.ensure_ready()
        if undo:
            said = _undo(database, where)
        elif files:
            said = _from_files(
                settings,
                database,
                where,
                files,
                handle,
                project=project,
                collected_at=collected_at,
                timezone=timezone,
                dry_run=dry_run,
            )
        else:
            if dry_run:
                raise ConfigurationError("--dry-run is for files: what X is asked for is paid for")
            said = _from_account(database, where, str(handle), project, days)
    finally:
        database.dispose()
    if as_json:
        print_json(said)
    if said.get("unreadable_files"):
        raise typer.Exit(1)


def handle_of(account: str | None) -> str | None:
    """A handle without its ``@``.

    Raises:
        ConfigurationError: it is none.
    """
    if account is None:
        return None
    if (handle := handle_in(account)) is None:
        raise ConfigurationError(f"--account: {account!r} is no account; write it like @us")
    return handle


def _undo(database: Database, where: Console) -> dict[str, Any]:
    from viral_assets.posted.take_over import undo_last

    undone = undo_last(database, datetime.now(UTC))
    if undone is None:
        say(where, "Nothing is marked by this command that could be taken back.")
        return {"undone": 0, "left": 0}
    suggestions = how_many(undone[0], "suggestion is", "suggestions are")
    say(where, f"{suggestions} as before; what has changed since stays ({undone[1]:,}).")
    return {"undone": undone[0], "left": undone[1]}


def _from_files(
    settings: Settings,
    database: Database,
    where: Console,
    files: list[Path],
    handle: str | None,
    *,
    project: str | None,
    collected_at: str | None,
    timezone: str | None,
    dry_run: bool,
) -> dict[str, Any]:
    from viral_assets.cli.options import column_names, parse_instant, parse_zone, pick_projects
    from viral_assets.posted.reading import read_posts
    from viral_assets.posted.take_over import take_over
    from viral_assets.sources.base import ReadOptions
    from viral_assets.sources.content.file_probe import expand_paths

    now = datetime.now(UTC)
    if project is not None:
        pick_projects(settings, [project])
    options = ReadOptions(now, parse_zone(timezone) if timezone else UTC, column_names(settings, project))
    at = parse_instant(collected_at, "--collected-at") if collected_at else None
    if at is not None and at > now:
        raise ConfigurationError("--collected-at lies in the future")
    read: list[PostsOfFile] = []
    unreadable: list[str] = []
    for path in expand_paths(files):
        try:
            read.append(read_posts(path, options, account=handle, collected_at=at))
        except SourceError as error:
            complain(str(error))
            unreadable.append(str(error))
    if not read:
        raise SourceError("no file could be read; nothing has changed")
    posts = [post for each in read for post in each.posts]
    answers = [answer for each in read for answer in each.answers]
    with database.begin(dry_run=dry_run) as connection:
        done = take_over(connection, posts, answers, now=now, project=project)
    for each in read:
        tell_file(where, each)
    tell(where, done, dry_run=dry_run)
    return {
        "dry_run": dry_run,
        "files": [
            {
                "path": each.name,
                "format": each.format,
                "posts": len(each.posts),
                "of_others": each.others,
                "without_reply": each.without_reply,
                "unreadable": [{"where": bad.locator, "what": bad.detail} for bad in each.rejects],
            }
            for each in read
        ],
        "unreadable_files": unreadable,
        **as_json_of(done),
    }


def _from_account(
    database: Database, where: Console, handle: str, project: str | None, days: int | None
) -> dict[str, Any]:
    from viral_assets.defs.resources.tweet_source import service_access
    from viral_assets.posted.account import follow_account
    from viral_assets.posted.asking import Asking
    from viral_assets.sources.services.collect import raise_if_refused, raise_if_unavailable
    from viral_assets.sources.services.common import Deadline

    access = service_access()
    client = access.x_client()
    budget = access.budget(client, f"outcomes-{uuid.uuid4().hex}")
    since = datetime.now(UTC) - timedelta(days=days) if days else None
    asking = Asking(database, client, budget, Deadline(access.wait_seconds))
    report = follow_account(asking, handle, project=project, since=since)
    tell(where, report.done, dry_run=False)
    tell_service(where, report)
    raise_if_refused(report.services)
    raise_if_unavailable(report.services)
    return {
        "dry_run": False,
        "account": handle,
        **as_json_of(report.done),
        "looked_at_again": report.looked_at,
        "gone": report.gone,
        "answered_by_authors": report.answered,
        "requests": sum(each.requests for each in report.services),
        "cost_usd": sum(each.cost_usd or 0.0 for each in report.services),
        "incomplete": [reason for each in report.services for reason in each.incomplete],
    }
