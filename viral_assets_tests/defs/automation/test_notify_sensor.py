"""The sensor that tells people, on a real instance and against a real server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from viral_assets.defs.automation.notify_sensor import NO_CHANNEL, NOTHING_NEW, notify_sensor
from viral_assets.defs.build import build_defs
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.store.tables import notifications
from viral_assets_tests.home import BAKING, Home, make_home
from viral_assets_tests.notifications.news import put, view
from viral_assets_tests.wire import Wire, reply

TOLD = f"{BAKING}notifications: {{channels: [team]}}\n"


def tick(home: Home) -> str:
    with dg.build_sensor_context(instance=home.instance, resources={"database": DatabaseResource()}) as context:
        data = notify_sensor(dg.DefaultSensorStatus.STOPPED).evaluate_tick(context)
    assert data.run_requests == []
    return str(data.skip_message)


def test_each_look_tells_what_is_new_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire() as webhook, make_home(tmp_path, projects={"baking": TOLD}) as home:
        monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_TEAM", f"json://127.0.0.1:{webhook.port}/")
        assert tick(home) == NOTHING_NEW
        now = datetime.now(UTC)
        put(home.database, [view(1, project="baking", at=now)], ready=now)
        webhook.first = [reply(503)]
        assert "team was not told of 1 tweet: HTTP 503" in tick(home)
        assert "wait for the next round" in tick(home)
        assert len(webhook.arrivals) == 1
        home.execute(sa.update(notifications).values(retry_at=None))  # the pause is over
        assert tick(home) == "baking: team was told of 1 tweet in 1 message"
        assert tick(home) == NOTHING_NEW
        assert json.loads(webhook.arrivals[-1].body)["title"] == "Home bakers: 1 green, 12 minutes old"


def test_without_a_channel_there_is_nobody_to_tell(tmp_path: Path) -> None:
    with make_home(tmp_path) as home:
        assert tick(home) == NO_CHANNEL


def test_a_project_file_that_cannot_be_used_or_a_channel_without_address_stops_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make_home(tmp_path, projects={"baking": TOLD, "broken": "name: broken\n"}) as home:
        assert "set VIRAL_ASSETS_NOTIFY_TEAM" in tick(home)


@pytest.mark.parametrize(
    ("address", "status"), [("", dg.DefaultSensorStatus.STOPPED), ("json://127.0.0.1/", dg.DefaultSensorStatus.RUNNING)]
)
def test_the_address_of_a_channel_switches_it_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, status: dg.DefaultSensorStatus
) -> None:
    with make_home(tmp_path):
        monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_TEAM", address)
        assert build_defs().get_sensor_def("notify_sensor").default_status == status
        assert build_defs().get_sensor_def("failure_sensor").default_status == dg.DefaultSensorStatus.STOPPED
