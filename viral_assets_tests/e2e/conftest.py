"""One deployment for all tests of a storage; they keep to hours of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets.hours import HOUR
from viral_assets.settings import checkout_root
from viral_assets_tests.e2e import queries
from viral_assets_tests.e2e.deployment import SCHEDULES, Deployment, deployed
from viral_assets_tests.e2e.webhook import Webhook, listening
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.postgres import PostgresServer

FINISHED = (1, 7)
INSTANCES = {"sqlite": "dagster.yaml", "postgresql": "deploy/postgres/dagster.yaml"}


@pytest.fixture(scope="package")
def gemini() -> Iterator[GeminiEmulator]:
    """Fast, unless a test holds its requests."""
    with GeminiEmulator() as emulator:
        yield emulator


@pytest.fixture(scope="package")
def webhook() -> Iterator[Webhook]:
    with listening() as found:
        yield found


@pytest.fixture(scope="package", params=INSTANCES)
def deployment(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, gemini: GeminiEmulator, webhook: Webhook
) -> Iterator[Deployment]:
    """With Dagster's tables and the project's own in SQLite files, or in one database of PostgreSQL."""
    folder: Path = tmp_path_factory.mktemp(request.param)
    gemini.reset()
    projects = folder / "projects"
    projects.mkdir()
    demo = (checkout_root() / "projects" / "demo.yml").read_text(encoding="utf-8")
    demo = demo.replace("channels: []", "channels: [team]").replace("max_age_hours: 3 ", "max_age_hours: 48 ")
    (projects / "demo.yml").write_text(demo, encoding="utf-8")
    variables = {
        "GEMINI_API_KEY": "a-key",
        "GEMINI_API_ENDPOINT": gemini.url,
        "VIRAL_ASSETS_RPM": "10000",
        "VIRAL_ASSETS_ALERT_WEBHOOK": webhook.url,
        "VIRAL_ASSETS_NOTIFY_TEAM": webhook.address(request.param),
        "VIRAL_ASSETS_PROJECTS_DIR": str(projects),
        "VIRAL_ASSETS_INBOX": str(folder / "inbox"),
    }
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'viral_assets.db'}"
        with deployed(folder, checkout_root() / INSTANCES["sqlite"], url, ["hourly_schedule"], **variables) as made:
            yield made
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.create()
    with deployed(
        folder, checkout_root() / INSTANCES["postgresql"], url, SCHEDULES, DAGSTER_POSTGRES_URL=url, **variables
    ) as made:
        yield made
    server.drop(url)


@pytest.fixture(scope="package")
def backfill(deployment: Deployment, gemini: GeminiEmulator) -> str:
    """The id of a backfill over ``FINISHED`` hours that has succeeded."""
    if "top_up_schedule" in deployment.schedules:
        # It takes up all hours that no run has looked at, sooner or later than a test that is to be the first there.
        for run in deployment.first_runs(queries.SCHEDULE_TICKS, "top_up_schedule"):
            assert deployment.wait_for_run(run) == "SUCCESS"
        deployment.nothing_chosen_from(deployment.hours.start + HOUR)
        gemini.reset()
    made = deployment.backfill(deployment.some_hours(*FINISHED))
    assert deployment.wait_for_backfill(made) == "COMPLETED_SUCCESS", deployment.log("daemon")
    return made
