"""How runs ended, in numbers: one of them, or several one after the other as if they had been one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from viral_assets.generation.run.planning.estimate import Estimate, combined_estimate
from viral_assets.generation.run.report import GenerationReport
from viral_assets.hours import HourRange, hour_key
from viral_assets.text.amounts import known_sum


@dataclass(frozen=True, slots=True)
class RunSummary:
    """How one run ended, or several one after the other (:func:`combined`).

    Counts are those of :class:`~viral_assets.generation.run.report.GenerationReport`. ``cost_usd`` is None when a model
    without a known price was used. ``seconds`` is the whole run. ``failed_checks`` has an entry for each failed check
    and hour; what checks only warn of is among the ``notes``. ``estimate`` is there after a dry run, which writes no
    suggestions, and only then.
    """

    run_ids: tuple[str, ...]
    window: HourRange
    opportunities: int = 0
    already_done: int = 0
    generated: int = 0
    saved: int = 0
    failed: int = 0
    declined: int = 0
    deferred: int = 0
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    spared_usd: float = 0.0
    seconds: float = 0.0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    provider: str = ""
    model: str = ""
    answered_by: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failed_checks: tuple[str, ...] = ()
    estimate: Estimate | None = None

    @property
    def windows(self) -> int:
        """How many hours."""
        return len(self.window)

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


_SUMMED = (
    "opportunities",
    "already_done",
    "generated",
    "saved",
    "failed",
    "declined",
    "deferred",
    "requests",
    "input_tokens",
    "output_tokens",
    "spared_usd",
    "seconds",
)


def summary_of(
    run_id: str,
    window: HourRange,
    report: GenerationReport | None,
    estimate: Estimate | None,
    not_passed: Sequence[dg.AssetCheckEvaluation],
    seconds: float,
) -> RunSummary:
    """The summary of one run.

    Args:
        report: of the generation; None when the run had none.
        estimate: there after a dry run only.
        not_passed: the checks that did not pass.
    """
    report = report or GenerationReport()
    return RunSummary(
        run_ids=(run_id,),
        window=window,
        opportunities=estimate.opportunities if estimate else report.opportunities,
        already_done=estimate.already_done if estimate else report.already_done,
        generated=report.generated,
        saved=report.saved,
        failed=report.failed,
        declined=report.declined,
        deferred=report.deferred,
        requests=report.requests,
        input_tokens=report.input_tokens,
        output_tokens=report.output_tokens,
        cost_usd=report.cost_usd,
        spared_usd=report.spared_usd,
        seconds=seconds,
        outcomes=dict(report.outcomes),
        provider=report.provider,
        model=report.model,
        answered_by=dict(report.answered_by),
        notes=(*report.notes, *_warnings(not_passed, window)),
        failed_checks=tuple(_failed_checks(not_passed, window)),
        estimate=estimate,
    )


def combined(summaries: Sequence[RunSummary]) -> RunSummary:
    """Consecutive runs as if they had been one. At least one is needed."""
    estimates = [summary.estimate for summary in summaries if summary.estimate is not None]
    outcomes: Counter[str] = Counter()
    answered_by: Counter[str] = Counter()
    for summary in summaries:
        outcomes.update(summary.outcomes)
        answered_by.update(summary.answered_by)
    sums: dict[str, Any] = {name: sum(getattr(summary, name) for summary in summaries) for name in _SUMMED}
    return RunSummary(
        run_ids=tuple(run_id for summary in summaries for run_id in summary.run_ids),
        window=HourRange(summaries[0].window.start, summaries[-1].window.end),
        **sums,
        cost_usd=known_sum(summary.cost_usd for summary in summaries),
        outcomes=dict(outcomes),
        provider=_distinct(summary.provider for summary in summaries),
        model=_distinct(summary.model for summary in summaries),
        answered_by=dict(answered_by),
        notes=tuple(dict.fromkeys(note for summary in summaries for note in summary.notes)),
        failed_checks=tuple(check for summary in summaries for check in summary.failed_checks),
        estimate=combined_estimate(estimates) if estimates else None,
    )


def _failed_checks(not_passed: Iterable[dg.AssetCheckEvaluation], window: HourRange) -> list[str]:
    """Name and hour of each failed check, without what sums up several hours."""
    return [
        f"{each.check_name} of {each.partition or hour_key(window.start)}: {each.description or 'failed'}"
        for each in not_passed
        if each.severity == dg.AssetCheckSeverity.ERROR and (each.partition is not None or len(window) == 1)
    ]


def _warnings(not_passed: Iterable[dg.AssetCheckEvaluation], window: HourRange) -> list[str]:
    """What checks warn of, once for the whole run: an hour each would say the same many times."""
    return [
        f"{each.check_name} warns: {each.description or 'see the check'}"
        for each in not_passed
        if each.severity == dg.AssetCheckSeverity.WARN and (each.partition is None or len(window) == 1)
    ]


def _distinct(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(name for name in names if name))
