"""What people are told of a failed run: the line, the webhook (a real server), and the sensor on real failures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.defs.automation.alerts import ERROR_CHARACTERS, FailedRun, failure_line, post
from viral_assets.defs.build import build_defs
from viral_assets.errors import ConfigurationError
from viral_assets.hours import hour_key
from viral_assets.settings import load_settings
from viral_assets_tests.home import FIRST, Home, make_home
from viral_assets_tests.waiting import PATIENCE

UI = "https://dagster.example.com"
FAILED = FailedRun("11aa-22", "hourly_pipeline", hour_key(FIRST), ["tweets: the inbox is\n  gone"])


class Webhook:
    """A chat's webhook: keeps what it is sent, and answers as it is told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()
        """No answer while it is not set."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.hold.wait(PATIENCE)
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.texts.append(body["text"])
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/T000/B000/hook-secret"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.stop()


def test_the_line_says_which_run_which_hours_why_and_where_to_look() -> None:
    assert failure_line(FAILED, UI + "/") == (
        "hourly_pipeline of 2026-03-02-06:00 failed: tweets: the inbox is gone https://dagster.example.com/runs/11aa-22"
    )


def test_a_run_without_hours_or_reasons_has_a_line_too() -> None:
    assert (
        failure_line(FailedRun("1", "a run of assets"), UI) == f"a run of assets failed: no step says why {UI}/runs/1"
    )


def test_who_need_not_do_anything_yet_is_told_so() -> None:
    assert "It is tried again." in failure_line(FailedRun("1", "job", tried_again=True), UI)


@given(st.text(), st.lists(st.text()))
def test_it_is_one_line_of_bounded_length_whatever_the_error(hours: str, errors: list[str]) -> None:
    line = failure_line(FailedRun("1", "job", "2026", [*errors, hours]), UI)
    assert len(line.splitlines()) == 1
    assert len(line) < ERROR_CHARACTERS + 100
    assert line.endswith(f"{UI}/runs/1")


def test_secrets_are_left_out_known_or_not() -> None:
    errors = ["the key AQ.Ab8RN6JhiddenHiddenHidden was refused", "the chosen word is open-sesame"]
    told = failure_line(FailedRun("1", "job", errors=errors), UI, ["open-sesame"])
    assert "hidden" not in told
    assert "open-sesame" not in told
    assert told.count("[redacted]") == 2


def test_the_webhook_gets_the_line_and_markup_in_it_does_nothing(webhook: Webhook) -> None:
    assert post(webhook.url, "<!channel> & more") is None
    assert webhook.texts == ["&lt;!channel&gt; &amp; more"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_a_reason_and_no_error(webhook: Webhook, status: int) -> None:
    webhook.status = status
    assert post(webhook.url, "line") == f"HTTP {status}"
    assert len(webhook.texts) == 1


def test_a_webhook_that_is_slow_or_gone_keeps_nobody_waiting(webhook: Webhook) -> None:
    webhook.hold.clear()
    assert post(webhook.url, "line", timeout_seconds=0.1) == "ReadTimeout"
    assert webhook.texts == [], "nobody waited for the answer"
    webhook.hold.set()
    with closing(socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        problem = post(f"http://127.0.0.1:{nobody.getsockname()[1]}/hook-secret", "line")
    assert problem == "ConnectionError"
    assert post("http://", "line") is not None


@pytest.fixture
def home(tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with make_home(tmp_path) as made:
        monkeypatch.setenv("VIRAL_ASSETS_ALERT_WEBHOOK", webhook.url)
        monkeypatch.setenv("VIRAL_ASSETS_UI_URL", UI)
        yield made


def _tick(home: Home, cursor: str | None) -> str | None:
    definitions = build_defs()
    sensor = definitions.get_sensor_def("failure_sensor")
    context = dg.build_sensor_context(
        instance=home.instance, cursor=cursor, repository_def=definitions.get_repository_def()
    )
    return sensor.evaluate_tick(context).cursor


def _fail_a_run(home: Home) -> str:
    """The project files have gone."""
    for path in (home.folder / "projects").iterdir():
        path.unlink()
    job = build_defs().resolve_job_def("hourly_pipeline")
    result = job.execute_in_process(
        instance=home.instance, tags={"dagster/partition": hour_key(FIRST)}, raise_on_error=False
    )
    assert not result.success
    return result.run_id


def test_each_failed_run_is_told_once(home: Home, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dg.SensorEvaluationContext, "repository_name", None)
    cursor = _tick(home, None)
    assert webhook.texts == []
    run_id = _fail_a_run(home)
    for _ in range(3):
        cursor = _tick(home, cursor)
    (text,) = webhook.texts
    assert text.startswith(f"hourly_pipeline of {hour_key(FIRST)} failed: ")
    assert text.endswith(f"{UI}/runs/{run_id}")
    assert "ConfigurationError" in text or "Error: " in text
    assert str(home.folder / "projects") in text


def test_a_webhook_that_fails_does_not_fail_the_tick(
    home: Home, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dg.SensorEvaluationContext, "repository_name", None)
    webhook.status = 500
    cursor = _tick(home, None)
    _fail_a_run(home)
    after = _tick(home, cursor)
    assert after != cursor
    assert len(webhook.texts) == 1
    assert "hook-secret" not in caplog.text


def test_the_sensor_is_on_where_there_is_somebody_to_tell(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def status() -> str:
        return str(build_defs().get_sensor_def("failure_sensor").default_status.value)

    assert status() == "RUNNING"
    monkeypatch.delenv("VIRAL_ASSETS_ALERT_WEBHOOK")
    assert status() == "STOPPED"


def test_an_address_that_is_none_is_refused_with_the_variables_name_and_without_its_value(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_ALERT_WEBHOOK", "hook-secret")
    with pytest.raises(ConfigurationError, match=r"^VIRAL_ASSETS_ALERT_WEBHOOK: .*http") as error:
        build_defs()
    assert "hook-secret" not in str(error.value)


def test_the_webhook_is_one_of_the_secrets(home: Home, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", "postgresql://me:pass-word@host/name")
    assert {webhook.url, "pass-word"} <= set(load_settings().secrets)
    assert webhook.url not in repr(load_settings())
