"""Who hears what a launched run does, while it does it."""

from __future__ import annotations

from viral_assets.defs.automation.run_summary import RunSummary
from viral_assets.defs.resources.run_observer import RunObserver
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport, Progress
from viral_assets.generation.run.stopping import Finishing
from viral_assets.hours import HourRange


class LaunchObserver(RunObserver):
    """Hears what a launched run does; this one ignores it. ``on_progress``, which a generation calls for each tweet,
    comes from another thread than the rest.
    """

    def on_run_started(self, run_id: str, window: HourRange) -> None:
        """A run begins."""

    def on_step_started(self, step: str) -> None:
        """An asset, or the checks of one, begins; ``step`` is its name."""

    def on_run_finished(self, summary: RunSummary) -> None:
        """A run has ended well."""


class Recorder(RunObserver):
    """Keeps what the assets of a run report, and passes it on."""

    def __init__(self, observer: LaunchObserver) -> None:
        self.observer = observer
        self.report: GenerationReport | None = None
        self.estimate: Estimate | None = None

    def start(self) -> None:
        """Forget the run before."""
        self.report = self.estimate = None

    def on_progress(self, progress: Progress) -> None:
        self.observer.on_progress(progress)

    def on_finishing(self, finishing: Finishing) -> None:
        self.observer.on_finishing(finishing)

    def on_generated(self, report: GenerationReport) -> None:
        self.report = report
        self.observer.on_generated(report)

    def on_estimated(self, estimate: Estimate) -> None:
        self.estimate = estimate
        self.observer.on_estimated(estimate)
