"""What ``viral-assets tune`` shows of what it learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viral_assets.cli.output import complain, plain, say, table
from viral_assets.cli.tune_voice import show_learnt
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from viral_assets.cli.tune_findings import Findings
    from viral_assets.learning.evaluation import MeasureComparison
    from viral_assets.learning.examples import VoiceExample
    from viral_assets.learning.outcomes import Outcomes
    from viral_assets.learning.packing import PackCap
    from viral_assets.learning.packing import SizeComparison as PackComparison
    from viral_assets.learning.thresholds import Targets
    from viral_assets.learning.tuning import TargetWords, ThresholdCounts, Tuning, Volume
    from viral_assets.learning.voice import Preference

    Volumes = tuple[Volume, Volume]


def show(where: Console, found: Findings, days: int) -> None:
    """Everything, with what is to be known of it."""
    if found.outcomes:
        show_outcomes(where, found.outcomes)
    if found.tuning is not None and found.volumes is not None:
        show_tuning(where, found.tuning, found.volumes, found.targets, found.words, days)
    else:
        complain(found.refusal)
    show_cap(where, found.cap)
    if found.examples is not None:
        show_examples(where, found.examples)
    if found.kept is not None:
        show_preferences(where, found.counted, len(found.kept))
    if found.learnt is not None:
        show_learnt(where, found.learnt)


def show_tuning(
    where: Console, tuning: Tuning, volumes: Volumes, targets: Targets | None, words: TargetWords, days: int
) -> None:
    from viral_assets.vocabulary import COMPONENTS

    numbers = ("now", "new", "change")
    shown = table(["setting", *numbers], numbers=numbers)
    for kind, names in (("weights", COMPONENTS), ("thresholds", ("yellow", "green"))):
        for name in names:
            old, new = (getattr(getattr(each, kind), name) for each in (tuning.old, tuning.new))
            shown.add_row(f"{kind}.{name}", f"{old:.2f}", f"{new:.2f}", f"{new - old:+.2f}" if new != old else "")
    where.print(shown)

    evaluation = tuning.evaluation
    held = table([f"on held-back {words.things}", "now", "new", "gain", "95 %"], numbers=("now", "new", "gain", "95 %"))
    for name, measure in (
        ("order of good and bad (AUC)", evaluation.auc),
        ("surprise (log loss)", evaluation.log_loss),
        (f"{words.good} in the best third", evaluation.best),
    ):
        held.add_row(name, *_measure(measure))
    where.print(held)

    above = table(
        ["from the threshold on", "now", "new", "tweets a day now", "new "],
        numbers=("now", "new", "tweets a day now", "new "),
    )
    for name in ("green", "yellow"):
        before, after = (getattr(each, name) for each in (tuning.old, tuning.new))
        a_day = (f"{getattr(each, name) / days:,.1f}" for each in volumes)
        wanted = f" (wanted {getattr(targets, name):.0%})" if targets else ""
        above.add_row(f"{words.good}, {name}{wanted}", _above(before), _above(after), *a_day)
    where.print(above)
    say(
        where,
        f"Learnt from {tuning.decisions:,} {words.things}, {tuning.good:,} of them {words.good}; the last "
        f"{evaluation.held_back:,} were held back in turn.",
    )
    for name in tuning.missed:
        say(where, f"No threshold for {name} reaches what is wanted; it keeps the share of tweets it had.")


def _measure(measure: MeasureComparison) -> tuple[str, ...]:
    bounds = f"{measure.low:+.3f} to {measure.high:+.3f}"
    return f"{measure.old:.3f}", f"{measure.new:.3f}", f"{measure.gain:+.3f}", bounds


def _above(above: ThresholdCounts) -> str:
    return f"{above.good:,} of {above.decided:,}" + ("" if above.share is None else f" ({above.share:.0%})")


def show_outcomes(where: Console, outcomes: Outcomes) -> None:
    """What replies brought, and what went together with it."""
    from viral_assets.learning.outcomes import MEASURE_NAMES

    what, counted = MEASURE_NAMES[outcomes.measure], outcomes.an_hour
    known = f"{full_count(counted.count)} with the {what} of their first day"
    say(where, f"{how_many(outcomes.posted, 'posted reply', 'posted replies')}, {known}.")
    if counted.middle is not None:
        say(
            where,
            f"Half of them gathered more than {counted.middle:,.1f} {what} an hour in their first 24 hours (95 % "
            f"between {counted.low:,.1f} and {counted.high:,.1f}).",
        )
    if not outcomes.going:
        return
    numbers = ("together", "95 %")
    shown = table(["score of the tweet", *numbers], numbers=numbers)
    for name, going in outcomes.going.items():
        shown.add_row(name, f"{going.correlation:+.2f}", f"{going.low:+.2f} to {going.high:+.2f}")
    where.print(shown)
    say(where, f"How {what} and each score went together (rank correlation, -1 to 1). It need not be their cause.")


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


def show_examples(where: Console, proposed: Sequence[VoiceExample]) -> None:
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
