"""Make the pictures of docs/: Dagster's pages and the digest, in a real browser, from a demo home of their own.

It needs Playwright (``pip install -e '.[dev]'``) and a Chromium (Debian: ``apt install chromium``).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

# Beside this file.
from demo_home import browser, environment, fill, options
from review_screenshots import decide

from viral_assets.hours import HourRange, hour_key, last_full_hours

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 240.0
"""Seconds. The daemon looks at backfills twice a minute."""

GROUPS = ("ingestion", "scoring", "generation", "delivery")
CHAIN = (
    "tweets",
    "tweet_embeddings",
    "tweet_scores",
    "comment_opportunities",
    "comment_suggestions",
    "suggestion_digest",
)

MATERIALIZED = """{ assetOrError(assetKey: {path: ["comment_suggestions"]}) { ... on Asset {
    assetMaterializations(limit: 24) {
        partition runId metadataEntries { label ... on IntMetadataEntry { intValue } }
    }
} } }"""
BACKFILL = """mutation ($assets: [AssetKeyInput!]!, $hours: [String!]!) {
    launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $hours}) {
        ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message }
    }
}"""
NUMBERS = """mutation {
    launchRun(executionParams: {selector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", jobName: "__ASSET_JOB",
        assetSelection: [{path: ["review_numbers"]}]
    }}) { ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
OBSERVED = """{ assetOrError(assetKey: {path: ["decisions"]}) { ... on Asset {
    assetObservations(limit: 1) { partition }
} } }"""
OBSERVE = """mutation {
    startSensor(sensorSelector: {
        repositoryLocationName: "viral_assets", repositoryName: "__repository__", sensorName: "decisions_sensor"
    }) { ... on Sensor { name } ... on PythonError { message } }
}"""
NUMBERS_STATUS = """query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"""
STATUS = """query ($id: String!) {
    partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}"""

_Found = TypeVar("_Found")


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill a home with the sample, start the UI on it, launch a backfill, and take the pictures."""
    given = options(arguments, __doc__)
    with tempfile.TemporaryDirectory(prefix="viral_assets_") as thrown_away:
        home = (given.home or Path(thrown_away) / "home").resolve()
        # Those of the demo: partitions without anything in them would take the room in the plots.
        hours = last_full_hours(24, datetime.now(UTC))
        digest = fill(home)
        decide(home)
        with user_interface(home, hours) as url, browser(given.chromium) as page:
            for name in take(page, url, digest, given.out):
                print(f"{name}: {name.stat().st_size / 1000:,.0f} kB")


@contextmanager
def user_interface(home: Path, hours: HourRange) -> Iterator[str]:
    """``viral-assets dev`` on a home, with these hours. Yields its address once it knows the assets."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "viral_assets.cli", "dev", "--port", str(port)],
        env=environment(home) | {"VIRAL_ASSETS_START": hour_key(hours.start), "VIRAL_ASSETS_END": hour_key(hours.end)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"

    def known() -> bool:
        try:
            return bool(ask(url, "{ assetNodes { id } }"))
        except (URLError, ConnectionError):
            return False

    try:
        until(known, "the user interface")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def launch(url: str, hours: Sequence[str]) -> str:
    """A backfill over these hours that has ended; what people decided is observed by then."""
    ask(url, OBSERVE)
    backfill: str = ask(url, BACKFILL, assets=[{"path": [name]} for name in CHAIN], hours=hours)["backfillId"]
    # It has no hours, so that no backfill includes it.
    numbers = ask(url, NUMBERS)["run"]["runId"]
    until(lambda: ask(url, NUMBERS_STATUS, id=numbers)["status"] == "SUCCESS", "the numbers")
    until(lambda: ask(url, STATUS, id=backfill)["status"] == "COMPLETED_SUCCESS", "the backfill")
    until(lambda: ask(url, OBSERVED)["assetObservations"], "the decisions")
    return backfill


def busiest(materialized: Sequence[dict[str, Any]]) -> str:
    """The hour in which most was written."""

    def written(each: dict[str, Any]) -> int:
        counts = {entry["label"]: entry.get("intValue") or 0 for entry in each["metadataEntries"]}
        return int(counts.get("tweets answered", 0))

    hour: str = max(materialized, key=written)["partition"]
    return hour


def ask(url: str, query: str, **variables: Any) -> Any:
    """The first field of what Dagster answers."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=60) as response:
        (answer,) = json.load(response)["data"].values()
    return answer


def until(look: Callable[[], _Found], what: str) -> _Found:
    """What ``look`` finds, looking until it finds something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} took more than {PATIENCE:g} s")
        time.sleep(0.5)
    return found


def take(page: Page, url: str, digest: Path, out: Path) -> Iterator[Path]:
    """The pictures, one after the other."""

    def show(path: str, text: str, *, width: int = 1440, height: int = 900) -> None:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path if "://" in path else url + path)
        page.get_by_text(text).locator("visible=true").first.wait_for()
        # Charts and the lines between assets are drawn a moment later than texts.
        page.wait_for_timeout(2500)

    def picture(name: str, height: int | None = None) -> Path:
        """Of the page, or of as much of it from the top."""
        file, size = out / f"{name}.png", page.viewport_size
        assert size is not None
        page.screenshot(path=file, clip={"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]})
        return file

    latest = ask(url, MATERIALIZED)["assetMaterializations"]
    show("/", "Hide navigation")
    page.get_by_text("Hide navigation").click()

    # Before the backfill, in which everything is done already.
    hour = quote(busiest(latest))
    show(f"/assets/comment_suggestions?view=partitions&partition={hour}", "tweets answered", height=1000)
    yield picture("hour")
    backfill = launch(url, sorted(each["partition"] for each in latest))

    expanded = ",".join(f"global@global:{group}" for group in GROUPS)
    show(f"/asset-groups?expanded={expanded}", "suggestion_digest", width=2560, height=600)
    # The button beside the search for assets takes the list of groups away.
    page.get_by_role("img", name="panel_show_right").last.click()
    page.wait_for_timeout(2500)
    yield picture("asset-graph")

    show("/assets/tweet_scores", "passed the gate", height=1280)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("button", name="Plots").click()
    page.wait_for_timeout(2500)
    yield picture("asset", 1080)

    show("/assets/comment_suggestions?view=checks", "Passed")
    yield picture("checks", 600)

    show(f"/runs/{latest[0]['runId']}", "RUN_SUCCESS", height=1000)
    # What the assets say, without Dagster's own events between it.
    page.get_by_text("Levels (").click()
    page.get_by_text("event", exact=True).click()
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    yield picture("run", 690)

    show(f"/runs/b/{backfill}", "completed", height=620)
    yield picture("backfill")

    show(digest.as_uri(), "Open in X")
    yield picture("digest")


if __name__ == "__main__":
    main()
