"""What a person does on the review page, in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.x_rules import text_weight
from viral_assets_tests.web_browser.conftest import WHOLE_SAMPLE, Kept
from viral_assets_tests.web_browser.visitor import Visit, Visitor, alone

if TYPE_CHECKING:
    from playwright.sync_api import Locator

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

TOO_LONG = "wörter " * 60


def total(visitor: Visitor) -> Locator:
    """How many tweets the list has, as it says."""
    return visitor.page.locator("h1 .big")


# ---- the list ------------------------------------------------------------------------------------------------------


@WHOLE_SAMPLE
def test_filters_are_applied_at_once_and_live_in_the_address(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/")
    everything = kept.listed()
    assert [card.get_attribute("data-tweet") for card in mara.cards().all()] == everything
    page.get_by_label("Label", exact=True).select_option("yellow")
    page.wait_for_url("**/?label=yellow")
    expect(mara.cards().first).to_have_attribute("data-tweet", kept.listed(label="yellow")[0])
    assert {card.get_attribute("data-label") for card in mara.cards().all()} == {"yellow"}
    page.get_by_label("Topic", exact=True).select_option("screen time")
    page.wait_for_url("**/?label=yellow&topic=screen+time")
    assert set(page.locator(".topic bdi").all_inner_texts()) == {"screen time"}
    page.get_by_label("Sort by").select_option("Views")
    page.wait_for_url("**/?label=yellow&topic=screen+time&sort=views")
    expect(mara.cards().first).to_have_attribute(
        "data-tweet", kept.listed(label="yellow", topic="screen time", sort="views")[0]
    )
    page.go_back()
    page.go_back()
    page.wait_for_url("**/?label=yellow")
    expect(page.get_by_label("Topic", exact=True)).to_have_value("")
    expect(page.get_by_label("Label", exact=True)).to_have_value("yellow")
    page.reload()
    expect(page.get_by_label("Label", exact=True)).to_have_value("yellow")
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**:*/")
    expect(total(mara)).to_have_text(kept.total)


@WHOLE_SAMPLE
def test_a_project_and_a_status_can_be_asked_for(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?project=demo")
    expect(page.get_by_label("Project")).to_have_value("demo")
    expect(total(mara)).to_have_text(kept.total)
    first = kept.listed()[0]
    mara.suggestion(first).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(first)).to_have_attribute("data-status", "approved")
    page.get_by_label("Status").select_option("Approved")
    page.wait_for_url("**/?status=approved&project=demo")
    expect(total(mara)).to_have_text("1")
    expect(mara.card(first)).to_be_visible()
    page.get_by_label("Status").select_option("To decide")
    page.wait_for_url("**/?project=demo")
    expect(total(mara)).to_have_text(str(int(kept.total) - 1))
    expect(mara.card(first)).to_have_count(0)


@WHOLE_SAMPLE
def test_a_search_finds_tweets_by_their_words(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/")
    page.get_by_role("searchbox").fill("teenagers bedroom")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?search=teenagers+bedroom")
    found = kept.listed(search="teenagers bedroom")
    assert [card.get_attribute("data-tweet") for card in mara.cards().all()] == found
    page.get_by_role("searchbox").fill("no tweet has these words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("teenagers bedroom")


@WHOLE_SAMPLE
def test_the_list_goes_on_while_one_scrolls_and_shows_nothing_twice(mara: Visitor) -> None:
    page = mara.open("/?label=yellow")
    assert mara.cards().count() == 20
    page.locator("[data-more]").scroll_into_view_if_needed()
    expect(mara.cards()).to_have_count(40)
    ids = [card.get_attribute("data-tweet") for card in mara.cards().all()]
    assert len(set(ids)) == 40
    assert page.url.endswith("/?label=yellow"), "the address stays that of the list"
    # What came later can be decided about like the rest.
    mara.suggestion(str(ids[39])).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(str(ids[39]))).to_have_attribute("data-status", "approved")


# ---- decisions -----------------------------------------------------------------------------------------------------


def test_a_suggestion_is_approved_and_that_is_undone(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    mara.suggestion(first, 2).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "approved")
    expect(mara.suggestion(first, 2)).to_contain_text("by mara")
    expect(mara.toast()).to_contain_text("Approved:")
    assert kept.statuses(first) == ["pending", "approved", "pending"]
    mara.toast().get_by_role("button", name="Undo").click()
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "pending")
    expect(mara.toast()).to_contain_text("Undone:")
    assert kept.statuses(first) == ["pending"] * 3


def test_undo_is_at_the_top_too_and_says_when_there_is_nothing_left(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/")
    first, second = kept.listed()[:2]
    for tweet in (first, second):
        mara.suggestion(tweet).get_by_role("button", name="Approve").click()
        expect(mara.suggestion(tweet)).to_have_attribute("data-status", "approved")
    undo = page.locator("#undo button")
    undo.click()
    expect(mara.suggestion(second)).to_have_attribute("data-status", "pending")
    undo.click()
    expect(mara.suggestion(first)).to_have_attribute("data-status", "pending")
    undo.click()
    expect(mara.toast()).to_contain_text("nothing of yours to undo")


def test_a_rejection_keeps_its_reason(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    page = mara.open(alone(first))
    item = mara.suggestion(first)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_placeholder("Reason").fill("sounds like an advert")
    item.locator("[data-form=reject] .row").get_by_role("button", name="Reject").click()
    expect(item).to_have_attribute("data-status", "rejected")
    item = mara.suggestion(first, 2)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_role("button", name="too generic").click()
    expect(item).to_have_attribute("data-status", "rejected")
    assert kept.events() == [("mara", "reject", "sounds like an advert"), ("mara", "reject", "too generic")]
    mara.card(first).get_by_role("link", name="History").click()
    expect(page.locator(".history li").first).to_contain_text("too generic")
    page.get_by_role("link", name="Back to the list").click()
    expect(mara.cards().first).to_be_visible()


def test_an_edit_over_the_limit_is_refused_and_the_text_is_kept(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    item, before = mara.suggestion(first), kept.of(first)
    weight = text_weight(TOO_LONG.strip())
    mara.edit(first, TOO_LONG)
    expect(item.locator("[data-count]")).to_have_text(f"{weight}/280")
    expect(item.locator("[data-count]")).to_have_class(re.compile(r"\bover\b"))
    item.get_by_role("button", name="Save and approve").click()
    expect(item.get_by_role("alert")).to_contain_text(f"{weight} weighted characters and X takes 280")
    expect(item.locator("textarea[name=text]")).to_have_value(TOO_LONG)
    expect(item.locator("textarea[name=text]")).to_be_focused()
    expect(item.locator("[data-count]")).to_have_text(f"{weight}/280")
    assert kept.of(first) == before
    item.locator("textarea[name=text]").fill("Short and mine.")
    expect(item.locator("[data-count]")).to_have_text("15/280")
    item.get_by_role("button", name="Save and approve").click()
    expect(item).to_have_attribute("data-status", "edited")
    assert kept.of(first)[0] == ("edited", "Short and mine.")
    expect(item.locator(".reply")).to_have_text("Short and mine.")


def test_cancel_puts_the_text_back(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    item = mara.suggestion(first)
    mara.edit(first, TOO_LONG)
    item.get_by_role("button", name="Cancel").click()
    expect(item.locator("textarea[name=text]")).to_be_hidden()
    item.get_by_text("Edit", exact=True).click()
    expect(item.locator("textarea[name=text]")).to_have_value(kept.of(first)[0][1])
    assert kept.events() == []


COUNTED = (
    "plain words",
    "  spaces   between  and around  ",
    "line\n\n\n\nbreaks  \n end",
    "a link https://example.com/" + "x" * 200,
    "two http://a.example.org and https://b.example.org/path?x=1#y.",
    "without a scheme: example.com, docs.example.co.uk/page and not.a-domain",
    "mail me@example.com or v1.2 or e.g. this",
    "日本語のツイート、全部で",
    "한국어와 中文",
    "👍 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ❤️ 1️⃣ ☎ ™",
    "naïve café (composed) and nai\u0308ve cafe\u0301 (not)",
    "“quotes” – dashes — dots … and ‘more’",
    "@somebody #hashtag $CASH",
    "العربية עברית ไทย हिन्दी",
    "see:https://example.com/日本語 or https://example.com/a_(b)",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
)


def test_the_live_count_is_the_servers(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    page = mara.open(alone(first))
    right = {text: text_weight(persons_reply(text)) for text in COUNTED}
    assert {text: page.evaluate("text => window.reviewWeight(text)", text) for text in COUNTED} == right
    item = mara.suggestion(first)
    for text in (COUNTED[3], COUNTED[7], COUNTED[9]):
        if not item.locator("textarea[name=text]").is_visible():
            item.get_by_text("Edit", exact=True).click()
        with page.expect_response("**/length") as answered:
            item.locator("textarea[name=text]").fill(text)
            expect(item.locator("[data-count]")).to_have_text(f"{right[text]}/280")
        assert answered.value.json() == {"length": right[text]}
        expect(item.locator("[data-count]")).to_have_text(f"{right[text]}/280")


def test_a_reply_is_marked_as_posted_and_reopened(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    item = mara.suggestion(first)
    item.get_by_role("button", name="Approve").click()
    expect(item).to_have_attribute("data-status", "approved")
    item.get_by_role("button", name="Posted").click()
    expect(item).to_have_attribute("data-status", "posted")
    expect(item.locator("[data-composer]")).to_have_count(0)
    item.get_by_role("button", name="Reopen").click()
    expect(item).to_have_attribute("data-status", "pending")
    assert [action for _, action, _ in kept.events()] == ["approve", "post", "reopen"]


def test_a_reply_is_copied_as_it_is(visit: Visit, kept: Kept) -> None:
    mara = visit(permissions=["clipboard-read", "clipboard-write"])
    first = kept.listed()[0]
    page = mara.open(alone(first))
    mara.suggestion(first, 2).get_by_role("button", name="Copy").click()
    expect(mara.toast()).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == kept.of(first)[1][1]


def test_the_composer_opens_in_a_tab_of_its_own_with_the_reply(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    page = mara.open(alone(first))
    link = mara.suggestion(first).get_by_role("link", name="Open in X")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("rel", re.compile("noopener"))
    with mara.context.expect_page() as opened:
        link.click()
    opened.value.wait_for_url("https://x.com/**")
    address = urlsplit(opened.value.url)
    assert (address.scheme, address.netloc, address.path) == ("https", "x.com", "/intent/post")
    assert parse_qs(address.query) == {"in_reply_to": [first], "text": [kept.of(first)[0][1]]}
    assert opened.value.evaluate("window.opener === null && document.referrer === ''")
    assert page.url == mara.home + alone(first)
    assert kept.events() == [], "opening it says nothing about what becomes of it"


def test_greens_are_ticked_approved_and_undone_without_leaving_the_page(mara: Visitor, kept: Kept) -> None:
    page = mara.open("/?topic=digital+detox")
    address, total, green = (
        page.url,
        kept.count(topic="digital detox"),
        kept.listed(topic="digital detox", label="green"),
    )
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Approve all greens").click()
    dialog = page.get_by_role("dialog", name="Approve which of the greens?")
    boxes = dialog.get_by_role("checkbox")
    expect(boxes).to_have_count(len(green))
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(len(green))
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Approve all greens").click()
    boxes.last.uncheck()
    dialog.get_by_role("button", name=f"Approve ticked ({len(green) - 1})").click()
    expect(mara.toast()).to_contain_text(f"Approved: {len(green) - 1} suggestions")
    expect(dialog).to_be_hidden()
    expect(page.locator("#count")).to_have_text(f"{total - len(green) + 1} tweets to decide")
    for tweet in green[:-1]:
        expect(mara.suggestion(tweet)).to_have_attribute("data-status", "approved")
    assert [kept.statuses(tweet)[0] for tweet in green] == ["approved"] * (len(green) - 1) + ["pending"]
    mara.toast().get_by_role("button", name="Undo").click()
    expect(mara.toast()).to_contain_text(f"Undone: {len(green) - 1} suggestions")
    expect(page.locator("#count")).to_have_text(f"{total} tweets to decide")
    expect(mara.suggestion(green[0])).to_have_attribute("data-status", "pending")
    assert {status for tweet in green for status in kept.statuses(tweet)} == {"pending"}
    assert (page.url, page.evaluate("window.stayed")) == (address, True)


def test_a_tweets_suggestions_are_written_anew_but_for_what_was_decided(
    mara: Visitor, kept: Kept, database: Database
) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    mara.suggestion(first, 2).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "approved")
    with database.begin() as connection:
        table = comment_suggestions.c
        older = sa.update(comment_suggestions).where(table.tweet_id == first).values(text="An older draft.")
        connection.execute(older)
    mara.card(first).get_by_role("button", name="Write new ones").click()
    expect(mara.toast()).to_contain_text("2 new suggestions by offline")
    expect(mara.suggestion(first).locator(".reply")).not_to_have_text("An older draft.")
    after = kept.of(first)
    assert after[1] == ("approved", "An older draft.")
    assert all(text != "An older draft." and status == "pending" for status, text in (after[0], after[2]))
    expect(mara.suggestion(first).locator(".reply")).to_have_text(after[0][1])
    # What is shown is what can be decided about.
    mara.suggestion(first).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(first)).to_have_attribute("data-status", "approved")


# ---- two people ----------------------------------------------------------------------------------------------------


def name_oneself(visitor: Visitor, name: str) -> None:
    """Decide under another name in this browser."""
    visitor.page.locator(".name summary").click()
    visitor.page.get_by_label("Your name in the record").fill(name)
    with visitor.page.expect_navigation():
        visitor.page.locator(".name").get_by_role("button", name="Save").click()
    expect(visitor.page.locator(".name summary")).to_contain_text(name)


def test_a_second_persons_change_is_noticed_and_not_overwritten(visit: Visit, kept: Kept) -> None:
    mara, tom = visit(), visit()
    first = kept.listed()[0]
    mara.open(alone(first))
    tom.open(alone(first))
    name_oneself(tom, "Tom")
    mara.edit(first, "Mara came second.")
    tom.edit(first, "Tom was first.")
    tom.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(tom.suggestion(first)).to_have_attribute("data-status", "edited")
    item = mara.suggestion(first)
    item.get_by_role("button", name="Save and approve").click()
    expect(item.get_by_role("alert")).to_contain_text("Tom changed this at 20:30 UTC")
    expect(item.locator(".reply")).to_have_text("Tom was first.")
    expect(item.locator("textarea[name=text]")).to_have_value("Mara came second.")
    assert kept.of(first)[0] == ("edited", "Tom was first.")
    item.get_by_role("button", name="Save and approve").click()
    expect(item.locator(".reply")).to_have_text("Mara came second.")
    assert [(who, action) for who, action, _ in kept.events()] == [("Tom", "edit"), ("mara", "edit")]
    tom.press("u")
    expect(tom.toast()).to_contain_text("Not undone: mara changed this")
    assert kept.of(first)[0] == ("edited", "Mara came second.")


def test_two_tabs_of_one_person_do_not_overwrite_each_other(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    other = mara.context.new_page()
    other.goto(mara.home + alone(first))
    there = other.locator(f'[data-tweet="{first}"] [data-number="1"]')
    there.get_by_role("button", name="Approve").click()
    expect(there).to_have_attribute("data-status", "approved")
    item = mara.suggestion(first)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_role("button", name="too generic").click()
    expect(item.get_by_role("alert")).to_contain_text("You (in another window?) changed this")
    expect(item).to_have_attribute("data-status", "approved")
    assert kept.statuses(first)[0] == "approved"


def test_what_somebody_types_survives_another_answer_in_the_same_card(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    mara.edit(first, "Not finished yet")
    mara.suggestion(first, 2).get_by_role("button", name="Approve").click()
    expect(mara.suggestion(first, 2)).to_have_attribute("data-status", "approved")
    expect(mara.suggestion(first).locator("textarea[name=text]")).to_have_value("Not finished yet")
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(mara.suggestion(first)).to_have_attribute("data-status", "edited")
    assert kept.of(first)[0] == ("edited", "Not finished yet")


def test_a_server_that_went_away_is_noticed(mara: Visitor, kept: Kept) -> None:
    first = kept.listed()[0]
    mara.open(alone(first))
    mara.edit(first, "Do not lose this")
    mara.context.set_offline(True)
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(mara.toast()).to_contain_text("The server does not answer")
    expect(mara.suggestion(first).locator("textarea[name=text]")).to_have_value("Do not lose this")
    mara.context.set_offline(False)
    mara.suggestion(first).get_by_role("button", name="Save and approve").click()
    expect(mara.suggestion(first)).to_have_attribute("data-status", "edited")
    mara.forgive("ERR_INTERNET_DISCONNECTED")
    mara.forgive("console: htmx:")
