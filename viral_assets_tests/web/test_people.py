"""Several people: tokens of their own, names from a list, whose a tweet is, and replies that take two approvals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from viral_assets.projects.loader import Projects
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.safety.flag import Flag
from viral_assets.store.engine import Database
from viral_assets.store.people import add_person, remove_person
from viral_assets.store.people_tokens import make_token, revoke_token
from viral_assets.store.tables import cards_seen, people_sessions, suggestion_events
from viral_assets.web.app import create_app
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.delivery.examples import TYPES
from viral_assets_tests.one_database import BOTH_DATABASES
from viral_assets_tests.one_database import database as database  # noqa: PLC0414 - a fixture
from viral_assets_tests.store.rows import stored
from viral_assets_tests.web.conftest import ADDRESS, Form, Html, Reviewer, demo_projects

COOKIE = "viral_assets_session_0"
SHARED = "a token that is long enough"


@dataclass
class Time:
    """A clock that is moved by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
def tweets(tweets: list[OpportunityView]) -> list[OpportunityView]:
    """The first one is sensitive."""
    return [replace(tweets[0], flags=(Flag("illness", 1.0, "“cancer”"),)), *tweets[1:]]


def asking_for_two() -> Projects:
    demo = demo_projects()["demo"]
    review = demo.review.model_copy(update={"second_approval": "flagged"})
    return Projects({"demo": demo.model_copy(update={"review": review})})


@pytest.fixture
def browser(make_site: Callable[..., Site], time: Time) -> Callable[..., Reviewer]:
    """Browsers, each at a server of its own on the same database."""

    def start(who: str = "server", *, script: bool = False, client: str = "127.0.0.1", **access: object) -> Reviewer:
        site = make_site(who, clock=time, **access)
        site.projects = asking_for_two
        return Reviewer(create_app(site, HostNames.of("127.0.0.1")), script=script, client=client)

    return start


@pytest.fixture
def token_of(database: Database, now: datetime) -> Callable[[str], tuple[str, str]]:
    """Makes a token for somebody; gives its id and itself."""

    def make(name: str) -> tuple[str, str]:
        with database.begin() as connection:
            add_person(connection, name, now)
            return make_token(connection, name, now)

    return make


def form_for(page: Html, action: str) -> Form:
    return next(form for form in page.forms if form.action == action)


def sign_in(reviewer: Reviewer, token: str, path: str = "/?status=all") -> Html:
    return reviewer.send(form_for(reviewer.get(path), "/login"), secret=token)


def who_decided(database: Database) -> list[tuple[str, str, str]]:
    with database.read() as connection:
        table = suggestion_events.c
        query = sa.select(table.who, table.action, table.to_status).order_by(table.id)
        return [tuple(row) for row in connection.execute(query)]


# ---- tokens of one's own ---------------------------------------------------------------------------------------------


def test_without_tokens_nobody_is_asked_for_anything(browser: Callable[..., Reviewer], database: Database) -> None:
    mara = browser("mara")
    page = mara.get("/?status=all")
    assert (mara.status, "Log out" in page.text, "/assign" in page.html) == (200, False, False)
    mara.decide("approve", "102")
    assert who_decided(database) == [("mara", "approve", "approved")]


@BOTH_DATABASES
def test_whose_token_it_is_stands_beside_the_decision_and_cannot_be_chosen(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], database: Database
) -> None:
    _, token = token_of("mara")
    token_of("tom")
    mara = browser("server")
    page = mara.get("/?status=all")
    assert mara.redirect == "/login?next=%2F%3Fstatus%3Dall"
    login = form_for(page, "/login")
    assert "who" not in login.fields
    page = mara.send(login, secret=token, who="tom")
    assert (mara.status, mara.redirect) == (200, "/?status=all")
    assert not [form for form in page.forms if form.action == "/name"]
    forged = Form("/name", "", dict(form_for(page, "/undo").fields), [])
    assert "decide under its name" in mara.send(forged, who="tom").words
    assert mara.status == 422
    mara.get("/?status=all")
    mara.decide("approve", "102", who="tom")
    assert who_decided(database) == [("mara", "approve", "approved")]


@pytest.mark.parametrize("access", [{}, {"token": SHARED}])
def test_once_there_are_tokens_nothing_else_lets_anybody_in(
    browser: Callable[..., Reviewer],
    token_of: Callable[[str], tuple[str, str]],
    database: Database,
    now: datetime,
    access: dict[str, str],
) -> None:
    """Not the one that all shared, not a session that it began, and not that the last token is gone."""
    early = browser(**access)
    page = early.get("/?status=all")
    if access:
        page = early.send(form_for(page, "/login"), secret=SHARED, who="eve")
    assert early.status == 200
    token_id, token = token_of("mara")
    assert early.http.get("/").status_code == 303
    assert early.http.get(f"/login?token={SHARED}").status_code == 200, "the page that asks"
    early.get("/")
    for wrong in (SHARED, "", token[:-1], token_id):
        early.send(form_for(early.page, "/login"), secret=wrong)
        assert early.status == 403
        assert "That token lets nobody in" in early.page.words
    assert early.http.get(f"/login?token={token}").status_code == 200, "no token of one's own in an address"
    assert early.http.get("/").status_code == 303
    with database.begin() as connection:
        revoke_token(connection, token_id, now)
        remove_person(connection, "mara")
    assert early.http.get("/").status_code == 303


@BOTH_DATABASES
def test_a_session_ends_with_its_token_at_once(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], database: Database, now: datetime
) -> None:
    token_id, token = token_of("mara")
    _, other = token_of("tom")
    mara, tom = browser(), browser()
    sign_in(mara, token)
    sign_in(tom, other)
    with database.begin() as connection:
        revoke_token(connection, token_id, now)
    assert (mara.http.get("/").status_code, tom.http.get("/").status_code) == (303, 200)
    form = form_for(mara.page, "/undo")
    assert mara.http.post("/decide", data={**form.fields, "action": "approve"}).status_code == 401


@BOTH_DATABASES
def test_a_session_ends_after_a_time_and_on_sign_out_wherever_its_cookie_is(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], database: Database, time: Time
) -> None:
    _, token = token_of("mara")
    mara = browser()
    sign_in(mara, token)
    cookie = str(mara.http.cookies[COOKIE])
    time.now += timedelta(hours=11)
    assert mara.http.get("/").status_code == 200
    time.now += timedelta(hours=11)
    assert mara.http.get("/").status_code == 200, "it was used"
    copy = browser()
    copy.http.cookies.set(COOKIE, cookie, domain="127.0.0.1")
    assert copy.http.get("/").status_code == 200, "another server on the same database"
    time.now += timedelta(hours=12)
    assert mara.http.get("/").status_code == 303

    sign_in(mara, token)
    copy.http.cookies.clear()
    copy.http.cookies.set(COOKIE, str(mara.http.cookies[COOKIE]), domain="127.0.0.1")
    mara.send(form_for(mara.get("/?status=all"), "/logout"))
    assert (copy.http.get("/").status_code, stored(database, people_sessions)) == (303, [])
    sign_in(mara, token)
    lasting = []
    for _ in range(20):
        time.now += timedelta(hours=9)
        lasting.append(mara.http.get("/").status_code)
    assert lasting[-1] == 303, "seven days at most"


def test_nobody_writes_a_cookie_of_somebody_else(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], database: Database
) -> None:
    token_id, token = token_of("mara")
    sign_in(browser(), token)
    (session,) = stored(database, people_sessions)
    eve = browser(token=SHARED)
    for cookie in (token, token_id, session["session_sha256"], "mara", ""):
        eve.http.cookies.clear()
        assert eve.http.get("/", headers={"cookie": f"{COOKIE}={cookie}"}).status_code == 303


@pytest.mark.parametrize(("headers", "secure"), [({}, False), ({"x-forwarded-proto": "https"}, True)])
def test_the_cookie_is_for_this_site_alone_and_for_tls_where_there_is_some(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], headers: dict[str, str], secure: bool
) -> None:
    _, token = token_of("mara")
    mara = browser()
    login = form_for(mara.get("/"), "/login")
    answer = mara.http.post("/login", data={**login.fields, "secret": token}, headers=headers)
    (cookie,) = [each.lower() for each in answer.headers.get_list("set-cookie") if COOKIE in each]
    assert ("httponly" in cookie, "samesite=strict" in cookie, "; secure" in cookie) == (True, True, secure)
    assert f"max-age={12 * 3600}" in cookie


def test_who_tries_many_tokens_has_to_wait_and_others_go_on(
    browser: Callable[..., Reviewer],
    token_of: Callable[[str], tuple[str, str]],
    time: Time,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("viral_assets.web.sign_in.WRONG_TOKEN_SECONDS", 0)
    _, token = token_of("mara")
    eve = browser()
    login = form_for(eve.get("/"), "/login")
    for _ in range(10):
        eve.send(login, secret="x")
        assert eve.status == 403
    page = eve.send(login, secret=token)
    assert (eve.status, eve.headers["retry-after"]) == (429, "60")
    assert "Too many wrong tokens" in page.words
    elsewhere = TestClient(eve.http.app, base_url=ADDRESS, follow_redirects=False, client=("10.0.0.9", 1))
    assert elsewhere.post("/login", data={**login.fields, "secret": token}).status_code == 303
    time.now += timedelta(seconds=61)
    eve.send(login, secret=token)
    assert (eve.status, eve.redirect) == (200, "/")


# ---- names from a list -----------------------------------------------------------------------------------------------


def test_where_there_is_a_list_one_is_somebody_on_it(
    browser: Callable[..., Reviewer], database: Database, now: datetime
) -> None:
    with database.begin() as connection:
        for name in ("mara", "tom"):
            add_person(connection, name, now)
    mara = browser("mara")
    page = mara.get("/?status=all")
    naming = form_for(page, "/name")
    assert "eve" in mara.send(naming, who="eve").words
    assert mara.status == 422
    mara.get("/?status=all")
    mara.send(naming, who="TOM", next="/?status=all")
    mara.decide("approve", "102")
    assert who_decided(database)[-1][0] == "tom"
    with database.begin() as connection:
        remove_person(connection, "tom")
    mara.get("/?status=all")
    mara.decide("approve", "103")
    assert who_decided(database)[-1][0] == "mara", "nobody is somebody who is off the list"


# ---- whose a tweet is, and who has seen it ---------------------------------------------------------------------------


@BOTH_DATABASES
def test_a_tweet_is_left_to_somebody_who_finds_it_under_mine(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]]
) -> None:
    mara, tom = browser(), browser()
    sign_in(mara, token_of("mara")[1])
    sign_in(tom, token_of("tom")[1])
    assert tom.get("/?assigned=mine&status=all").all("data-tweet") == []
    mara.get("/?status=all")
    page = mara.send(mara.form("assign", "102"), person="tom")
    assert "Left to tom by mara" in page.words
    assert tom.get("/?assigned=mine&status=all").all("data-tweet") == ["102"]
    assert mara.get("/?assigned=mine&status=all").all("data-tweet") == []
    assert "102" not in mara.get("/?assigned=nobody&status=all&recent=0").all("data-tweet")
    tom.send(tom.form("assign", "102"), person="")
    assert tom.get("/?assigned=mine&status=all").all("data-tweet") == []
    history = tom.get("/tweet?project=demo&tweet_id=102").text.partition("History")[2]
    assert [said in history for said in ("tom left it to nobody in particular", "mara left it to tom")] == [True, True]
    assert history.index("tom left") < history.index("mara left"), "the newest first"


@pytest.mark.parametrize(("tweet_id", "person", "status"), [("102", "eve", 422), ("999", "mara", 404)])
def test_what_is_not_there_is_left_to_nobody(
    browser: Callable[..., Reviewer],
    token_of: Callable[[str], tuple[str, str]],
    tweet_id: str,
    person: str,
    status: int,
) -> None:
    mara = browser()
    sign_in(mara, token_of("mara")[1])
    mara.send(mara.form("assign", "102"), tweet_id=tweet_id, person=person)
    assert mara.status == status


@BOTH_DATABASES
def test_others_see_who_has_had_a_card_open(
    browser: Callable[..., Reviewer], token_of: Callable[[str], tuple[str, str]], database: Database
) -> None:
    mara, tom = browser(), browser()
    page = sign_in(mara, token_of("mara")[1])
    sign_in(tom, token_of("tom")[1])
    fields = {**form_for(page, "/undo").fields, "project": "demo", "tweet_id": "102"}
    assert mara.http.post("/seen", data=fields).status_code == 204
    assert "Seen by mara, just now" in tom.get("/?status=all").words
    assert "Seen by" not in mara.get("/?status=all").words, "nobody is told of themselves"
    assert mara.http.post("/seen", data={**fields, "tweet_id": "999"}).status_code == 204
    assert [row["name"] for row in stored(database, cards_seen)] == ["mara"]


def test_where_there_is_no_list_nobody_is_watched(browser: Callable[..., Reviewer], database: Database) -> None:
    mara = browser("mara")
    page = mara.get("/?status=all")
    assert "data-team" not in page.html
    mara.http.post("/seen", data={**form_for(page, "/undo").fields, "project": "demo", "tweet_id": "102"})
    assert stored(database, cards_seen) == []


# ---- two approvals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [False, True])
def test_a_reply_to_a_sensitive_tweet_takes_two_people(
    browser: Callable[..., Reviewer],
    token_of: Callable[[str], tuple[str, str]],
    database: Database,
    script: bool,
) -> None:
    mara, tom = browser(script=script), browser(script=script)
    sign_in(mara, token_of("mara")[1])
    sign_in(tom, token_of("tom")[1])

    def buttons(reviewer: Reviewer) -> set[str]:
        reviewer.get("/tweet?project=demo&tweet_id=101")
        return {value for _, value in reviewer.form("decide", "101", TYPES[0]).buttons}

    def links(reviewer: Reviewer) -> int:
        return reviewer.page.html.count("data-composer")

    assert buttons(mara) == {"approve"}
    assert (links(mara), "takes the approval of two people" in mara.page.words) == (0, True)
    assert "another person has to approve it too" in mara.decide("approve", "101").words
    assert buttons(mara) == {"reopen"}
    assert "Approved once" in mara.page.words
    forged = mara.form("decide", "101", TYPES[0])
    for action in ("approve", "post"):
        mara.send(forged, button=("action", action))
        assert mara.status == 422
    assert buttons(tom) == {"approve", "reopen"}
    assert links(tom) == 0
    tom.decide("approve", "101")
    assert buttons(mara) == {"post", "reopen"}
    assert links(mara) == 1
    assert who_decided(database) == [("mara", "approve", "awaiting"), ("tom", "approve", "approved")]


@BOTH_DATABASES
def test_what_waits_is_still_to_decide_and_has_a_list_of_its_own(browser: Callable[..., Reviewer]) -> None:
    mara = browser("mara")
    mara.get("/?status=all")
    mara.decide("approve", "101")
    for status, listed in (("open", True), ("awaiting", True), ("approved", False), ("pending", True)):
        assert ("101" in mara.get(f"/?status={status}").all("data-tweet")) is listed, status
    assert "101" not in mara.get("/approve-greens?recent=0").html


@BOTH_DATABASES
def test_greens_are_approved_once_where_they_take_two(browser: Callable[..., Reviewer], database: Database) -> None:
    mara = browser("mara")
    page = mara.get("/approve-greens?recent=0")
    form = next(form for form in page.forms if form.kind == "greens")
    picks = [given["value"] for tag, given in page.tags if tag == "input" and given.get("name") == "pick"]
    form.fields["pick"] = picks
    page = mara.send(form)
    assert "2 suggestions, of which 1 takes the approval of another person" in page.words
    assert sorted(to for _, _, to in who_decided(database)) == ["approved", "awaiting"]
    mara.send(form_for(page, "/undo"))
    assert [to for _, _, to in who_decided(database)][2:] == ["pending", "pending"]


def test_a_conflict_and_the_history_say_that_it_waits(browser: Callable[..., Reviewer]) -> None:
    mara, tom = browser("mara"), browser("tom")
    mara.get("/?status=all")
    tom.get("/?status=all")
    tom.decide("approve", "101")
    assert "it is awaiting a second approval now" in mara.decide("approve", "101").words
    assert mara.status == 409
    assert "pending → awaiting" in mara.get("/tweet?project=demo&tweet_id=101").words


@BOTH_DATABASES
def test_the_numbers_have_the_names(browser: Callable[..., Reviewer]) -> None:
    mara, reviewer = browser("mara"), browser("tom")
    for each in (mara, reviewer):
        each.get("/tweet?project=demo&tweet_id=101")
        each.decide("approve", "101")
    reviewer.decide("post", "101")
    words = reviewer.get("/numbers").words
    assert "Who decided" in words
    assert "tom10010" in words.replace(" ", "")
    assert "mara10000" in words.replace(" ", "")
