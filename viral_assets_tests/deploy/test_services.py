"""The services start in their order and say that they are well; a run that the UI asks for happens where the key is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets.hours import HOUR, hour_key
from viral_assets_tests.deploy.services import DAEMONS, Machine
from viral_assets_tests.home import FIRST
from viral_assets_tests.waiting import until

LAUNCH = """mutation ($hour: String!) {
    launchRun(executionParams: {
        selector: {
            repositoryLocationName: "viral_assets", repositoryName: "__repository__", jobName: "hourly_pipeline"
        },
        executionMetadata: {tags: [{key: "dagster/partition", value: $hour}]}
    }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
RUN = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""

ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@pytest.fixture
def machine(tmp_path: Path, postgres_url: str) -> Iterator[Machine]:
    variables = {"VIRAL_ASSETS_START": hour_key(FIRST), "VIRAL_ASSETS_END": hour_key(FIRST + 2 * HOUR)}
    made = Machine(tmp_path, postgres_url, variables)
    yield made
    made.stop()


@pytest.mark.slow
def test_nothing_starts_on_tables_that_cannot_be_made(tmp_path: Path) -> None:
    machine = Machine(tmp_path, "postgresql+psycopg2://viral_assets:secret@127.0.0.1:9/viral_assets", {})
    with pytest.raises(subprocess.CalledProcessError) as ended:
        machine.migrate()
    assert "secret" not in ended.value.stdout + ended.value.stderr


@pytest.mark.e2e
def test_a_run_asked_for_in_the_ui_happens_in_the_code_location(machine: Machine) -> None:
    assert "no tables -> revision" in machine.migrate()
    for name in ("code-location", "webserver", "daemon"):
        machine.start(name)
    for name in ("code-location", "webserver", "daemon"):
        machine.wait_until_healthy(name)

    launched = machine.ask(LAUNCH, hour=hour_key(FIRST))["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]

    def ended() -> str | None:
        status = str(machine.ask(RUN, id=run_id)["runOrError"]["status"])
        return status if status in ENDED else None

    assert until(ended, "the run to end", every=0.5) == "SUCCESS"

    # An hour without tweets has a digest too, and that is in the volume of the code location.
    assert len(list((machine.folder / "digests").rglob("*.html"))) == 1
    statuses = machine.ask(DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    assert all(daemon["healthy"] for daemon in statuses if daemon["required"])
    assert "nothing to do" in machine.migrate(), "the services may be started as often as one likes"
