"""What strangers write stays text: no script of theirs runs, and nothing they send breaks the page for others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_opportunities, suggestion_events
from viral_assets_tests.delivery.examples import opportunity, store, suggestion
from viral_assets_tests.web_browser.conftest import NOW
from viral_assets_tests.web_browser.visitor import DESKTOP, PHONE, Visit, Visitor, options, phone

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

HOSTILE = {
    "script": "<script>canary('script')</script><script src='https://evil.example/x.js'></script>",
    "image": "<img src=x onerror=canary('image')><svg onload=canary('svg')><iframe src='javascript:canary()'>",
    "attribute": "\" onmouseover=\"canary('attribute')\" autofocus onfocus='canary()' x='` ",
    "address": "javascript:canary('address') data:text/html,<script>canary()</script> https://example.com/\"><b>x</b>",
    "closing": "</textarea></title></style></script><script>canary('closing')</script><!-- ",
    "templates": "{{ 7 * 191 }} {% raw %} ${7*191} #{7*191} <%= 7*191 %> [[${7*191}]]",
    "htmx": "<div hx-get='/logout' hx-trigger='load' hx-on:load='canary()' data-hx-post='/undo'>x</div>",
    "entities": "&lt;script&gt;canary()&lt;/script&gt; &#60;img src=x onerror=canary()&#62; &amp;amp;",
    "directions": "\u202edlrow olleh\u202c \u2066isolated \u2067 \u200f\u061c never closed \u202b\u202d",
    "invisible": "zero\u200bwidth\u2060joined\ufeff \u00ad\u034f\u115f\u3164 \U000e0041\U000e0042",
    "accents": "Z" + "\u0301\u0336\u0489" * 3_334 + "algo and " + "e\u0302" * 500,
    "word": "a" * 4_000,
    "wide word": "漢" * 2_000 + "W" * 2_000,
    "nul": "before\x00after\x1b[31m\x07\x7f\x85",
    "lines": "line\n" * 400,
    "link": "https://example.com/" + "p" * 2_000 + "?<script>canary()</script>",
    "surrogates": "\ufffe\uffff🏴\U000e0067\U000e0062\U000e007f " + "👨‍👩‍👧" * 200,
    "empty": "\u200b",
}
FORBIDDEN = "\x00\x1b\x07\u200b\u2060\ufeff\u202e\u202b\u202d\u2066\u2067\U000e0041"
READ_BY_PEOPLE = """() => [
  document.title, document.body.textContent,
  ...[...document.querySelectorAll("textarea, [data-copy]")].map((each) => each.value ?? each.dataset.copy),
  ...[...document.querySelectorAll("[aria-label], [title]")].map((each) => each.ariaLabel + each.title),
].join(" ")"""
TALLEST = 6_000
"""CSS pixels of a card with three suggestions that were made to be as tall as possible, on a phone."""


def hostile(number: int, text: str) -> OpportunityView:
    """A tweet of which everything that somebody else may write says the same."""
    short = text[:600]
    one = suggestion(text, provider=short[:30], model=short[:30])
    kinds = ("add_value", short[:40].replace("\x00", "") or "none", "mirror_reframe")
    view = opportunity(
        project="demo",
        tweet_id=f"{900 + number}",
        text=text,
        author_handle=short[:60],
        author_name=short,
        topic=text[:1_000],
        why=text,
        lang=short[:8],
        outcome="filtered",
        reason=text[:2_000],
    )
    return replace(view, suggestions=tuple(replace(one, type_name=kind) for kind in kinds))


@pytest.fixture
def database(database: Database) -> Database:
    """The sample's tweets make room for hostile ones."""
    with database.begin() as connection:
        connection.execute(sa.delete(comment_opportunities))
        store(connection, [hostile(number, text) for number, text in enumerate(HOSTILE.values())])
    return database


@pytest.fixture
def canary() -> list[str]:
    """What scripts of strangers have said."""
    return []


DEVICES = {"desktop": options, "phone": phone}

ON_BOTH = pytest.mark.parametrize("careful", DEVICES, indirect=True)
"""For what a phone may do differently; its width is looked at anyway."""


@pytest.fixture
def careful(request: pytest.FixtureRequest, visit: Visit, canary: list[str]) -> Iterator[Visitor]:
    """A person whose browser tells when a script of a stranger runs; at a desktop unless the test says otherwise."""
    visitor = visit(**DEVICES[getattr(request, "param", "desktop")]())
    visitor.context.expose_function("canary", lambda *said: canary.append(f"{visitor.page.url} {said}"))
    yield visitor
    assert canary == []
    assert not [address for address in visitor.abroad if "evil.example" in address]


def assert_harmless(visitor: Visitor) -> None:
    """The page as it is now has nothing of theirs but text, and keeps its shape, wide and narrow."""
    page = visitor.page
    size = page.viewport_size
    assert size is not None
    # Whatever they put into attributes gets its chance.
    page.evaluate(
        """() => document.querySelectorAll("main *").forEach((each) => {
            for (const type of ["mouseover", "focus", "load", "error"]) each.dispatchEvent(new Event(type));
        })"""
    )
    assert visitor.too_wide() == []
    if size != PHONE:
        page.set_viewport_size(PHONE)
        assert visitor.too_wide() == []
        page.set_viewport_size(size)
    links = page.evaluate("[...document.querySelectorAll('[href], [src], [action]')].map((each) => each.href ?? '')")
    assert {str(link).partition(":")[0] for link in links if isinstance(link, str) and link} <= {"http", "https"}
    strange = page.evaluate(
        """() => [...document.querySelectorAll("*")].flatMap((each) => [...each.attributes])
            .filter((each) => each.name.startsWith("on") || each.name === "style" || each.name.startsWith("hx-on"))
            .map((each) => `${each.ownerElement.tagName} ${each.name}=${each.value}`)"""
    )
    assert strange == []
    assert page.locator("main :is(script, img, iframe, object, embed, base, meta, link, style)").count() == 0
    shown = page.locator("main").inner_text()
    assert "1337" not in shown, "a template ran what somebody wrote"
    assert [character for character in FORBIDDEN if character in page.evaluate(READ_BY_PEOPLE)] == []


@ON_BOTH
def test_the_list_its_panels_and_its_filters_show_it_as_text(careful: Visitor) -> None:
    page = careful.open("/?status=all")
    expect(careful.cards()).to_have_count(len(HOSTILE))
    assert_harmless(careful)
    assert "<script>canary('script')</script>" in page.locator("main").inner_text()
    heights = page.evaluate(
        "[...document.querySelectorAll('[data-opportunity]')].map((each) => [each.dataset.tweet, each.offsetHeight])"
    )
    limit = TALLEST if page.viewport_size != DESKTOP else TALLEST / 2
    assert [(tweet, height) for tweet, height in heights if height > limit] == []
    # Marks that pile up paint over the neighbours although nothing is larger.
    accents = page.evaluate("Math.max(...document.body.innerText.match(/\\p{M}+/gu).map((marks) => marks.length))")
    assert accents <= 10

    page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
    page.locator("main details[open]").nth(20).wait_for(state="attached")
    assert_harmless(careful)
    expect(page.locator("[data-count]:visible").first).to_be_visible()

    page.locator("#f-topic").evaluate(
        "each => { each.selectedIndex = [...each.options].findIndex((one) => one.text.startsWith('<script>')); }"
    )
    with page.expect_navigation():
        page.locator("#f-topic").dispatch_event("change", {"bubbles": True})
    expect(careful.cards()).to_have_count(1)
    assert_harmless(careful)


@pytest.mark.parametrize("name", ["script", "directions", "accents", "wide word"])
def test_the_page_of_a_tweet_and_its_history_do_too(careful: Visitor, database: Database, name: str) -> None:
    """Reasons, names and edits come from people, who may paste anything."""
    text = HOSTILE[name]
    number = 900 + list(HOSTILE).index(name)
    page = careful.open("/tweet?" + urlencode({"project": "demo", "tweet_id": number}))
    page.locator(".name summary").click()
    page.get_by_label("Your name in the record").fill(text[:60])
    with page.expect_navigation():
        page.locator(".name").get_by_role("button", name="Save").click()
    item = careful.suggestion(str(number), 1)
    item.get_by_text("Reject", exact=True).first.click()
    item.get_by_placeholder("Reason").fill(text[:500])
    item.locator("[data-form=reject] .row").get_by_role("button", name="Reject").click()
    expect(item).to_have_attribute("data-status", "rejected")
    careful.edit(str(number), text[:90], 3)
    item = careful.suggestion(str(number), 3)
    item.get_by_role("button", name="Save and approve").click()
    expect(item).to_have_attribute("data-status", "edited")
    assert_harmless(careful)
    page.reload()
    expect(page.locator(".history li")).to_have_count(2)
    assert_harmless(careful)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(suggestion_events)).scalar_one() == 2


@pytest.mark.parametrize("name", ["script", "attribute", "word"])
def test_an_address_with_it_does_nothing(careful: Visitor, name: str) -> None:
    text = HOSTILE[name][:1_000]
    for path in (
        "/?" + urlencode({"search": text[:100]}),
        "/?" + urlencode({"topic": text, "project": text}),
        "/?" + urlencode({"label": text}),
        "/tweet?" + urlencode({"project": text, "tweet_id": text}),
        "/numbers?" + urlencode({"project": text, "days": text}),
        "/approve-greens?" + urlencode({"topic": text}),
    ):
        careful.open(path)
        assert_harmless(careful)


def test_the_numbers_draw_it_as_text(careful: Visitor, database: Database) -> None:
    with database.begin() as connection:
        for number, text in enumerate(list(HOSTILE.values())[:6]):
            view = hostile(number, text)
            key = SuggestionKey("demo", view.tweet_id, view.suggestions[1].type_name)
            decide(connection, key, "approve", who=text, at=NOW, version=0)
    page = careful.open("/numbers")
    expect(page.locator("svg[role=img]").first).to_be_visible()
    assert_harmless(careful)
