"""Several people at real browsers: tokens of their own, two approvals, whose a tweet is, and who has seen it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.projects.loader import Projects
from viral_assets.queries.pages import read_opportunity
from viral_assets.safety.flag import Flag, flags_as_text
from viral_assets.store.decisions import decide
from viral_assets.store.people import add_person
from viral_assets.store.people_tokens import make_token, revoke_token
from viral_assets.store.second_approval import SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import cards_seen, suggestion_events, tweet_scores
from viral_assets.store.teamwork import assign, note_card_seen
from viral_assets_tests.web_browser.conftest import NOW, Kept, demo_projects
from viral_assets_tests.web_browser.layout import WIDTHS, faults
from viral_assets_tests.web_browser.test_accessible import assert_accessible
from viral_assets_tests.web_browser.test_guarded import command
from viral_assets_tests.web_browser.visitor import (
    LEAST_TARGET,
    PATIENCE,
    SMALL_TARGETS,
    Visit,
    Visitor,
    alone,
    options,
    origin,
    phone,
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

LONG = "Zoë Ito-Lindqvist of the evening team"
TWO = SecondApproval(frozenset({"demo"}))


def asking_for_two() -> Projects:
    demo = demo_projects()["demo"]
    review = demo.review.model_copy(update={"second_approval": "flagged"})
    return Projects({"demo": demo.model_copy(update={"review": review})})


@dataclass(frozen=True)
class Team:
    """Tokens by name with their ids, and the tweets of the list: the first two are sensitive."""

    tokens: dict[str, tuple[str, str]]
    tweets: list[str]

    @property
    def sensitive(self) -> str:
        return self.tweets[0]


@pytest.fixture
def team(kept: Kept) -> Team:
    """Three people with tokens."""
    tweets = kept.listed()
    with kept.database.begin() as connection:
        for name in ("mara", "tom", LONG):
            add_person(connection, name, NOW)
        tokens = {name: make_token(connection, name, NOW) for name in ("mara", "tom", LONG)}
        flags = flags_as_text([Flag("illness", 1.0, "“cancer”"), Flag("religion", 0.7, "much like others about it")])
        flagged = sa.update(tweet_scores).where(tweet_scores.c.tweet_id.in_(tweets[:2]))
        connection.execute(flagged.values(flags=flags))
    return Team(tokens, tweets)


@pytest.fixture
def shared(serve: Callable[..., str], team: Team) -> str:
    """The address of a server that all three use."""
    return serve(projects=asking_for_two)


@pytest.fixture
def come_in(visit: Visit, shared: str, team: Team) -> Callable[..., Visitor]:
    """Signs somebody in, in a browser of their own."""

    def enter(name: str, **kind: Any) -> Visitor:
        visitor = visit(shared, **kind)
        page = visitor.open("/")
        page.get_by_label("Your token").fill(team.tokens[name][1])
        page.get_by_role("button", name="Come in").click()
        page.wait_for_url(visitor.home + "/")
        return visitor

    return enter


def approve_once(connection: sa.Connection, tweet_id: str, number: int, who: str) -> None:
    """One of the suggestions, as the first of two people."""
    view = read_opportunity(connection, "demo", tweet_id)
    assert view is not None
    suggestion = view.suggestions[number]
    key = SuggestionKey("demo", tweet_id, suggestion.type_name)
    done = decide(connection, key, "approve", who=who, at=NOW, version=suggestion.version, second=TWO)
    assert done.status == "awaiting"


def busy(team: Team, kept: Kept) -> None:
    """Something of everything: of two sensitive tweets one reply was approved once by each of two people, one is left
    to somebody, and several have had a card open."""
    with kept.database.begin() as connection:
        for tweet_id, who in zip(team.tweets, ("mara", LONG), strict=False):
            approve_once(connection, tweet_id, 0, who)
        assign(connection, "demo", team.tweets[0], LONG, by="tom", at=NOW)
        assign(connection, "demo", team.tweets[2], "mara", by="mara", at=NOW)
        for name in ("tom", LONG, "eva", "jo", "mara"):
            note_card_seen(connection, "demo", team.tweets[0], name, NOW)


def test_two_people_approve_and_the_record_has_the_names_of_their_tokens(
    come_in: Callable[..., Visitor], team: Team, kept: Kept
) -> None:
    mara, tom = come_in("mara"), come_in("tom", **phone())
    for visitor in (mara, tom):
        visitor.open(alone(team.sensitive))
        expect(visitor.card(team.sensitive)).to_contain_text("A reply takes the approval of two people.")
        expect(visitor.card(team.sensitive).locator("[data-composer]")).to_have_count(0)
    item = mara.suggestion(team.sensitive)
    item.get_by_role("button", name="Approve").click()
    expect(item).to_have_attribute("data-status", "awaiting")
    expect(item).to_contain_text("another person has to approve this too")
    expect(item.get_by_role("button", name="Approve")).to_have_count(0)
    mara.press("a")
    expect(mara.toast()).to_contain_text("that is not possible now")
    expect(mara.page.locator("#count")).to_have_text("1 tweet to decide")

    tom.open(f"/?status=awaiting&search={team.sensitive}")
    item = tom.suggestion(team.sensitive)
    expect(item).to_contain_text("with your approval it can be posted")
    item.get_by_role("button", name="Approve too").click()
    expect(item).to_have_attribute("data-status", "approved")
    expect(item.locator("[data-composer]")).to_be_visible()
    assert kept.events() == [("mara", "approve", ""), ("tom", "approve", "")]
    tom.open("/numbers")
    expect(tom.page.get_by_role("region", name="Decisions by person")).to_contain_text("mara")


def test_the_keyboard_chooses_what_waits_for_me(come_in: Callable[..., Visitor], team: Team, kept: Kept) -> None:
    with kept.database.begin() as connection:
        approve_once(connection, team.sensitive, 1, "tom")
    mara = come_in("mara")
    mara.open(alone(team.sensitive))
    mara.press("j", "a")
    expect(mara.suggestion(team.sensitive, 2)).to_have_attribute("data-status", "approved")
    assert kept.events() == [("tom", "approve", ""), ("mara", "approve", "")]


def test_a_tweet_is_left_to_somebody_who_finds_it_under_mine(
    come_in: Callable[..., Visitor], team: Team, kept: Kept
) -> None:
    mara, tom = come_in("mara"), come_in("tom")
    tweet = team.tweets[2]
    mara.open(alone(tweet))
    card = mara.card(tweet)
    card.get_by_text("Leave to…").click()
    card.get_by_label("Who decides about this tweet").select_option("tom")
    card.get_by_role("button", name="Save", exact=True).click()
    expect(card.locator("[data-assigned]")).to_have_text("Left to tom by mara")

    page = tom.open("/")
    page.get_by_label("Whose").select_option("Mine")
    page.wait_for_url("**/?assigned=mine")
    expect(tom.cards()).to_have_count(1)
    expect(tom.card(tweet)).to_be_visible()


def test_others_see_who_has_had_a_card_open_for_a_while(
    come_in: Callable[..., Visitor], team: Team, kept: Kept
) -> None:
    mara, tom = come_in("mara"), come_in("tom")
    page = mara.open(alone(team.tweets[2]))
    with page.expect_response("**/seen") as answered:
        mara.press("j")
    assert answered.value.status == 204
    tom.open(alone(team.tweets[2]))
    expect(tom.card(team.tweets[2]).locator("[data-seen]")).to_have_text("Seen by mara, just now")
    with page.expect_response("**/seen"):
        mara.open(f"/tweet?project=demo&tweet_id={team.sensitive}")
    with kept.database.read() as connection:
        seen = {row.tweet_id: row.name for row in connection.execute(sa.select(cards_seen))}
    assert seen == {team.tweets[2]: "mara", team.sensitive: "mara"}


def test_who_is_shut_out_is_asked_again_and_loses_nothing_else(
    come_in: Callable[..., Visitor], team: Team, kept: Kept
) -> None:
    mara, tom = come_in("mara"), come_in("tom")
    mara.open(alone(team.tweets[2]))
    tom.open(alone(team.tweets[2]))
    with kept.database.begin() as connection:
        revoke_token(connection, team.tokens["mara"][0], NOW)
    mara.suggestion(team.tweets[2]).get_by_role("button", name="Approve").click()
    mara.page.wait_for_url("**/login?next=*")
    mara.page.get_by_label("Your token").fill(team.tokens["mara"][1])
    mara.page.get_by_role("button", name="Come in").click()
    expect(mara.page.get_by_role("alert")).to_contain_text("That token lets nobody in")
    tom.suggestion(team.tweets[2]).get_by_role("button", name="Approve").click()
    expect(tom.suggestion(team.tweets[2])).to_have_attribute("data-status", "approved")
    assert kept.events() == [("tom", "approve", "")]

    tom.page.locator(".name summary").click()
    expect(tom.page.locator(".name .menu")).to_contain_text("Your token says who you are")
    expect(tom.page.locator(".name .menu input:not([type=hidden])")).to_have_count(0)
    tom.page.get_by_role("button", name="Log out").click()
    tom.page.wait_for_url("**/login")
    tom.open("/")
    assert "/login" in tom.page.url


@pytest.mark.parametrize("kind", [options, phone])
def test_what_is_new_is_accessible_and_lies_well(
    come_in: Callable[..., Visitor],
    visit: Visit,
    shared: str,
    team: Team,
    kept: Kept,
    kind: Callable[..., dict[str, Any]],
) -> None:
    busy(team, kept)
    stranger = visit(shared, **kind())
    stranger.open("/")
    assert_accessible(stranger)
    stranger.page.get_by_label("Your token").fill("va-00000000-" + "x" * 32)
    stranger.page.get_by_role("button", name="Come in").click()
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    assert_accessible(stranger)
    mara = come_in("mara", **kind())
    for path in ("/?status=awaiting", f"/tweet?project=demo&tweet_id={team.sensitive}", "/numbers", "/?assigned=mine"):
        page = mara.open(path)
        page.evaluate("document.querySelectorAll('.assign').forEach((each) => { each.open = true; })")
        usual = page.viewport_size
        assert usual is not None
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert (path, width, faults(page)) == (path, width, [])
        page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        assert (path, mara.too_wide(), page.evaluate(SMALL_TARGETS, LEAST_TARGET)) == (path, [], [])
        # High enough that nothing lies under the head of the page.
        page.set_viewport_size({"width": usual["width"], "height": 8_000})
        assert_accessible(mara)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(usual)


def test_the_command_asks_for_tokens_of_their_own(visit: Visit, team: Team, kept: Kept, tmp_path: Path) -> None:
    """Over HTTP, in a process of its own, which prints no token."""
    with command(tmp_path, kept.database, "--host", "0.0.0.0") as said:
        assert said["token"] is None
        visitor = visit(origin(said["url"]))
        page = visitor.open("/?recent=0")
        page.get_by_label("Your token").fill(team.tokens["tom"][1])
        page.get_by_role("button", name="Come in").click()
        page.wait_for_url(visitor.home + "/?recent=0", timeout=PATIENCE)
        first = str(visitor.cards().first.get_attribute("data-tweet"))
        visitor.suggestion(first).get_by_role("button", name="Approve").click()
        expect(visitor.suggestion(first)).to_have_attribute("data-status", "approved")
    with kept.database.read() as connection:
        assert connection.scalars(sa.select(suggestion_events.c.who)).all() == ["tom"]
