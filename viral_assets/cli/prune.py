"""``viral-assets prune``: let go of what is older than it should be kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import console, plain, print_json, progress_bar, say, table
from viral_assets.errors import ConfigurationError
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.defs.history.prune import PrunedHistory
    from viral_assets.settings import Settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.archive import Archive


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        prune,
        "viral-assets prune --vectors 14 --undecided 180",
        "viral-assets prune --vectors 14 --undecided 180 --yes",
        "viral-assets prune --runs 30 --undecided 180 --archive archive --yes",
        "viral-assets prune --compact --yes --json",
    )


def _days(kind: str) -> typer.models.OptionInfo:
    variable = f"VIRAL_ASSETS_KEEP_{kind.upper()}_DAYS"
    option: typer.models.OptionInfo = typer.Option(
        f"--{kind}", metavar="DAYS", help=f"Keep {kind} for so many days; {variable} by default."
    )
    return option


Days = int | None


def prune(
    vectors: Annotated[Days, _days("vectors")] = None,
    undecided: Annotated[Days, _days("undecided")] = None,
    snapshots: Annotated[Days, _days("snapshots")] = None,
    answers: Annotated[Days, _days("answers")] = None,
    rejects: Annotated[Days, _days("rejects")] = None,
    digests: Annotated[Days, _days("digests")] = None,
    runs: Annotated[Days, _days("runs")] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Write what goes into Parquet files first; VIRAL_ASSETS_ARCHIVE by default."
        ),
    ] = None,
    compact: Annotated[
        bool, typer.Option("--compact", help="Then give what is free in files of SQLite back to the disk.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it only says what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Let go of what is older than it should be kept: nothing, unless you say for how many days.

    Vectors of texts; tweets that nobody decided about, with their counts, scores and drafts; older counts of tweets;
    raw answers of models; the quarantine; digests; Dagster's runs. What somebody decided about stays, with its tweet
    and all its suggestions; so does what was paid, and which hours are materialized. Without --yes this only counts.

    Runs and the review page may go on. A day is one transaction: stopped, the same command goes on from there. What
    comes in takes the space again; --compact is for files that have become much smaller than they were.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.archive import Archive
    from viral_assets.upkeep.prune import prune as let_go
    from viral_assets.upkeep.retention import KINDS, RUNS, cutoffs

    settings, now = load_settings(), datetime.now(UTC)
    said = {
        "vectors": vectors,
        "undecided": undecided,
        "snapshots": snapshots,
        "answers": answers,
        "rejects": rejects,
        "digests": digests,
        RUNS: runs,
    }
    kept = {kind: configured if said[kind] is None else said[kind] for kind, configured in settings.kept_days.items()}
    older = cutoffs(kept, now)
    if not older and not compact:
        raise ConfigurationError(
            "everything is kept for ever: say for how many days, like --vectors 14 --undecided 180, or set "
            "VIRAL_ASSETS_KEEP_VECTORS_DAYS and its companions"
        )
    folder = archive or settings.archive
    into = None if folder is None else Archive(folder)
    database, history = Database(settings.resolved_database_url), None
    try:
        with progress_bar() as progress:
            task = progress.add_task("looking", total=None)

            def tell(kind: str, day: datetime) -> None:
                progress.update(task, description=f"{kind} of {day:%F}", advance=1)

            done = let_go(database, older, digests=settings.digests, archive=into, dry_run=not yes, progress=tell)
            if RUNS in older.before:
                history = _prune_history(settings, older.before[RUNS], now, into, dry_run=not yes, tell=tell)
                done.counts[RUNS] = 0 if history is None else history.runs
            rooms = _compact(settings, database, now, dry_run=not yes) if compact else []
    finally:
        database.dispose()
    where = console(as_json=as_json)
    shown = table(["older than", "what", "gone" if yes else "would go"], numbers=("gone", "would go"))
    for kind, before in older.before.items():
        shown.add_row(f"{before:%F}", KINDS[kind], full_count(done.counts[kind]))
    if older:
        where.print(shown)
    _tell_of_history(where, history, yes=yes)
    _tell_of_rooms(where, rooms, yes=yes)
    if into is not None and yes:
        say(where, f"What went is in {plain(str(into.folder))}, a folder for each table.")
    if not yes:
        say(where, "Nothing has changed: the same command with --yes does it.")
    if as_json:
        kinds: dict[str, dict[str, Any]] = {
            kind: {"before": before.isoformat(), "count": done.counts[kind]} for kind, before in older.before.items()
        }
        if history is not None:
            kinds[RUNS] |= {"kept": history.kept, "ticks": history.ticks, "file_bytes": history.file_bytes}
        print_json({"done": yes, "kinds": kinds, "files": rooms})


def _prune_history(
    settings: Settings,
    before: datetime,
    now: datetime,
    archive: Archive | None,
    *,
    dry_run: bool,
    tell: Callable[[str, datetime], None],
) -> PrunedHistory | None:
    """None where Dagster has no history on this machine."""
    from viral_assets.cli.home import INSTANCE_FILE, dagster_home

    home = dagster_home(settings)
    if not (home / INSTANCE_FILE).is_file():
        return None
    from viral_assets.defs.history.prune import prune_history
    from viral_assets.instance import open_instance

    with open_instance(home, to_execute=False) as instance:
        return prune_history(
            instance,
            before,
            first_hour=settings.first_hour(now),
            archive=archive,
            dry_run=dry_run,
            progress=lambda made: tell("runs", made),
        )


def _compact(settings: Settings, database: Database, now: datetime, *, dry_run: bool) -> list[dict[str, Any]]:
    """Of each file of SQLite, how much there is to give back, and what was given."""
    from viral_assets.cli.home import dagster_home
    from viral_assets.instance.sqlite import files_in
    from viral_assets.upkeep.backup import refuse_while_in_use
    from viral_assets.upkeep.compact import free_room, give_back

    ours = [Path(database.url.database or "")] if database.dialect == "sqlite" else []
    found: list[dict[str, Any]] = []
    for file in [*ours, *files_in(dagster_home(settings))]:
        room = free_room(file)
        if room.needed_bytes and not dry_run:
            refuse_while_in_use(database, now)
        given = 0 if dry_run else give_back(file)
        of = {"file": str(file), "bytes": room.size_bytes, "free_bytes": room.free_bytes}
        found.append({**of, "needed_bytes": room.needed_bytes, "given_bytes": given})
    return found


def _tell_of_history(where: Console, history: PrunedHistory | None, *, yes: bool) -> None:
    from rich.filesize import decimal

    if history is None:
        return
    if history.kept:
        why = "failed ones that nothing has made good, or of a backfill that goes on"
        say(where, f"{how_many(history.kept, 'run as old stays', 'runs as old stay')}: {why}.")
    if history.ticks or history.file_bytes:
        does = "went" if yes else "would go"
        say(
            where, f"With the runs {does} {full_count(history.ticks)} ticks and {decimal(history.file_bytes)} of files."
        )


def _tell_of_rooms(where: Console, rooms: Sequence[Mapping[str, Any]], *, yes: bool) -> None:
    from rich.filesize import decimal

    for room in rooms:
        is_free = f"{decimal(room['free_bytes'])} of {decimal(room['bytes'])} are free"
        if yes:
            says = f"{decimal(room['given_bytes'])} were given back"
        elif room["needed_bytes"]:
            needed = decimal(room["needed_bytes"])
            says = f"{is_free}; giving it back takes {needed} of the disk meanwhile, and others wait"
        else:
            says = is_free
        say(where, f"{plain(room['file'])}: {says}.")
