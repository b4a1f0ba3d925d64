"""``viral-assets tune``: what approvals and rejections teach a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, complain, console, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from viral_assets.learning.examples import Example
    from viral_assets.learning.packing import PackCap
    from viral_assets.learning.tuning import Tuning
    from viral_assets.learning.voice import Preference
    from viral_assets.projects.model import Project
    from viral_assets.queries.feedback import KeptReply

DEFAULT_DAYS = 90


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        tune,
        "viral-assets tune --project demo",
        "viral-assets tune --project demo --days 30 --green-precision 0.8",
        "viral-assets tune --project demo --examples --voice",
        "viral-assets tune --project demo --examples --voice --write",
    )


def tune(
    project: Annotated[str, typer.Option(metavar="NAME", help="Whose weights and thresholds.")],
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
    by more than 5 points, and raised only as far as larger ones are shown not to be; else it stays. With --voice, what
    people changed in most of the drafts they approved becomes a constraint: the length, how a reply begins and ends,
    marks, emoji, single words. Nothing is written without --write. Scores follow when tweet_scores is materialized
    again.
    """
    from datetime import UTC, datetime, timedelta

    from viral_assets.cli.options import pick_projects
    from viral_assets.errors import ConfigurationError
    from viral_assets.settings import BUNDLED_PROJECTS, load_settings
    from viral_assets.store.engine import Database

    if green_precision < yellow_precision:
        raise ConfigurationError("--green-precision must not be below --yellow-precision")
    settings = load_settings()
    chosen = pick_projects(settings, [project])[project]
    since = datetime.now(UTC) - timedelta(days=days)

    # Only now: scikit-learn takes a second, and a misspelt name should not.
    from viral_assets.cli import tune_report as report
    from viral_assets.learning import tuning as learning
    from viral_assets.learning.examples import choose_examples, read_approved
    from viral_assets.learning.judged_tweets import read_decisions
    from viral_assets.learning.packing import choose_cap
    from viral_assets.learning.project_file import ProjectFolder
    from viral_assets.learning.thresholds import Targets
    from viral_assets.learning.voice import CONSIDERED, preferences
    from viral_assets.projects.model import MOST_TWEETS_PER_REQUEST
    from viral_assets.queries.feedback import read_kept
    from viral_assets.queries.packing import read_packs

    folder = ProjectFolder(settings.projects_dir, BUNDLED_PROJECTS)
    path = folder.find_changeable(project) if write else folder.find(project)
    targets = Targets(green_precision, yellow_precision)
    tuning, volumes, refusal = None, None, ""
    proposed: list[Example] = []
    kept: list[KeptReply] = []
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            decisions = read_decisions(connection, project, since)
            packs = read_packs(connection, since, None, project, asked_once=True).models
            cap = choose_cap(packs, chosen.generation.max_tweets_per_request, highest=MOST_TWEETS_PER_REQUEST)
            if examples:
                proposed = choose_examples(read_approved(connection, project, since), chosen)
            if voice:
                kept = read_kept(connection, project, since, limit=CONSIDERED)
            try:
                tuning = learning.tune(decisions, chosen, targets)
            except learning.NothingToLearn as nothing:
                if not examples and not voice and not cap.changes and not as_json:
                    raise
                refusal = str(nothing)
            else:
                old, new = (learning.volume(connection, project, since, each) for each in (tuning.old, tuning.new))
                volumes = old, new
    finally:
        database.dispose()

    wanted = preferences(kept, chosen)
    where = console(as_json=as_json)
    if tuning is not None and volumes is not None:
        report.show_tuning(where, tuning, volumes, targets.green, targets.yellow, days)
    else:
        complain(refusal)
    report.show_cap(where, cap)
    if examples:
        report.show_examples(where, proposed)
    if voice:
        report.show_preferences(where, wanted, len(kept))
    backup = _write(where, path, chosen, tuning, cap, proposed, wanted, write=write)
    if as_json:
        print_json(report.payload(project, tuning, volumes, refusal, cap, proposed, wanted, backup))
    if refusal and not examples and not voice and not cap.changes:
        raise typer.Exit(1)


def _write(
    where: Console,
    path: Path,
    project: Project,
    tuning: Tuning | None,
    cap: PackCap,
    proposed: Sequence[Example],
    wanted: Sequence[Preference],
    *,
    write: bool,
) -> Path | None:
    """Returns where the old file is; None where nothing was written."""
    from viral_assets.learning.project_file import propose, tuning_changes

    if tuning is None and not proposed and not wanted and not cap.changes:
        return None
    if not write:
        say(where, "Nothing is written yet: ", command("--write"), " puts this into ", command(str(path)), ".")
        return None
    changes = tuning_changes(
        project,
        weights=tuning.new.weights if tuning else None,
        thresholds=tuning.new.thresholds if tuning else None,
        max_tweets_per_request=cap.new,
        examples=[each.text for each in proposed],
        constraints=[each.sentence for each in wanted],
    )
    backup = propose(path, changes, expected=project).write()
    say(where, "Written to ", command(str(path)), "; as it was, it is in ", command(str(backup)), ".")
    if tuning is not None:
        say(where, "Hours score with the new weights when tweet_scores is materialized for them again.")
    return backup
