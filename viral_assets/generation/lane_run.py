"""A lane from its first model to the last one that is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from viral_assets.errors import ProviderError
from viral_assets.generation.batches.phase import BatchPhase
from viral_assets.generation.combined import ProgressSum, combined_report
from viral_assets.generation.lanes import Lane, left_over, next_model_may_help, together
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.executor import Executor
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import TweetResult
from viral_assets.text.amounts import how_many


class LaneRun:
    """Runs a lane once.

    Args:
        executor_of: makes the executor that asks one of the lane's models.
        progress: is told when another model goes on.
        is_stopped: whether somebody wants the run to end.
        batches: what comes before the first model is asked.
    """

    def __init__(
        self,
        lane: Lane,
        executor_of: Callable[[str], Executor],
        progress: ProgressSum | None,
        *,
        is_stopped: Callable[[], bool],
        batches: BatchPhase | None = None,
    ) -> None:
        self.lane = lane
        self.reports: list[GenerationReport] = []
        self.ended: dict[TweetKey, TweetResult] = {}
        self._executor_of, self._progress, self._is_stopped = executor_of, progress, is_stopped
        self._batches = batches

    async def run(self) -> None:
        """Bring the lane's tweets to an end.

        Raises:
            ProviderError: the last model that was tried cannot be used.
        """
        if self._batches is not None:
            await self._batches.run()
            if self._batches.has_joined:
                self.reports.append(self._batches.report)
        left: Sequence[Opportunity] = self.lane.opportunities
        for model, following in zip(self.lane.models, (*self.lane.models[1:], None), strict=True):
            executor = self._executor_of(model)
            error: ProviderError | None = None
            try:
                await executor.run(left, earlier=self.ended)
            except ProviderError as failure:
                error = failure
            self._take(executor, model, left)
            left = left_over(left, self.ended)
            helps = next_model_may_help(error) and not self._is_stopped()
            if following is None or not left or not helps:
                if error is not None:
                    raise error
                return
            self._hand_over(executor, model, following, left)

    def _take(self, executor: Executor, model: str, asked: Sequence[Opportunity]) -> None:
        report = executor.report
        report.model = model
        self.reports.append(report)
        for opportunity in asked:
            # Finished by another run while an earlier model was asked.
            if opportunity.key not in executor.results:
                self.ended.pop(opportunity.key, None)
        self.ended = together(self.ended, executor.results)

    def _hand_over(self, executor: Executor, model: str, following: str, left: Sequence[Opportunity]) -> None:
        report, tweets = executor.report, len(left)
        report.notes = [note for note in report.notes if note != executor.deferral]
        why = self.ended[left[0].key].reason
        report.notes.append(f"{how_many(tweets, 'tweet')} went from {model} to {following}: {why}")
        if self._progress is not None:
            self._progress.hand_over(self.lane.part(model), self.lane.part(following), tweets)


def whole_run(runs: Sequence[LaneRun]) -> tuple[GenerationReport, dict[TweetKey, TweetResult]]:
    """The report of all lanes together, and how each tweet ended."""
    parts = [report for run in runs for report in run.reports]
    ended = {key: result for run in runs for key, result in run.ended.items()}
    if len(parts) == 1:
        return parts[0], ended
    report = combined_report(parts, [each for run in runs for each in run.lane.opportunities], ended.values())
    used = {part.model for part in parts if part.requests} or {parts[0].model}
    report.model = ", ".join(sorted(used))
    return report, ended
