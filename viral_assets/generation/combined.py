"""Several executors' progress and reports as those of one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.report import GenerationReport, Progress, ProgressCallback, WindowReport
from viral_assets.generation.run.results import TweetResult
from viral_assets.text.amounts import known_sum

_SUMMED = (
    "already_done",
    "saved",
    "requests",
    "wasted_requests",
    "recovered_answers",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "spared_usd",
)
_COUNTED = ("rejected_suggestions", "answered_by")


class ProgressSum:
    """What a callback is told when several executors work for it.

    Args:
        callback: gets the sums.
        waiting: tweets of each part that has not begun, by its name.
    """

    def __init__(self, callback: ProgressCallback, waiting: Mapping[str, int]) -> None:
        self._callback = callback
        self._waiting = dict(waiting)
        self._parts: dict[str, Progress] = {}

    def part(self, name: str) -> ProgressCallback:
        """The callback for one part."""

        def take(progress: Progress) -> None:
            self._waiting.pop(name, None)
            self._parts[name] = progress
            self._callback(self._sum())

        return take

    def hand_over(self, name: str, to: str, tweets: int) -> None:
        """Another part goes on with tweets that have ended in this one as deferred."""
        self._waiting[to] = tweets
        if (progress := self._parts.get(name)) is not None:
            self._parts[name] = replace(
                progress, finished=progress.finished - tweets, total=progress.total - tweets, eta_seconds=None
            )

    def _sum(self) -> Progress:
        parts = list(self._parts.values())
        etas = [each.eta_seconds for each in parts if each.eta_seconds is not None]
        return Progress(
            finished=sum(each.finished for each in parts),
            total=sum(each.total for each in parts) + sum(self._waiting.values()),
            suggestions=sum(each.suggestions for each in parts),
            requests=sum(each.requests for each in parts),
            cost_usd=known_sum(each.cost_usd for each in parts),
            elapsed_seconds=max(each.elapsed_seconds for each in parts),
            eta_seconds=max(etas, default=None),
        )


def combined_report(
    parts: Sequence[GenerationReport],
    opportunities: Iterable[Opportunity],
    ended: Iterable[TweetResult],
) -> GenerationReport:
    """The report of a run that several executors did their parts of, but for how long it took and who wrote.

    Args:
        parts: of each executor; a tweet may be in several, as deferred in all but the last one.
        opportunities: of the whole run.
        ended: how each tweet ended in the end.
    """
    report = GenerationReport()
    for part in parts:
        for name in _SUMMED:
            setattr(report, name, getattr(report, name) + getattr(part, name))
        for name in _COUNTED:
            setattr(report, name, dict(Counter(getattr(report, name)) + Counter(getattr(part, name))))
        report.cost_usd = known_sum((report.cost_usd, part.cost_usd))
        report.quota_back_in = part.quota_back_in if part.quota_back_in is not None else report.quota_back_in
        report.notes += [note for note in part.notes if note not in report.notes]
        for hour, theirs in part.windows.items():
            ours = report.windows.setdefault(hour, WindowReport())
            ours.rejected_suggestions += theirs.rejected_suggestions
            ours.requests += theirs.requests
            ours.tokens += theirs.tokens
            ours.cost_usd = known_sum((ours.cost_usd, theirs.cost_usd))
    for opportunity in opportunities:
        report.opportunities += 1
        report.windows.setdefault(opportunity.window_start, WindowReport()).opportunities += 1
    for result in ended:
        report.count(result.opportunity.window_start, result.outcome, len(result.suggestions))
    return report
