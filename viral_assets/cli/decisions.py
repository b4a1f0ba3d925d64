"""``viral-assets export-decisions`` and ``import-decisions``: decide in a spreadsheet."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.options import Json, LastHours, OneProject, Out, Replace, add_command, asked_of, bytes_of
from viral_assets.cli.output import command, console, plain, print_json, say
from viral_assets.errors import ConfigurationError
from viral_assets.text.amounts import how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from viral_assets.delivery.decision_sheet import RowProblem

LARGEST = 100_000_000
"""Bytes of a file; more than anybody has decided about."""

LISTED = 50


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(
        app,
        export_decisions,
        "viral-assets export-decisions --project demo --out decide.csv",
        "viral-assets export-decisions --hours-back 6",
    )
    add_command(
        app,
        import_decisions,
        "viral-assets import-decisions decide.csv --dry-run",
        "viral-assets import-decisions decide.csv --who mara",
    )


def export_decisions(
    project: OneProject = None,
    out: Out = None,
    hours_back: LastHours = None,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Write a CSV file to decide in: a row a suggestion, the best tweet first. Nothing is marked or decided by that.

    In the column "decision" write approve, reject, edit, post or reopen, or nothing; change the text where you like,
    which counts as an edit; a reason goes with a rejection. Leave the column "id" as it is. Then
    "viral-assets import-decisions FILE" takes over what you decided. Rejected and posted suggestions are left out.
    Where a reply to a sensitive tweet takes the approval of two people, the second one approves what is awaiting it.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.deciding import asks_for_two
    from viral_assets.delivery.decision_sheet import write_sheet
    from viral_assets.delivery.own_files import OwnFiles
    from viral_assets.queries.export import rank_for_export, read_ranked
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.store.suggestion_status import TO_DECIDE

    settings = load_settings()
    now = datetime.now(UTC)
    window = asked_of(settings, now, project, hours_back)
    path = out or settings.home / "exports" / f"decisions-{project or 'all'}.csv"
    own = OwnFiles.of(settings.home)
    if not replace:
        own.refuse_changed(path)
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            ranked = rank_for_export(connection, project=project, window=window, statuses=TO_DECIDE, sort_by="balanced")
            parts = read_ranked(connection, ranked, statuses=TO_DECIDE, second=asks_for_two(settings), incomplete=True)
            rows = write_sheet(path, parts) if ranked else 0
    finally:
        database.dispose()
    where = console(as_json=as_json)
    if rows:
        own.note(path, now)
        say(where, f"{how_many(rows, 'suggestion')} for {how_many(len(ranked), 'tweet')} in ", command(str(path)))
        say(
            where,
            "Take over what you decide there: ",
            command(f"viral-assets import-decisions {shlex.quote(str(path))}"),
        )
    else:
        say(where, "Nothing is there to decide about, and no file was written.")
    if as_json:
        print_json({"path": str(path), "suggestions": rows, "tweets": len(ranked)})


def import_decisions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file that export-decisions wrote.")],
    who: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who decided, for the record; your login by default.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take over the decisions of a file that "viral-assets export-decisions" wrote and somebody filled in.

    What was decided about or written anew since the file was written is a conflict: it is listed and stays as it is.
    Texts that X would not take are refused one by one. The same file may be imported again. It may come from any
    spreadsheet: with commas, semicolons or tabs, whatever its line ends.
    """
    from datetime import UTC, datetime

    from viral_assets.cli.deciding import asks_for_two, who_decides
    from viral_assets.delivery.decision_import import import_decisions as take_over
    from viral_assets.delivery.decision_sheet import read_sheet
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    try:
        if file.stat().st_size > LARGEST:
            raise ConfigurationError(f"{file} is larger than any file of decisions ({LARGEST / 1e6:.0f} MB)")
        data = bytes_of(file)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror or error}") from None
    rows, unreadable = read_sheet(data)
    database = Database(settings.resolved_database_url)
    try:
        database.ensure_ready()
        name, second = who_decides(database, who), asks_for_two(settings)
        report = take_over(database, rows, who=name, now=datetime.now(UTC), dry_run=dry_run, second=second)
    finally:
        database.dispose()
    problems = sorted([*unreadable, *report.problems], key=lambda each: each.line)
    where = console(as_json=as_json)
    done = ", ".join(f"{count:,} {_PAST[action]}" for action, count in sorted(report.done.items())) or "nothing"
    say(where, f"{'Would be taken over' if dry_run else 'Taken over'}: {done}. As they were: {report.untouched:,}.")
    if report.awaiting:
        say(where, f"Of these, {report.awaiting:,} take the approval of another person: their tweets are sensitive.")
    _list(where, "decided about meanwhile, and left as they are", report.conflicts)
    _list(where, "that cannot be taken over", problems)
    if as_json:
        print_json(
            {
                "path": str(file),
                "dry_run": dry_run,
                "done": dict(sorted(report.done.items())),
                "awaiting": report.awaiting,
                "untouched": report.untouched,
                "conflicts": [{"line": each.line, "what": each.what} for each in report.conflicts],
                "problems": [{"line": each.line, "what": each.what} for each in problems],
            }
        )


_PAST = {"approve": "approved", "edit": "edited", "post": "posted", "reject": "rejected", "reopen": "reopened"}


def _list(where: Console, what: str, found: Sequence[RowProblem]) -> None:
    if found:
        say(where, f"{len(found):,} {what}:")
    for each in found[:LISTED]:
        say(where, f"  line {each.line}: {plain(each.what)}")
    if len(found) > LISTED:
        say(where, f"  and {len(found) - LISTED:,} more; --json has them all")
