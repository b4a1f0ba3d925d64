"""Counts what a run does, as it does it: for the report, hour by hour, and for the progress callback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.outcome import BatchOutcome
from viral_assets.generation.run.report import GenerationReport, Progress, ProgressCallback, WindowReport
from viral_assets.generation.run.results import TweetResult
from viral_assets.llm.types import Usage
from viral_assets.text.amounts import known_sum


@dataclass(slots=True)
class RunCounters:
    """Args:
    report: what the run's caller gets in the end.
    clock: seconds; only differences count.
    callback: called whenever a tweet ends.
    """

    report: GenerationReport
    clock: Callable[[], float]
    callback: ProgressCallback | None = None
    total: int = 0
    finished: int = 0
    expected_end: float | None = None
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    def offered(self, opportunity: Opportunity) -> None:
        self.report.opportunities += 1
        self._window(opportunity).opportunities += 1

    def request_sent(self, opportunities: Sequence[Opportunity]) -> None:
        self._count_requests(opportunities, 1)

    def request_ended(self, opportunities: Sequence[Opportunity], outcome: BatchOutcome) -> None:
        settlement = outcome.settlement
        if settlement is None:
            return
        if settlement.status == "unsent":
            self._count_requests(opportunities, -1)
        elif settlement.status != "answered":
            self.report.wasted_requests += 1
        if (name := settlement.model_version) is not None:
            self.report.answered_by[name] = self.report.answered_by.get(name, 0) + 1
        if outcome.paid is not None:
            self._paid(opportunities, outcome.paid, settlement.cost_usd)
            self.report.spared_usd += settlement.spared_usd or 0.0

    def _count_requests(self, opportunities: Sequence[Opportunity], number: int) -> None:
        self.report.requests += number
        for opportunity in opportunities:
            self._window(opportunity).requests += number / len(opportunities)

    def _paid(self, opportunities: Sequence[Opportunity], usage: Usage, cost_usd: float | None) -> None:
        """Tokens and cost of one answer; an unknown cost makes the run's cost unknown."""
        report = self.report
        report.input_tokens += usage.input_tokens
        report.output_tokens += usage.billed_output_tokens
        report.cached_tokens += usage.cached_tokens
        report.cost_usd = known_sum((report.cost_usd, cost_usd))
        share = None if cost_usd is None else cost_usd / len(opportunities)
        for opportunity in opportunities:
            window = self._window(opportunity)
            window.tokens += usage.total / len(opportunities)
            window.cost_usd = known_sum((window.cost_usd, share))

    def judged(self, outcome: BatchOutcome) -> None:
        """What is known before anything is saved: rejected suggestions, tweets that another run has finished."""
        counts = self.report.rejected_suggestions
        for opportunity, rule in outcome.rejections:
            counts[rule] = counts.get(rule, 0) + 1
            self._window(opportunity).rejected_suggestions += 1
        self.report.already_done += outcome.finished_elsewhere
        self.total -= outcome.finished_elsewhere
        if outcome.note:
            self.note(outcome.note)

    def already_done(self) -> None:
        self.report.already_done += 1

    def recovered(self) -> None:
        """An answer that an earlier run had stored."""
        self.report.recovered_answers += 1

    def note(self, text: str) -> None:
        """For the report, once."""
        if text not in self.report.notes:
            self.report.notes.append(text)

    def ended(self, results: Sequence[TweetResult], saved: int) -> None:
        self.report.saved += saved
        for result in results:
            self.report.count(result.opportunity.window_start, result.outcome, len(result.suggestions))
            self.finished += 1
        if results and self.callback is not None:
            self.callback(self._progress())

    def close(self) -> GenerationReport:
        self.report.seconds = self.clock() - self._started
        return self.report

    def _progress(self) -> Progress:
        now = self.clock()
        return Progress(
            finished=self.finished,
            total=self.total,
            suggestions=self.report.generated,
            requests=self.report.requests,
            cost_usd=self.report.cost_usd,
            elapsed_seconds=now - self._started,
            eta_seconds=None if self.expected_end is None else max(0.0, self.expected_end - now),
        )

    def _window(self, opportunity: Opportunity) -> WindowReport:
        return self.report.windows.setdefault(opportunity.window_start, WindowReport())
