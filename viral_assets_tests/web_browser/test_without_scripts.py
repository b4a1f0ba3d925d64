"""The review with JavaScript off: slower, but everything that matters works."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets.text.x_rules import text_weight
from viral_assets_tests.web_browser.conftest import WHOLE_SAMPLE, Kept
from viral_assets_tests.web_browser.visitor import Visit, Visitor

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

TOO_LONG = "日本語" * 60


@pytest.fixture
def plain(visit: Visit) -> Visitor:
    """A person who lets no script run."""
    return visit(java_script_enabled=False)


def test_decisions_lead_back_to_the_tweet(plain: Visitor, kept: Kept) -> None:
    page = plain.open("/")
    tweet = kept.listed()[4]
    plain.suggestion(tweet).get_by_role("button", name="Approve").click()
    page.wait_for_url(f"**/#o-demo-{tweet}")
    expect(plain.toast()).to_contain_text("Approved:")
    plain.open("/?status=all")
    expect(plain.suggestion(tweet)).to_have_attribute("data-status", "approved")
    plain.suggestion(tweet).get_by_role("button", name="Posted").click()
    expect(plain.suggestion(tweet)).to_have_attribute("data-status", "posted")
    plain.toast().get_by_role("button", name="Undo").click()
    expect(plain.suggestion(tweet)).to_have_attribute("data-status", "approved")
    page.locator("#undo button").click()
    expect(plain.suggestion(tweet)).to_have_attribute("data-status", "pending")
    assert [action for _, action, _ in kept.events()] == ["approve", "post", "undo", "undo"]


def test_a_rejection_takes_a_reason(plain: Visitor, kept: Kept) -> None:
    plain.open("/?status=all")
    tweet = kept.listed()[0]
    item = plain.suggestion(tweet)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_placeholder("Reason").fill("not for us, really")
    item.locator("[data-form=reject] .row").get_by_role("button", name="Reject").click()
    expect(plain.suggestion(tweet)).to_have_attribute("data-status", "rejected")
    item = plain.suggestion(tweet, 2)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_role("button", name="spam").click()
    expect(plain.suggestion(tweet, 2)).to_have_attribute("data-status", "rejected")
    assert [reason for _, _, reason in kept.events()] == ["not for us, really", "spam"]


def test_an_edit_over_the_limit_comes_back_with_its_text(plain: Visitor, kept: Kept) -> None:
    page = plain.open("/?status=all")
    tweet = kept.listed()[0]
    before = kept.of(tweet)
    plain.edit(tweet, TOO_LONG)
    plain.suggestion(tweet).get_by_role("button", name="Save and approve").click()
    expect(plain.suggestion(tweet).get_by_role("alert")).to_contain_text(f"{text_weight(TOO_LONG)} weighted characters")
    expect(plain.suggestion(tweet).locator("textarea[name=text]")).to_have_value(TOO_LONG)
    assert kept.of(tweet) == before
    plain.suggestion(tweet).locator("textarea[name=text]").fill("Shorter.")
    plain.suggestion(tweet).get_by_role("button", name="Save and approve").click()
    page.wait_for_url(f"**/?status=all#o-demo-{tweet}")
    assert kept.of(tweet)[0] == ("edited", "Shorter.")


@WHOLE_SAMPLE
def test_filters_and_pages(plain: Visitor, kept: Kept) -> None:
    page = plain.open("/")
    if not page.get_by_label("Label", exact=True).is_visible():
        page.get_by_text("Filters").click()
    page.get_by_label("Label", exact=True).select_option("green")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**label=green**")
    greens = kept.count(label="green")
    expect(page.locator("h1 .big")).to_have_text(str(greens))
    expect(plain.cards()).to_have_count(20)
    seen = [card.get_attribute("data-tweet") for card in plain.cards().all()]
    assert seen == kept.listed(label="green")
    page.get_by_role("link", name="More tweets").click()
    expect(page.locator("h1")).to_contain_text("more")
    expect(plain.cards()).to_have_count(min(greens - 20, 20))
    seen += [card.get_attribute("data-tweet") for card in plain.cards().all()]
    assert len(seen) == len(set(seen)) == min(greens, 40) > 20
    page.go_back()
    expect(plain.cards().first).to_have_attribute("data-tweet", str(seen[0]))


def test_greens_and_a_name(plain: Visitor, kept: Kept) -> None:
    page = plain.open("/?topic=digital+detox")
    page.locator(".name summary").click()
    page.get_by_label("Your name in the record").fill("Zoë")
    page.locator(".name").get_by_role("button", name="Save").click()
    expect(page.locator(".name summary")).to_contain_text("Zoë")
    page.get_by_role("link", name="Approve all greens").click()
    page.get_by_role("button", name="Approve ticked").click()
    expect(plain.toast()).to_contain_text("Approved:")
    assert {who for who, _, _ in kept.events()} == {"Zoë"}
    plain.toast().get_by_role("button", name="Undo").click()
    expect(plain.toast()).to_contain_text("Undone:")


def test_nothing_is_offered_that_needs_a_script(plain: Visitor) -> None:
    page = plain.open("/")
    expect(page.locator(".js").locator("visible=true")).to_have_count(0)
    assert (
        plain.suggestion(str(plain.cards().first.get_attribute("data-tweet"))).locator("[data-composer]").is_visible()
    )
