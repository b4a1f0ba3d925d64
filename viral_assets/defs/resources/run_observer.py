"""How an asset reports to whoever started its run in the same process (the command line). What everybody should know
goes to the log and to the metadata instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from viral_assets.generation.run.planning.estimate import Estimate
    from viral_assets.generation.run.report import GenerationReport, Progress
    from viral_assets.generation.run.stopping import Finishing


class RunObserver:
    """Hears of a run's generation; this one ignores it. Called from the thread that runs the event loop."""

    def on_progress(self, progress: Progress) -> None:
        """A tweet has ended."""

    def on_finishing(self, finishing: Finishing) -> None:
        """The run was told to stop, and this is still under way."""

    def on_generated(self, report: GenerationReport) -> None:
        """The generation of a run has ended."""

    def on_estimated(self, estimate: Estimate) -> None:
        """A dry run knows what it would take."""


@dg.resource(description="Hears how far a run has come, where a command waits for it; elsewhere nobody listens.")
def run_observer(_: dg.InitResourceContext) -> RunObserver:
    """The one that nobody listens to."""
    return RunObserver()
