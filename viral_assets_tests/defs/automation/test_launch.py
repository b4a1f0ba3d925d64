"""Launching runs from this process, as the command line does."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from viral_assets.defs import build
from viral_assets.defs.automation.abandoned_runs import end_abandoned_runs
from viral_assets.defs.automation.launch import materialize_windows
from viral_assets.defs.automation.observer import LaunchObserver
from viral_assets.defs.automation.run_summary import RunSummary, combined
from viral_assets.defs.automation.tags import PROCESS_TAG
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.errors import ConfigurationError, ViralAssetsError
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport, Progress
from viral_assets.hours import HOUR, HourRange, floor_hour
from viral_assets.instance import open_instance
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

ONE_HOUR = HourRange(FIRST, FIRST + HOUR)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path) as made:
        made.drop("tweets.json", tweets_of(FIRST))
        yield made


class Hears(LaunchObserver):
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self.steps: list[str] = []
        self.progress: list[Progress] = []
        self.reports: list[GenerationReport] = []
        self.summaries: list[RunSummary] = []

    def on_run_started(self, run_id: str, window: HourRange) -> None:
        self.runs.append(len(window))

    def on_step_started(self, step: str) -> None:
        self.steps.append(step)

    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)

    def on_generated(self, report: GenerationReport) -> None:
        self.reports.append(report)

    def on_run_finished(self, summary: RunSummary) -> None:
        self.summaries.append(summary)


class _Circle:
    """Garbage that only a search finds."""

    def __init__(self) -> None:
        self.itself = self


class LeavesGarbage(Hears):
    """As old as what a day's run leaves: only a search through everything finds it. Writes down when it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[weakref.ref[_Circle]] = []
        self.was_there: list[list[bool]] = []

    def on_run_started(self, run_id: str, window: HourRange) -> None:
        super().on_run_started(run_id, window)
        self.was_there.append([circle() is not None for circle in self.left])

    def on_run_finished(self, summary: RunSummary) -> None:
        super().on_run_finished(summary)
        circle = _Circle()
        gc.collect()
        self.left.append(weakref.ref(circle))


@pytest.mark.slow
def test_a_range_of_more_than_a_day_is_run_day_by_day_without_the_garbage_of_the_day_before(home: Home) -> None:
    hears = LeavesGarbage()
    window = HourRange(FIRST, FIRST + 26 * HOUR)
    summaries = materialize_windows(home.instance, window, observer=hears)
    assert hears.runs == [24, 2]
    assert [summary.windows for summary in summaries] == [24, 2]
    assert hears.summaries == summaries
    whole = combined(summaries)
    assert (whole.window, whole.windows, whole.opportunities) == (window, 26, 4)
    assert len(whole.run_ids) == 2
    assert hears.was_there == [[], [False]]


@pytest.mark.slow
def test_an_observer_hears_of_steps_and_tweets_as_they_happen_and_nothing_is_printed(
    home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    hears = Hears()
    (summary,) = materialize_windows(home.instance, ONE_HOUR, observer=hears)
    assert {"tweets", "tweet_scores", "comment_suggestions", "check_comment_suggestions", "suggestion_digest"} <= set(
        hears.steps
    )
    assert hears.progress[-1].finished == hears.progress[-1].total == summary.opportunities
    assert [report.saved for report in hears.reports] == [summary.saved]
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_an_error_in_an_asset_comes_back_as_its_one_line(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ViralAssetsError) as caught:
        materialize_windows(home.instance, ONE_HOUR, options=RunOptions(projects=["gardening"]))
    assert "gardening" in str(caught.value)
    assert "baking" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "Error" not in str(caught.value)
    assert capfd.readouterr().err == ""
    assert [run.status for run in home.instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_a_resource_that_cannot_work_fails_the_run_before_anything_is_done(home: Home) -> None:
    os.environ["VIRAL_ASSETS_PROVIDER"] = "google-genai"
    try:
        with pytest.raises(ViralAssetsError, match="GEMINI_API_KEY"):
            materialize_windows(home.instance, ONE_HOUR)
    finally:
        del os.environ["VIRAL_ASSETS_PROVIDER"]
    assert home.materializations("tweets") == {}


@pytest.mark.slow
def test_a_bug_names_the_run_and_the_exception(home: Home) -> None:
    class Broken(LaunchObserver):
        def on_generated(self, report: GenerationReport) -> None:
            raise ZeroDivisionError("division by zero")

    with pytest.raises(
        ViralAssetsError, match=r"run .* did not succeed: division by zero; its log is in the Dagster UI"
    ):
        materialize_windows(home.instance, ONE_HOUR, observer=Broken())


@pytest.mark.slow
def test_what_was_saved_before_an_interrupt_stays_and_the_run_counts_as_canceled(home: Home) -> None:
    class Impatient(LaunchObserver):
        def on_progress(self, progress: Progress) -> None:
            if progress.finished == 1:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        materialize_windows(home.instance, ONE_HOUR, options=RunOptions(sequential=True), observer=Impatient())
    (run,) = home.instance.get_runs()
    assert run.status == dg.DagsterRunStatus.CANCELED
    saved = home.rows("comment_suggestions")["tweet_id"].nunique()
    assert saved >= 1
    again = home.run(1)
    assert again.already_done == saved
    assert len(home.rows("comment_suggestions")) == 3 * again.opportunities


def test_the_hours_must_have_begun(home: Home) -> None:
    now = floor_hour(datetime.now(UTC))
    with pytest.raises(ConfigurationError, match="has not begun"):
        materialize_windows(home.instance, HourRange(now, now + 2 * HOUR))
    assert home.instance.get_runs() == []


@pytest.mark.slow
def test_the_hours_must_lie_before_the_configured_end(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_END", "2026-03-02-07:00")
    with pytest.raises(ConfigurationError, match="VIRAL_ASSETS_END"):
        materialize_windows(home.instance, HourRange(FIRST, FIRST + 2 * HOUR))
    assert materialize_windows(home.instance, ONE_HOUR)[0].windows == 1


def _unfinished_run(instance: dg.DagsterInstance, process: str) -> str:
    run = instance.create_run_for_job(_nothing, tags={PROCESS_TAG: process})
    instance.report_dagster_event(
        dg.DagsterEvent(event_type_value=dg.DagsterEventType.PIPELINE_START.value, job_name=_nothing.name), run.run_id
    )
    return run.run_id


@dg.job
def _nothing() -> None:
    pass


def test_a_run_whose_process_was_killed_is_ended_by_the_next_launch() -> None:
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    with dg.DagsterInstance.ephemeral() as instance:
        killed = _unfinished_run(instance, f"{socket.gethostname()}:{dead.stdout.strip()}")
        mine = _unfinished_run(instance, f"{socket.gethostname()}:{os.getpid()}")
        elsewhere = _unfinished_run(instance, f"another-machine:{dead.stdout.strip()}")
        assert end_abandoned_runs(instance) == [killed]
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses[killed] == dg.DagsterRunStatus.FAILURE
    assert statuses[mine] == statuses[elsewhere] == dg.DagsterRunStatus.STARTED


@pytest.mark.slow
def test_runs_are_kept_on_disk_for_the_ui(home: Home) -> None:
    folder = home.folder / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with open_instance(folder) as instance:
        (summary,) = materialize_windows(instance, ONE_HOUR)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        run = instance.get_run_by_id(summary.run_ids[0])
    assert run is not None
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "viral_assets"
    assert run.tags["dagster/partition"] == "2026-03-02-06:00"


def test_an_instance_file_with_a_mistake_is_named(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetri: {enabled: false}\n")
    with pytest.raises(ConfigurationError, match=r"dagster\.yaml cannot be used: .*telemetri"), open_instance(tmp_path):
        pass


def test_a_variable_that_the_instance_file_wants_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_POSTGRES_URL", raising=False)
    shutil.copy(Path(__file__).parents[3] / "deploy" / "postgres" / "dagster.yaml", tmp_path)
    reason = r"dagster\.yaml cannot be used: the environment variable DAGSTER_POSTGRES_URL is not set$"
    with pytest.raises(ConfigurationError, match=reason), open_instance(tmp_path):
        pass


def _summary(hours: int, start: datetime, **values: object) -> RunSummary:
    return RunSummary(("run",), HourRange(start, start + timedelta(hours=hours)), **values)  # type: ignore[arg-type]


def test_an_unknown_cost_makes_the_whole_unknown() -> None:
    parts = [_summary(24, FIRST, cost_usd=0.5), _summary(2, FIRST + 24 * HOUR, cost_usd=None)]
    assert combined(parts).cost_usd is None
    assert combined(parts[:1]).cost_usd == 0.5


def test_the_models_that_answered_several_runs_add_up() -> None:
    whole = combined([_summary(24, FIRST, answered_by={"a": 2}), _summary(2, FIRST, answered_by={"a": 1, "b": 3})])
    assert whole.answered_by == {"a": 3, "b": 3}


def test_estimates_of_several_runs_add_up() -> None:
    estimate = Estimate(4, 1, (2, 1), 100, 50, 0.25, 3.0)
    whole = combined([_summary(24, FIRST, estimate=estimate), _summary(2, FIRST + 24 * HOUR, estimate=estimate)])
    assert whole.estimate == Estimate(8, 2, (2, 1, 2, 1), 200, 100, 0.5, 6.0)
    left = replace(estimate, deferred=3)
    whole = combined([_summary(24, FIRST, estimate=left), _summary(2, FIRST + 24 * HOUR, estimate=left)])
    assert whole.estimate is not None
    assert whole.estimate.deferred == 6


def test_definitions_are_built_once_and_dagster_s_tables_not_asked_for_backfills(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is for Dagster's own processes, which load ``definitions``."""
    monkeypatch.delitem(sys.modules, "viral_assets.definitions", raising=False)
    built: list[dg.Definitions] = []
    put_together = build.build_defs

    def counted(*given: Any, **how: Any) -> dg.Definitions:
        built.append(put_together(*given, **how))
        return built[-1]

    monkeypatch.setattr(build, "build_defs", counted)
    with dg.DagsterInstance.ephemeral() as instance:
        materialize_windows(instance, ONE_HOUR)
    assert len(built) == 1
    assert "viral_assets.definitions" not in sys.modules
