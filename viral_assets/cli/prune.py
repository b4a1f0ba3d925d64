"""``viral-assets prune``: let go of what is older than it should be kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import console, print_json, progress_bar, say, table
from viral_assets.errors import ConfigurationError
from viral_assets.text.amounts import full_count


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        prune,
        "viral-assets prune --vectors 14 --undecided 180",
        "viral-assets prune --vectors 14 --undecided 180 --yes",
        "viral-assets prune --yes --json",
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
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it only says what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Let go of what is older than it should be kept: nothing, unless you say for how many days.

    Vectors of texts; tweets that nobody decided about, with their counts, scores and drafts; older counts of tweets;
    raw answers of models; the quarantine; digests. What somebody decided about stays, with its tweet and all its
    suggestions; so does what was paid. Without --yes this only counts.

    Runs and the review page may go on. A day is one transaction: stopped, the same command goes on from there. The
    space is used again by what comes in; `viral-assets backup` first, if you may want it back.
    """
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database
    from viral_assets.upkeep.prune import prune as let_go
    from viral_assets.upkeep.retention import KINDS, cutoffs

    settings = load_settings()
    said = {
        "vectors": vectors,
        "undecided": undecided,
        "snapshots": snapshots,
        "answers": answers,
        "rejects": rejects,
        "digests": digests,
    }
    kept = {kind: configured if said[kind] is None else said[kind] for kind, configured in settings.kept_days.items()}
    older = cutoffs(kept, datetime.now(UTC))
    if not older:
        raise ConfigurationError(
            "everything is kept for ever: say for how many days, like --vectors 14 --undecided 180, or set "
            "VIRAL_ASSETS_KEEP_VECTORS_DAYS and its companions"
        )
    database = Database(settings.resolved_database_url)
    try:
        with progress_bar() as progress:
            task = progress.add_task("looking", total=None)
            done = let_go(
                database,
                older,
                digests=settings.digests,
                dry_run=not yes,
                progress=lambda kind, day: progress.update(task, description=f"{kind} of {day:%F}", advance=1),
            )
    finally:
        database.dispose()
    where = console(as_json=as_json)
    shown = table(["older than", "what", "gone" if yes else "would go"], numbers=("gone", "would go"))
    for kind, before in older.before.items():
        shown.add_row(f"{before:%F}", KINDS[kind], full_count(done.counts[kind]))
    where.print(shown)
    if not yes:
        say(where, "Nothing has changed: the same command with --yes does it.")
    if as_json:
        kinds = {
            kind: {"before": before.isoformat(), "count": done.counts[kind]} for kind, before in older.before.items()
        }
        print_json({"done": yes, "kinds": kinds})
