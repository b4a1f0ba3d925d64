"""Who gets in, what may change something, and that nothing a stranger wrote is ever more than text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from starlette.routing import Route

from viral_assets.errors import ConfigurationError
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.store.engine import Database
from viral_assets.store.tables import suggestion_events
from viral_assets.text.entities import linked
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.security import MAX_BODY, POLICY, HostNames, is_loopback
from viral_assets.web.site import Site
from viral_assets_tests.delivery.examples import opportunity, store, suggestion
from viral_assets_tests.web.conftest import ADDRESS, Html, Reviewer, static_files

TOKEN = "a token that is long enough"
PAGES = (
    "/",
    "/?after=x",
    "/tweet?project=demo&tweet_id=101",
    "/numbers",
    "/approve-greens",
    "/nowhere",
    "/static/none",
)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Nothing here depends on the kind of database."""
    return sqlite_database


def decided(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(suggestion_events)).scalar_one())


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1:8642", "localhost:8642", "LOCALHOST", "[::1]:8642", "localhost.:80"])
def test_the_names_of_this_machine_are_answered_to(plain: Reviewer, host: str) -> None:
    assert plain.http.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil", "10.0.0.1", "", "[::1"])
def test_a_name_that_suddenly_leads_here_is_not(plain: Reviewer, host: str) -> None:
    answer = plain.http.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "Kids and phones" not in answer.text


def test_a_server_for_others_answers_to_addresses_and_to_names_it_was_told() -> None:
    names = HostNames.of("0.0.0.0", ["Review.Example.com"])
    assert all(name in names for name in ("192.168.1.7:8642", "review.example.com", "[fe80::1]:80", "localhost"))
    assert "evil.example" not in names


def test_only_this_machine_is_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.7", "example.com", ""))


# ---- forms ---------------------------------------------------------------------------------------------------------


def posts(serve: Callable[..., Reviewer]) -> list[str]:
    routes = serve().http.app._app.routes  # type: ignore[attr-defined]
    return [route.path for route in routes if isinstance(route, Route) and "POST" in (route.methods or ())]


def test_no_address_changes_anything_without_the_token_of_the_form(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve()
    found = posts(serve)
    ours = {"/decide", "/undo", "/approve-greens", "/take", "/lesson", "/regenerate", "/revise", "/revision", "/length"}
    ours |= {"/assign", "/seen"}
    assert ours | {"/name", "/login", "/logout"} == set(found)
    for path in found:
        for data in ({}, {"token": "wrong"}, {"token": "ü"}):
            answer = reviewer.http.post(path, data={**data, "project": "demo", "tweet_id": "101"})
            assert answer.status_code == 403, path
            assert "load the page again" in answer.text.lower()
        assert reviewer.http.get(path).status_code in (200, 303, 404, 405, 422), path


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://127.0.0.1.evil.example:8642"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_of_another_site_does_nothing_even_with_the_token(
    plain: Reviewer, database: Database, headers: dict[str, str]
) -> None:
    plain.get("/")
    form = plain.form("decide", "101")
    answer = plain.http.post("/decide", data={**form.fields, "action": "approve"}, headers=headers)
    assert answer.status_code == 403
    assert decided(database) == 0


@pytest.mark.parametrize(
    "headers", [{}, {"origin": ADDRESS}, {"origin": "null"}, {"origin": "null", "sec-fetch-site": "same-origin"}]
)
def test_a_form_of_ours_is_taken_whatever_the_browser_tells(
    plain: Reviewer, database: Database, headers: dict[str, str]
) -> None:
    """A page that asks browsers to send no referrer gets ``Origin: null`` from its own forms."""
    plain.get("/")
    form = plain.form("decide", "101")
    assert plain.http.post("/decide", data={**form.fields, "action": "approve"}, headers=headers).status_code == 303
    assert decided(database) == 1


def test_forms_of_another_server_are_not_ours(serve: Callable[..., Reviewer], plain: Reviewer) -> None:
    other = serve("tom")
    other.get("/")
    plain.send(other.form("decide", "101"), button=("action", "approve"))
    assert plain.status == 403


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil.example"])
def test_nobody_is_led_to_another_site(plain: Reviewer, address: str) -> None:
    plain.get("/")
    form = plain.form("decide", "101")
    plain.send(form, button=("action", "approve"), next=address)
    assert plain.redirect.startswith("/#o-demo-101")
    rename = next(each for each in plain.page.forms if each.action == "/name")
    plain.send(rename, next=address)
    assert plain.redirect == "/"


def test_too_much_is_refused_however_it_comes(plain: Reviewer) -> None:
    plain.get("/")
    form = plain.form("edit", "101")
    assert plain.http.post("/decide", data={**form.fields, "text": "x" * MAX_BODY}).status_code == 413

    def pieces() -> object:
        for _ in range(80):
            yield b"x=" + b"y" * 1024 + b"&"

    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert plain.http.post("/decide", content=pieces(), headers=headers).status_code == 413  # type: ignore[arg-type]
    assert plain.http.post("/decide", content=b"a", headers={"content-length": "-5"}).status_code in (400, 413)


def test_a_form_in_pieces_is_no_way_to_send_files(plain: Reviewer) -> None:
    plain.get("/")
    form = plain.form("decide", "101")
    answer = plain.http.post("/decide", data=form.fields, files={"text": ("x.txt", b"hello")})
    assert answer.status_code in (400, 403)


# ---- the token of a server that others reach -----------------------------------------------------------------------


def test_a_token_that_keeps_nobody_out_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 16 characters"):
        AccessRules("mara", token="short")


@pytest.mark.parametrize("path", ["/", "/numbers", "/tweet?project=demo&tweet_id=101", "/approve-greens", "/nowhere"])
def test_without_the_token_there_is_only_the_question_for_it(serve: Callable[..., Reviewer], path: str) -> None:
    reviewer = serve(token=TOKEN)
    page = reviewer.get(path)
    assert reviewer.redirect.startswith("/login")
    assert "Token" in page.words
    assert "Kids and phones" not in page.html
    answer = reviewer.http.get(path, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


def test_nothing_can_be_sent_without_the_token(serve: Callable[..., Reviewer], database: Database) -> None:
    inside, outside = serve(token=TOKEN), serve(token=TOKEN)
    log_in(inside)
    form = inside.form("decide", "101")
    outside.send(form, button=("action", "approve"))
    assert outside.status == 401
    assert decided(database) == 0


def log_in(reviewer: Reviewer, secret: str = TOKEN, who: str = "zoe") -> Html:
    page = reviewer.get("/?status=all")
    return reviewer.send(page.forms[0], secret=secret, who=who)


def test_the_token_lets_in_and_the_cookie_is_for_this_site_only(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve(token=TOKEN, port=8642)
    page = reviewer.get("/?status=all")
    answer = reviewer.http.post("/login", data={**page.forms[0].fields, "secret": TOKEN, "who": "zoe"})
    assert answer.headers["location"] == "/?status=all"
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie for cookie in cookies)
    assert all(TOKEN not in cookie for cookie in cookies)
    assert "zoe" in reviewer.get("/?status=all").words
    reviewer.decide("approve", "101")
    assert "by zoe" in reviewer.page.words
    reviewer.send(next(form for form in reviewer.page.forms if form.action == "/logout"))
    assert "Token" in reviewer.get("/").words


@pytest.mark.slow
@pytest.mark.parametrize("secret", ["", "wrong", TOKEN + "x", TOKEN[:-1], "ü" * 30])
def test_a_wrong_token_lets_nobody_in(serve: Callable[..., Reviewer], secret: str) -> None:
    reviewer = serve(token=TOKEN)
    page = log_in(reviewer, secret)
    assert reviewer.status == 403
    assert "That is not the token" in page.words
    reviewer.get("/")
    assert reviewer.redirect == "/login"


def test_the_address_that_was_printed_lets_in_and_loses_the_token(serve: Callable[..., Reviewer]) -> None:
    reviewer = serve(token=TOKEN)
    answer = reviewer.http.get("/login", params={"token": TOKEN, "next": "/?project=demo"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/?project=demo")
    assert TOKEN not in reviewer.get("/?project=demo").html
    assert reviewer.http.get("/login", params={"token": "no"}).status_code == 403
    assert reviewer.http.get("/login", params={"token": TOKEN, "next": "//evil.example"}).headers["location"] == "/"


@pytest.mark.parametrize("cookie", ["", "aW4", "aW4.", "aW4.AAAA", "aW4.ü", "....", "%00"])
def test_a_cookie_cannot_be_made_up(serve: Callable[..., Reviewer], cookie: str) -> None:
    reviewer = serve(token=TOKEN)
    answer = reviewer.http.get("/", headers={b"cookie": f"viral_assets_session_0={cookie}".encode()})
    assert answer.status_code == 303


def test_a_restart_with_the_same_token_keeps_people_in_and_another_token_does_not(
    serve: Callable[..., Reviewer],
) -> None:
    before = serve(token=TOKEN)
    log_in(before)
    cookies = dict(before.http.cookies)
    for token, status in ((TOKEN, 200), ("another token, as long", 303)):
        after = serve(token=token)
        after.http.cookies.update(cookies)
        assert after.http.get("/").status_code == status


def test_a_name_is_no_way_to_a_session(serve: Callable[..., Reviewer]) -> None:
    """Cookies are signed for what they are."""
    reviewer = serve(token=TOKEN)
    page = reviewer.get("/")
    named = reviewer.send(next(form for form in page.forms if form.action == "/login"), secret=TOKEN, who="zoe")
    assert "zoe" in named.words
    name, session = (reviewer.http.cookies[f"viral_assets_{what}_0"] for what in ("name", "session"))
    for what, cookie in (("session", name), ("name", session)):
        stranger = serve(token=TOKEN)
        stranger.http.cookies.set(f"viral_assets_{what}_0", cookie)
        assert stranger.http.get("/").status_code == 303


# ---- answers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_forbids_what_is_not_ours(plain: Reviewer, path: str) -> None:
    headers = plain.http.get(path).headers
    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert path.startswith("/static") or headers["cache-control"] == "no-store"
    assert "server" not in headers


def test_a_bug_is_a_guarded_page_too(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site()

    def broken() -> object:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(site, "choices", broken)
    reviewer = Reviewer(create_app(site, HostNames.of("127.0.0.1")))
    reviewer.http._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
    page = reviewer.get("/")
    assert reviewer.status == 500
    assert "Something is broken here" in page.words
    assert "secret detail" not in page.html
    assert reviewer.headers["content-security-policy"] == POLICY


def test_a_database_that_went_away_is_a_page_that_says_so(
    make_site: Callable[..., Site], sqlite_url: str, tmp_path: object
) -> None:
    site = make_site()
    gone = Database("postgresql://me:geheim@127.0.0.1:1/tweets")
    site.database = gone
    reviewer = Reviewer(create_app(site, HostNames.of("127.0.0.1")))
    page = reviewer.get("/")
    assert reviewer.status == 503
    assert "The database does not answer" in page.words
    assert "geheim" not in page.html


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nowhere", 404, "There is no such page here"),
        ("/tweet?project=demo&tweet_id=999", 404, "no such tweet"),
        ("/tweet", 404, "no such tweet"),
        ("/?status=liked", 422, "There is no status 'liked'"),
        ("/?after=%00", 422, "no place in the list"),
        ("/numbers?days=900", 422, "1 to 366 days"),
        ("/decide", 405, "go back to the list"),
    ],
)
def test_mistakes_are_answered_by_a_friendly_page(plain: Reviewer, path: str, status: int, said: str) -> None:
    page = plain.get(path)
    assert plain.status == status
    assert said in page.words
    assert "Traceback" not in page.html


def test_files_are_kept_under_addresses_that_change_with_them(plain: Reviewer) -> None:
    page = plain.get("/")
    addresses = [
        given[name] for tag, given in page.tags for name in ("src", "href") if given.get(name, "").startswith("/static")
    ]
    assert len(addresses) == 5
    for address in addresses:
        answer = plain.http.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert plain.http.get("/static/../app.py").status_code == 404
    assert plain.http.get("/static/%2e%2e/app.py").status_code == 404


def test_scripts_of_ours_use_nothing_that_the_policy_forbids() -> None:
    for path in static_files():
        if path.suffix == ".js" and "htmx" not in path.name:
            code = path.read_text(encoding="utf-8")
            assert not re.search(r"\beval\b|new Function|innerHTML|outerHTML|\.style\b|document\.write", code), (
                path.name
            )
    assert any(path.name.startswith("LICENSE") for path in static_files())


# ---- tweets of strangers -------------------------------------------------------------------------------------------

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><b>bold</b></article></main>",
    "attributes": '" onmouseover="alert(1)" x=\'" autofocus onfocus=alert(1) ',
    "template": "{{ 7*7 }} {% raw %} ${7*7} <% %> &lt;b&gt; &amp;",
    "direction": "\u202eevil\u202c \u2066isolate \u200f\u061c abc",
    "invisible": "\u200b\u200c\u200d\u2060\ufeff",
    "accents": "a" + "\u0301" * 10_000 + "b",
    "long": "W" * 30_000,
    "lines": "\n" * 3_000 + "x" + "\r" * 500,
    "links": "https://x.com/\"><script>alert(1)</script> javascript:alert(1) https://evil.example/' onclick='x @a\"b",
    "htmx": '<div hx-get="/undo" hx-trigger="load" data-hx-post="/undo"></div>',
    "controls": "\x01\x1b[31m\x7f\x85\u2028\u2029 text",
    "emoji": "👨‍👩‍👧‍👦🏴‍☠️🇺🇳" * 50,
}


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes; what a stranger wrote must not change it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("details", "summary", "span", "i", "q", "a", "p", "bdi"):
            self.tags.append((tag, tuple(name for name, _ in attrs)))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_tweet_is_only_text(
    make_site: Callable[..., Site], database: Database, name: str, now: object
) -> None:
    harmless = opportunity(
        project="zz",
        tweet_id="7",
        suggestions=(suggestion("Fine."),),
        outcome="filtered",
        reason="because",
        author_handle="no handle",
    )
    text = HOSTILE[name]
    hostile = replace(
        harmless,
        tweet_id="8",
        text=text,
        author_name=text,
        author_handle=text,
        topic=text,
        why=text,
        reason=text,
        suggestions=(suggestion(text, type_name=text[:60].replace("\x00", "") or "x"),),
    )
    with database.begin() as connection:
        store(connection, [harmless, hostile])
    reviewer = Reviewer(create_app(make_site(), HostNames.of("127.0.0.1")))

    def shown(tweet_id: str) -> str:
        return str(reviewer.http.get("/tweet", params={"project": "zz", "tweet_id": tweet_id}).text)

    page = shown("8")
    assert Shape(page).tags == Shape(shown("7")).tags
    assert reviewer.http.get("/?status=all").status_code == 200
    assert "<script>alert" not in page
    parsed = Html(page)
    assert not any(attribute.startswith("on") for _, given in parsed.tags for attribute in given)
    assert not any("hx-trigger" in given for _, given in parsed.tags)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", parsed.text)
    assert "\u0301" * 6 not in parsed.text
    assert 'href="javascript' not in page
    assert "49" not in re.sub(r"\d{3,}", "", parsed.text) or "7*7" not in text


def test_no_page_has_a_script_or_style_of_its_own(plain: Reviewer) -> None:
    for path in PAGES:
        page = plain.get(path)
        assert "style" not in {tag for tag, _ in page.tags}
        assert not any("style" in given for _, given in page.tags), path
        assert not any(name.startswith("on") for _, given in page.tags for name in given)
        assert all(given.get("src") for tag, given in page.tags if tag == "script")


def test_links_out_tell_nothing_and_cannot_reach_back(plain: Reviewer) -> None:
    page = plain.get("/?status=all")
    out = [given for tag, given in page.tags if tag == "a" and given["href"].startswith("http")]
    assert any("intent/post" in given["href"] for given in out)
    for given in out:
        assert given["target"] == "_blank"
        assert {"noopener", "noreferrer"} <= set(given["rel"].split())
        assert given["href"].startswith("https://")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("see https://www.example.com/a, now", 'see <a class="entity" href="https://www.example.com/a" '),
        ("hi @tom_b!", 'href="https://x.com/tom_b"'),
        ("a #Größe tag", 'href="https://x.com/hashtag/Gr%C3%B6%C3%9Fe"'),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("me@mail.example #1 C# https://", "me@mail.example #1 C# https://"),
        ('https://a.example/"><b>', "https://a.example/"),
    ],
)
def test_entities_stand_out_and_the_rest_is_escaped(text: str, made: str) -> None:
    shown = str(linked(text))
    assert made in shown
    assert "<b>" not in shown


def test_an_opportunity_of_any_id_has_a_place_on_the_page(
    make_site: Callable[..., Site], database: Database, tweets: list[OpportunityView]
) -> None:
    with database.begin() as connection:
        store(connection, [replace(tweets[0], tweet_id='a b"<c>/?&')])
    reviewer = Reviewer(create_app(make_site(), HostNames.of("127.0.0.1")))
    page = reviewer.get("/?status=all")
    assert all(
        re.fullmatch(r"o-[A-Za-z0-9_-]+(-\d+(-\w+)?|-by)?", each) for each in page.all("id") if each.startswith("o-")
    )
    reviewer.decide("approve", 'a b"<c>/?&')
    assert "Approved: Add value" in reviewer.page.words
