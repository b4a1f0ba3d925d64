"""``viral-assets tune``: what approvals and rejections teach a project."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, print_json, say

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from viral_assets.cli.tune_findings import Findings

DEFAULT_DAYS = 90


class Target(StrEnum):
    """What weights are learnt from."""

    DECISIONS = "decisions"
    OUTCOMES = "outcomes"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        tune,
        "viral-assets tune --project demo",
        "viral-assets tune --project demo --days 30 --green-precision 0.8",
        "viral-assets tune --project demo --target outcomes",
        "viral-assets tune --project demo --examples --voice",
        "viral-assets tune --project demo --examples --voice --write",
        "viral-assets tune --project demo --voice --with-model --dry-run",
    )


def tune(
    project: Annotated[str, typer.Option(metavar="NAME", help="Whose weights and thresholds.")],
    target: Annotated[
        Target, typer.Option(help="Learn weights from what people decided, or from what posted replies brought.")
    ] = Target.DECISIONS,
    days: Annotated[
        int, typer.Option(min=1, max=3660, metavar="N", help="Learn from tweets of the last N days.")
    ] = DEFAULT_DAYS,
    green_precision: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, metavar="SHARE", help="Of the green tweets, the share to be worth a reply."),
    ] = 0.7,
    yellow_precision: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, metavar="SHARE", help="The same from yellow on, greens included."),
    ] = 0.5,
    examples: Annotated[
        bool,
        typer.Option("--examples", help="Also propose approved replies as good examples of the voice."),
    ] = False,
    voice: Annotated[
        bool,
        typer.Option("--voice", help="Also propose constraints of the voice, from what people changed in drafts."),
    ] = False,
    with_model: Annotated[
        bool,
        typer.Option("--with-model", help="With --voice: have a language model find what cannot be counted (paid)."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask no model, and say what that would take.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write what is shown to the project file; keeps a .bak of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Learn a project's weights and thresholds, and how many tweets may share a request, from what was approved and
    rejected; show them beside the present ones.

    A tweet counts as worth a reply when one of its suggestions was approved, edited or posted, and as not worth one
    when all were rejected, unless for their wording only. New weights are tested on later decisions than those they
    were learnt from; where they are no better, or where there are fewer than 40 decisions with 10 of each kind,
    nothing is proposed. The cap of tweets in a request is lowered where larger requests are shown to be approved less
    by more than 5 points, and raised only as far as larger ones are shown not to be; else it stays.

    With --target outcomes weights are learnt from posted replies instead: from whether one gathered more views (or
    likes, where views are not known) in its first 24 hours than half of them did. That says what went together, for
    tweets that somebody chose, and not what caused it, so thresholds keep the share of tweets that they let through.

    With --voice, what people changed in most of the drafts they approved becomes a constraint: the length, how a reply
    begins and ends, marks, emoji, single words. With --with-model the edits, without their tweets, also go to the
    project's language model, which finds rules in them and then says of each edit which rule it speaks for; rules that
    at least five edits and most of those they concern speak for are proposed. It says before how many requests that
    takes, which count against the quota and the budget; what was answered once is not asked again. Nothing is written
    without --write. Scores follow when tweet_scores is materialized again.
    """
    from datetime import UTC, datetime, timedelta

    from viral_assets.cli.options import pick_projects
    from viral_assets.errors import ConfigurationError
    from viral_assets.settings import BUNDLED_PROJECTS, load_settings
    from viral_assets.store.engine import Database

    if green_precision < yellow_precision:
        raise ConfigurationError("--green-precision must not be below --yellow-precision")
    if with_model and not voice:
        raise ConfigurationError("--with-model is for --voice: it finds what people change in drafts")
    if dry_run and (write or not with_model):
        raise ConfigurationError("--dry-run is for --with-model, and writes nothing")
    settings = load_settings()
    chosen = pick_projects(settings, [project])[project]
    since = datetime.now(UTC) - timedelta(days=days)

    # Only now: scikit-learn takes a second, and a misspelt name should not.
    from viral_assets.cli import tune_report as report
    from viral_assets.cli.tune_findings import find
    from viral_assets.cli.tune_json import payload
    from viral_assets.cli.tune_voice import ask_model
    from viral_assets.learning.project_file import ProjectFolder
    from viral_assets.learning.thresholds import Targets
    from viral_assets.learning.tuning import NothingToLearn

    folder = ProjectFolder(settings.projects_dir, BUNDLED_PROJECTS)
    path = folder.find_changeable(project) if write else folder.find(project)
    targets = None if target is Target.OUTCOMES else Targets(green_precision, yellow_precision)
    where = console(as_json=as_json)
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            found = find(connection, chosen, since, targets, examples=examples, voice=voice)
        if with_model:
            found.learnt = ask_model(settings, database, where, found, dry_run=dry_run)
    finally:
        database.dispose()

    if found.only_refused and not found.outcomes and not as_json:
        raise NothingToLearn(found.refusal)
    report.show(where, found, days)
    backup = _write(where, path, found, write=write)
    if as_json:
        print_json(payload(found, written=backup is not None))
    if found.only_refused:
        raise typer.Exit(1)


def _write(where: Console, path: Path, found: Findings, *, write: bool) -> Path | None:
    """Returns where the old file is; None where nothing was written."""
    from viral_assets.learning.project_file import propose, tuning_changes

    if not found.changes_anything:
        return None
    if not write:
        say(where, "Nothing is written yet: ", command("--write"), " puts this into ", command(str(path)), ".")
        return None
    tuning = found.tuning
    changes = tuning_changes(
        found.project,
        weights=tuning.new.weights if tuning else None,
        thresholds=tuning.new.thresholds if tuning else None,
        max_tweets_per_request=found.cap.new,
        examples=[each.text for each in found.examples or ()],
        constraints=[each.sentence for each in found.constraints],
    )
    backup = propose(path, changes, expected=found.project).write()
    say(where, "Written to ", command(str(path)), "; as it was, it is in ", command(str(backup)), ".")
    if tuning is not None:
        say(where, "Hours score with the new weights when tweet_scores is materialized for them again.")
    return backup
