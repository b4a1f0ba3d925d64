"""What ``viral-assets tune --json`` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viral_assets.cli.tune_findings import Findings
    from viral_assets.learning.outcomes import Outcomes
    from viral_assets.learning.packing import SizeComparison
    from viral_assets.learning.voice import Preference


def payload(found: Findings, *, written: bool) -> dict[str, Any]:
    """The JSON object; what was not learnt is null."""
    tuning, cap = found.tuning, found.cap
    learnt: dict[str, Any] = {
        "refused": found.refusal or None,
        "decisions": None,
        "old": None,
        "new": None,
        "held_back": None,
    }
    if tuning is not None and found.volumes is not None:
        good = "above_the_median" if found.outcomes else "worth_a_reply"
        learnt |= {"decisions": {"tweets": tuning.decisions, good: tuning.good}}
        for name, setting, amount in zip(("old", "new"), (tuning.old, tuning.new), found.volumes, strict=True):
            learnt[name] = {
                "weights": setting.weights.model_dump(),
                "thresholds": setting.thresholds.model_dump(),
                "above": {"green": asdict(setting.green), "yellow": asdict(setting.yellow)},
                "tweets": asdict(amount),
            }
        learnt["held_back"] = asdict(tuning.evaluation)
        learnt["targets_missed"] = list(tuning.missed)
    return {
        "project": found.project.name,
        "target": "outcomes" if found.outcomes else "decisions",
        **learnt,
        "outcomes": _outcomes(found.outcomes) if found.outcomes else None,
        "packing": {"old": cap.present, "new": cap.new, "comparisons": [_comparison(each) for each in cap.comparisons]},
        "examples": [
            {"text": each.text, "type": each.suggestion_type, "status": each.status} for each in found.examples or ()
        ],
        "constraints": [_constraint(each) for each in found.constraints],
        "written": written,
    }


def _constraint(each: Preference) -> dict[str, Any]:
    """With the edits it stands on, where a model found it."""
    edits = [{"draft": edit.draft, "text": edit.text} for edit in each.edits]
    evidence = {"drafts": each.drafts, "changed": each.changed, **({"edits": edits} if edits else {})}
    return {"text": each.sentence, **evidence}


def _outcomes(outcomes: Outcomes) -> dict[str, Any]:
    return {
        "replies": outcomes.posted,
        "measure": outcomes.measure,
        "an_hour": asdict(outcomes.an_hour),
        "together_with": {name: asdict(going) for name, going in outcomes.going.items()},
    }


def _comparison(each: SizeComparison) -> dict[str, Any]:
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
