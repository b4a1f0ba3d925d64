"""What ``viral-assets tune`` shows of what it learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viral_assets.cli.output import plain, say, table
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
    from viral_assets.learning.voice import Preference

    Volumes = tuple[Volume, Volume]


def show_tuning(where: Console, tuning: Tuning, volumes: Volumes, green: float, yellow: float, days: int) -> None:
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


def show_cap(where: Console, cap: PackCap) -> None:
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


def show_examples(where: Console, proposed: Sequence[Example]) -> None:
    if not proposed:
        say(where, "No approved reply adds anything to the good examples.")
        return
    say(where, f"{full_count(len(proposed))} replies could become good examples of the voice:")
    for each in proposed:
        how = "rewritten by a person" if each.rewritten else each.status
        say(where, f"  - {plain(each.text)}  ({plain(each.suggestion_type)}, {how})")


def show_preferences(where: Console, wanted: Sequence[Preference], kept: int) -> None:
    """What people change, with the evidence beside each sentence."""
    if not wanted:
        say(
            where,
            f"Of {full_count(kept)} drafts of a language model that were approved, nothing that can be counted was "
            "changed often enough to say so to the model.",
        )
        return
    numbers = ("drafts", "changed", "at least")
    shown = table(["constraint of the voice", *numbers], numbers=numbers)
    for each in wanted:
        shown.add_row(plain(each.sentence), f"{each.drafts:,}", f"{each.changed:,}", f"{each.low:.0%}")
    where.print(shown)
    say(where, f"Of {full_count(kept)} approved drafts: those it is true of, and how many of them people changed.")


def payload(
    project: str,
    tuning: Tuning | None,
    volumes: Volumes | None,
    refusal: str,
    cap: PackCap,
    proposed: Sequence[Example],
    wanted: Sequence[Preference],
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
    constraints = [{"text": each.sentence, "drafts": each.drafts, "changed": each.changed} for each in wanted]
    return {
        "project": project,
        **learnt,
        "packing": packing,
        "examples": examples,
        "constraints": constraints,
        "written": backup is not None,
    }


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
