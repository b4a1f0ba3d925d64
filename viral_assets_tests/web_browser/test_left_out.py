"""What was left out, in a browser: readable, accessible, and the way back to the list, with scripts and without."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities
from viral_assets_tests.web_browser.test_accessible import assert_accessible
from viral_assets_tests.web_browser.visitor import Visit, Visitor, options, phone

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect


@pytest.fixture(params=["desktop", "phone"])
def anyone(request: pytest.FixtureRequest, visit: Visit) -> Visitor:
    """A person with a desktop, and one with a phone."""
    return visit(**(phone() if request.param == "phone" else options()))


def test_it_is_a_tab_that_everybody_can_read(anyone: Visitor) -> None:
    page = anyone.open("/")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Left out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Left out, near misses first")
    expect(page.locator("[data-left-out]")).to_have_count(20)
    assert anyone.too_wide() == []
    assert_accessible(anyone)
    page.get_by_role("link", name="More tweets").click()
    page.wait_for_url("**after=**")
    expect(page.locator("[data-left-out]").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_tweet_is_taken_after_all(visit: Visit, database: Database, scripts: bool) -> None:
    mara = visit(java_script_enabled=scripts)
    page = mara.open("/left-out")
    left = page.locator("[data-left-out]").first
    tweet_id = left.get_attribute("data-tweet")
    assert tweet_id is not None
    left.get_by_role("button", name="Take it after all").click()
    page.wait_for_url("**/tweet?*")
    expect(mara.toast()).to_contain_text("Taken after all")
    if scripts:
        expect(mara.suggestion(tweet_id, 3)).to_be_visible()
    expect(page.locator(".history")).to_contain_text("took it although it was left out")
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Left out, near misses first")
    expect(page.locator(f'[data-left-out][data-tweet="{tweet_id}"]')).to_have_count(0)
    with database.read() as connection:
        taken = sa.select(comment_opportunities.c.rank).where(comment_opportunities.c.tweet_id == tweet_id)
        assert connection.execute(taken).scalar_one() > 0


def test_what_a_tweet_would_teach_is_shown_and_can_be_left_be(anyone: Visitor) -> None:
    page = anyone.open("/left-out")
    page.locator("[data-left-out]").first.get_by_role("link", name="More like this").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("More like this")
    expect(page.locator(".diff .new")).to_have_count(1)
    assert anyone.too_wide() == []
    assert_accessible(anyone)
    page.get_by_role("link", name="Cancel").click()
    page.locator("[data-left-out]").first.get_by_role("link", name="Never like this").click()
    word = page.get_by_role("textbox", name="The word or phrase of it that no tweet may have")
    word.fill("nowhere in this tweet")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("alert")).to_contain_text("is no word or phrase of this tweet")
    expect(page.get_by_role("button", name="Write it")).to_have_count(0)
    assert anyone.too_wide() == []
