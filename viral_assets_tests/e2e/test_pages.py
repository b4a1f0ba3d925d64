"""The pages of Dagster's UI that a person opens, in a real browser: they show what they should, and no error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from viral_assets_tests.chromium import chromium as started_chromium
from viral_assets_tests.e2e import on_sqlite
from viral_assets_tests.e2e.deployment import Deployment
from viral_assets_tests.waiting import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

pytestmark = [pytest.mark.timeout(1800), pytest.mark.browser, on_sqlite]

WENT_WRONG = re.compile(
    r"something went wrong|can't be displayed|unexpected error|an error occurred|graphql error", re.IGNORECASE
)
GROUPS = ("ingestion", "scoring", "generation", "delivery")


@dataclass
class Tab:
    """A tab of the browser, and what went wrong in it."""

    page: Page
    home: str
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._hear)

    def open(self, path: str, *shown: str | re.Pattern[str]) -> Page:
        """A page of the UI on which all these texts appear."""
        self.page.goto(self.home + path)
        for text in shown:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        # What is not our server's (a font, a release notice) is missing without a network, and nobody needs it.
        if message.type == "error" and message.location.get("url", self.home).startswith(self.home):
            self.errors.append(message.text)


@pytest.fixture(scope="module")
def window() -> Iterator[BrowserContext]:
    """Of the system's browser. Its tabs load the UI's megabytes of scripts once."""
    with started_chromium() as started, started.new_context(viewport={"width": 1440, "height": 1200}) as context:
        context.set_default_timeout(PATIENCE * 1000)
        yield context


@pytest.fixture
def tab(window: BrowserContext, deployment: Deployment) -> Iterator[Tab]:
    """A test with an error on a page, or in its console, fails."""
    page = window.new_page()
    made = Tab(page, deployment.url)
    yield made
    text = page.locator("body").inner_text()
    page.close()
    assert not WENT_WRONG.search(text), text
    assert made.errors == []


@pytest.mark.usefixtures("backfill")
def test_the_asset_graph_shows_the_whole_chain(tab: Tab) -> None:
    expanded = ",".join(f"global@global:{group}" for group in GROUPS)
    tab.open(
        f"/asset-groups?expanded={expanded}",
        "tweets",
        "topic_embeddings",
        *(re.compile(f"{name}$") for name in ("scores", "opportunities", "suggestions", "digest")),
    )


@pytest.mark.usefixtures("backfill")
def test_an_asset_says_what_it_is_and_plots_its_numbers(tab: Tab) -> None:
    page = tab.open(
        "/assets/comment_suggestions",
        "Several suggested replies",
        "weighted_length",
        "outcomes by hour",
        "tweets answered",
    )
    page.get_by_role("button", name="Plots").click()
    page.locator("canvas").first.wait_for()


@pytest.mark.usefixtures("backfill")
def test_the_checks_of_an_asset_have_passed(tab: Tab) -> None:
    tab.open("/assets/comment_suggestions?view=checks", "every_opportunity_ends", "Passed")


def test_a_run_tells_its_story(tab: Tab, deployment: Deployment, backfill: str) -> None:
    (run,) = deployment.runs_of(backfill)
    page = tab.open(f"/runs/{run['runId']}", "Success", "RUN_SUCCESS")
    page.get_by_placeholder("Filter…").fill("done before")
    page.get_by_text(re.compile(r"opportunities, [\d,]+ done before; [\d,]+ suggestions saved")).wait_for()


def test_a_backfill_shows_its_hours(tab: Tab, backfill: str) -> None:
    tab.open(f"/runs/b/{backfill}", backfill, "comment_suggestions", "Completed")


def test_automation_lists_the_schedules_and_sensors(tab: Tab) -> None:
    tab.open("/automation", "hourly_schedule", "top_up_schedule", "inbox_sensor", "deferred_sensor", "failure_sensor")
