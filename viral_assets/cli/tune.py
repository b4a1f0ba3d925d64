"""``viral-assets tune``: what approvals and rejections teach a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, complain, console, plain, print_json, say, table
from viral_assets.text.amounts import full_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from viral_assets.learning.evaluation import Comparison
    from viral_assets.learning.examples import Example
    from viral_assets.learning.packing import Comparison as PackComparison
    from viral_assets.learning.packing import PackCap
    from viral_assets.learning.tuning import Above, Tuning, Volume
    from viral_assets.projects.model import Project

DEFAULT_DAYS = 90

Volumes = tuple["Volume", "Volume"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(
        app,
        tune,
        "viral-assets tune --project demo",
        "viral-assets tune --project demo --days 30 --green-precision 0.8",
        "viral-assets tune --project demo --examples",
        "viral-assets tune --project demo --examples --write",
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
    by more than 5 points, and raised only as far as larger ones are shown not to be; else it stays. Nothing is written
    without --write. Scores follow when tweet_scores is materialized again.
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
    from viral_assets.learning import tuning as learning
    from viral_assets.learning.examples import choose_examples, read_approved
    from viral_assets.learning.judged_tweets import read_decisions
    from viral_assets.learning.packing import choose_cap
    from viral_assets.learning.project_file import ProjectFolder
    from viral_assets.learning.thresholds import Targets
    from viral_assets.projects.model import MOST_TWEETS_PER_REQUEST
    from viral_assets.queries.packing import read_packs

    folder = ProjectFolder(settings.projects_dir, BUNDLED_PROJECTS)
    path = folder.find_changeable(project) if write else folder.find(project)
    targets = Targets(green_precision, yellow_precision)
    tuning, volumes, refusal = None, None, ""
    proposed: list[Example] = []
    database = Database(settings.resolved_database_url)
    try:
        with database.read() as connection:
            decisions = read_decisions(connection, project, since)
            packs = read_packs(connection, since, None, project, asked_once=True).models
            cap = choose_cap(packs, chosen.generation.max_tweets_per_request, highest=MOST_TWEETS_PER_REQUEST)
            if examples:
                proposed = choose_examples(read_approved(connection, project, since), chosen)
            try:
                tuning = learning.tune(decisions, chosen, targets)
            except learning.NothingToLearn as nothing:
                if not examples and not cap.changes and not as_json:
                    raise
                refusal = str(nothing)
            else:
                old, new = (learning.volume(connection, project, since, each) for each in (tuning.old, tuning.new))
                volumes = old, new
    finally:
        database.dispose()

    where = console(as_json=as_json)
    if tuning is not None and volumes is not None:
        _show(where, tuning, volumes, targets.green, targets.yellow, days)
    else:
        complain(refusal)
    _show_cap(where, cap)
    if examples:
        _show_examples(where, proposed)
    backup = _write(where, path, chosen, tuning, cap, proposed, write=write)
    if as_json:
        print_json(payload(project, tuning, volumes, refusal, cap, proposed, backup))
    if refusal and not examples and not cap.changes:
        raise typer.Exit(1)


def _write(
    where: Console,
    path: Path,
    project: Project,
    tuning: Tuning | None,
    cap: PackCap,
    proposed: Sequence[Example],
    *,
    write: bool,
) -> Path | None:
    """Returns where the old file is; None where nothing was written."""
    from viral_assets.learning.project_file import propose, tuning_changes

    if tuning is None and not proposed and not cap.changes:
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
    )
    backup = propose(path, changes, expected=project).write()
    say(where, "Written to ", command(str(path)), "; as it was, it is in ", command(str(backup)), ".")
    if tuning is not None:
        say(where, "Hours score with the new weights when tweet_scores is materialized for them again.")
    return backup


def _show(where: Console, tuning: Tuning, volumes: Volumes, green: float, yellow: float, days: int) -> None:
    from viral_assets.vocabulary import COMPONENTS

    numbers = ("now", "new", "change")
    shown = table(["setting", *numbers], numbers=numbers)
    for kind, names in (("weights", COMPONENTS), ("thresholds", ("yellow", "green"))):
        for name in names:
            old, new = (getattr(getattr(each, kind), name) for each in (tuning.old, tuning.new))
            shown.add_row(f"{kind}.{name}", f"{old:.2f}", f"{new:.2f}", f"{new - old:+.2f}" if new != old else "")
    where.print(shown)

    evaluation = tuning.evaluation
    held = table(["on held-back decisions", "now", "new", "gain", "95 %"], numbers=("now", "new", "gain", "95 %"))
    for name, measure in (
        ("order of good and bad (AUC)", evaluation.auc),
        ("surprise (log loss)", evaluation.log_loss),
        ("worth a reply in the best third", evaluation.best),
    ):
        held.add_row(name, *_measure(measure))
    where.print(held)

    above = table(
        ["from the threshold on", "now", "new", "tweets a day now", "new "],
        numbers=("now", "new", "tweets a day now", "new "),
    )
    for name, target in (("green", green), ("yellow", yellow)):
        before, after = (getattr(each, name) for each in (tuning.old, tuning.new))
        a_day = (f"{getattr(each, name) / days:,.1f}" for each in volumes)
        above.add_row(f"worth a reply, {name} (wanted {target:.0%})", _above(before), _above(after), *a_day)
    where.print(above)
    say(
        where,
        f"{tuning.decisions:,} tweets were decided about, {tuning.good:,} of them worth a reply; the last "
        f"{evaluation.held_back:,} were held back in turn.",
    )
    for name in tuning.missed:
        say(where, f"No threshold for {name} reaches what is wanted; it keeps the share of tweets it had.")


def _measure(measure: Comparison) -> tuple[str, ...]:
    bounds = f"{measure.low:+.3f} to {measure.high:+.3f}"
    return f"{measure.old:.3f}", f"{measure.new:.3f}", f"{measure.gain:+.3f}", bounds


def _above(above: Above) -> str:
    return f"{above.good:,} of {above.decided:,}" + ("" if above.share is None else f" ({above.share:.0%})")


def _show_cap(where: Console, cap: PackCap) -> None:
    from viral_assets.learning.packing import MARGIN

    setting = "generation.max_tweets_per_request"
    if not cap.comparisons:
        say(where, f"{setting} stays {cap.present}: no decisions yet about requests of different sizes.")
        return
    numbers = ("approved", "in smaller ones", "fewer", "interval")
    shown = table(["tweets in a request", *numbers, "so"], numbers=numbers)
    for each in cap.comparisons:
        shown.add_row(each.group.name, *_compared(each))
    where.print(shown)
    say(
        where,
        f"{setting}: {cap.present} to {cap.new}." if cap.changes else f"{setting} stays {cap.present}.",
        f" Suggestions decided about, of tweets asked about once, model by model; edited ones are approved. More than "
        f"{MARGIN:.0%} fewer approved counts as worse, where the interval allows nothing else.",
    )


def _compared(each: PackComparison) -> tuple[str, ...]:
    counts = tuple(f"{judged.approved:,} of {judged.decided:,}" for judged in (each.larger, each.smaller))
    if each.verdict == "too few":
        return (*counts, "", "", f"too few decisions: it takes {each.missing}")
    return (*counts, f"{each.drop:+.0%}", f"{each.low:+.0%} to {each.high:+.0%}", each.verdict)


def _show_examples(where: Console, proposed: Sequence[Example]) -> None:
    if not proposed:
        say(where, "No approved reply adds anything to the good examples.")
        return
    say(where, f"{full_count(len(proposed))} replies could become good examples of the voice:")
    for each in proposed:
        how = "rewritten by a person" if each.rewritten else each.status
        say(where, f"  - {plain(each.text)}  ({plain(each.suggestion_type)}, {how})")


def payload(
    project: str,
    tuning: Tuning | None,
    volumes: Volumes | None,
    refusal: str,
    cap: PackCap,
    proposed: Sequence[Example],
    backup: Path | None,
) -> dict[str, Any]:
    """The JSON object; what was not learnt is null."""
    from dataclasses import asdict

    learnt: dict[str, Any] = {
        "refused": refusal or None,
        "decisions": None,
        "old": None,
        "new": None,
        "held_back": None,
    }
    if tuning is not None and volumes is not None:
        learnt |= {"decisions": {"tweets": tuning.decisions, "worth_a_reply": tuning.good}}
        for name, setting, amount in zip(("old", "new"), (tuning.old, tuning.new), volumes, strict=True):
            learnt[name] = {
                "weights": setting.weights.model_dump(),
                "thresholds": setting.thresholds.model_dump(),
                "above": {"green": asdict(setting.green), "yellow": asdict(setting.yellow)},
                "tweets": asdict(amount),
            }
        learnt["held_back"] = asdict(tuning.evaluation)
        learnt["targets_missed"] = list(tuning.missed)
    packing = {"old": cap.present, "new": cap.new, "comparisons": [_comparison(each) for each in cap.comparisons]}
    examples = [{"text": each.text, "type": each.suggestion_type, "status": each.status} for each in proposed]
    return {"project": project, **learnt, "packing": packing, "examples": examples, "written": backup is not None}


def _comparison(each: PackComparison) -> dict[str, Any]:
    known = each.verdict != "too few"
    return {
        "least_tweets": each.group.least,
        "most_tweets": each.group.most,
        "verdict": each.verdict,
        **{
            name: {"approved": judged.approved, "decided": judged.decided, "requests": judged.requests}
            for name, judged in (("larger", each.larger), ("smaller", each.smaller))
        },
        **{name: getattr(each, name) if known else None for name in ("drop", "low", "high")},
    }
