"""``viral-assets forget``: take a tweet or an author out of everything that is stored, for good."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command, bytes_of
from viral_assets.cli.output import command, console, plain, print_json, say, table
from viral_assets.cli.why import tweet_id_of
from viral_assets.errors import ConfigurationError
from viral_assets.hours import HOUR, hour_key
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from viral_assets.store.forgotten import Subject

SHOWN_FILES = 10

_HANDLE = re.compile(r"@(\w{1,15})")
_NOTHING_GOES = "scrub_geo"
"""What X's compliance files call a place that is to go: none is stored."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        forget,
        "viral-assets forget 1990000000000000001",
        "viral-assets forget @somebody --yes",
        "viral-assets forget --file compliance.jsonl --yes",
        "viral-assets forget --gone --yes",
    )


def forget(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TWEET|@AUTHOR]...", help="Ids or addresses of tweets, handles of accounts."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="More of them, one a line; or what X's batch compliance gives, JSON a line."),
    ] = None,
    accounts: Annotated[
        bool, typer.Option("--accounts", help="The bare ids of the file are those of accounts, not of tweets.")
    ] = False,
    gone: Annotated[bool, typer.Option("--gone", help="All tweets that a second look found to be gone at X.")] = False,
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="What `viral-assets prune --archive` wrote, too; VIRAL_ASSETS_ARCHIVE by default."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it only says what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Take tweets or authors out of all that is stored, and never store them again.

    The tweet, its counts, scores, drafts and decisions, the vector of its text, raw answers and quarantined records
    that have it, digests that show it. What it cost stays, as a number. A hash stays, too, by which it is passed over
    when a file or a service brings it again; such records are counted as forgotten.

    What is not ours to change is named: files of the inbox that still hold it. Exports that you made, backups, and the
    previews in Dagster's history of runs may hold it as well; those go with `viral-assets prune --runs 3`. Without
    --yes nothing changes.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.gone import gone_ids
    from viral_assets.upkeep.forget import forget as let_go

    subjects = [subject_of(each) for each in what or ()]
    if file is not None:
        subjects += subjects_in(file, accounts=accounts)
    if not subjects and not gone:
        raise ConfigurationError(
            "name a tweet or an author, like 1990000000000000001 or @somebody, or a --file of them"
        )
    settings = load_settings()
    database = Database(settings.resolved_database_url)
    try:
        if gone:
            with database.read() as connection:
                subjects += [("tweet", each) for each in gone_ids(connection)]
        done = let_go(
            database,
            list(dict.fromkeys(subjects)),
            datetime.now(UTC),
            digests=settings.digests,
            inbox=settings.resolved_inbox,
            archive=archive or settings.archive,
            dry_run=not yes,
        )
    finally:
        database.dispose()
    where = console(as_json=as_json)
    shown = table(["what", "gone" if yes else "would go"], numbers=("gone", "would go"))
    for name, count in {**done.rows, "digests": len(done.digests), "archived rows": done.archived}.items():
        if count:
            shown.add_row(name, full_count(count))
    if shown.row_count:
        where.print(shown)
    else:
        say(where, "Nothing of it is stored.")
    for path in done.files[:SHOWN_FILES]:
        say(where, f"Still in {plain(str(path))}: delete it there.")
    if len(done.files) > SHOWN_FILES:
        say(where, f"Still in {how_many(len(done.files) - SHOWN_FILES, 'more file')} of the inbox; --json lists them.")
    if not yes:
        say(where, "Nothing has changed: the same command with --yes does it.")
    elif done.digests and done.hours:
        first, last = min(done.hours), max(done.hours) + HOUR
        say(where, "Their digests are written anew by")
        hours = f"--from {first:%Y-%m-%dT%H:%M} --to {last:%Y-%m-%dT%H:%M}"
        say(where, "  ", command(f"viral-assets digest {hours} --no-open"))
    if as_json:
        print_json(
            {
                "done": yes,
                "rows": done.rows,
                "hours": sorted(map(hour_key, done.hours)),
                "digests": list(map(str, done.digests)),
                "archived": done.archived,
                "files": list(map(str, done.files)),
            }
        )


def subject_of(written: str) -> Subject:
    """A handle with its ``@``, else a tweet.

    Raises:
        ConfigurationError: it is neither.
    """
    handle = _HANDLE.fullmatch(written.strip())
    return ("handle", handle[1]) if handle else ("tweet", tweet_id_of(written))


def subjects_in(file: Path, *, accounts: bool) -> list[Subject]:
    """All of a file.

    Args:
        accounts: whether bare ids are those of accounts.

    Raises:
        ConfigurationError: a line is none, or the file cannot be read.
    """
    try:
        lines = bytes_of(file).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigurationError(f"{file} cannot be read: {why}") from None
    found: list[Subject] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            written = _written_in(line)
            if written is not None:
                subject = subject_of(written)
                found.append(("author", subject[1]) if accounts and subject[0] == "tweet" else subject)
        except ConfigurationError as error:
            raise ConfigurationError(f"{file}:{number}: {error}") from None
    return found


def _written_in(line: str) -> str | None:
    """What a line names; None for one that asks for nothing that is stored."""
    if not line.lstrip().startswith("{"):
        return line.strip()
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        raise ConfigurationError("it is no JSON object; write an id, an address or a @handle a line") from None
    if record.get("reason") == _NOTHING_GOES or record.get("action") == _NOTHING_GOES:
        return None
    return str(record.get("id", ""))
