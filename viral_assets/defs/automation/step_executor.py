"""How the steps of a run are executed: one after the other in the run's own process, with the event log kept open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import RetryMode


class RunInOneProcess(dg.Executor):
    """Dagster's in-process executor, with :func:`~viral_assets.defs.automation.event_log.kept_open` around it: whatever
    launched a run (UI, daemon, terminal), its hundreds of events are written fast.

    Args:
        steps: executes them.
    """

    def __init__(self, steps: dg.Executor) -> None:
        self._steps = steps

    @property
    def retries(self) -> RetryMode:
        return self._steps.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._steps.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        """See :meth:`dagster.Executor.execute`. However it ends, the event log is closed."""
        # It takes long to import, and definitions are loaded more often than they are run.
        from viral_assets.defs.automation.event_log import INDEX, kept_open

        with ExitStack() as files:
            for file in (INDEX, plan_context.run_id):
                files.enter_context(kept_open(plan_context.instance, file))
            yield from self._steps.execute(plan_context, execution_plan)


def _in_one_process(context: dg.InitExecutorContext) -> dg.Executor:
    return RunInOneProcess(dg.in_process_executor.executor_creation_fn(context))  # type: ignore[misc]


run_in_one_process = dg.ExecutorDefinition(
    name="in_process",
    config_schema=dg.in_process_executor.config_schema,  # type: ignore[arg-type]
    executor_creation_fn=_in_one_process,
    description="All steps in the process of the run: hours are small, and starting a process for each step is not.",
)
