"""What other sites, and people without the token, can do with the review page: nothing."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from viral_assets.settings import checkout_root
from viral_assets.store.engine import Database
from viral_assets_tests.cli.forked import Forked, run
from viral_assets_tests.forks import forks
from viral_assets_tests.waiting import until
from viral_assets_tests.web_browser.conftest import Kept
from viral_assets_tests.web_browser.visitor import PATIENCE, Visit, Visitor, alone, origin

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect: Any = playwright.expect

TOKEN = "a token that is long enough"


@pytest.fixture
def elsewhere() -> Iterator[Callable[[str], str]]:
    """Another site on this machine; called with the HTML of its page, gives its port."""
    servers: list[ThreadingHTTPServer] = []

    def publish(html: str) -> str:
        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *said: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f":{server.server_port}/"

    yield publish
    for server in servers:
        server.shutdown()
        server.server_close()


def deciding_form(visitor: Visitor, tweet_id: str) -> str:
    """The form that approves a suggestion, with everything that a page of ours has in it, for another site to send."""
    fields = (
        visitor.suggestion(tweet_id)
        .locator("[data-form=decide] input")
        .evaluate_all("inputs => inputs.map((input) => `<input name='${input.name}' value='${input.value}'>`).join('')")
    )
    return (
        f"<form method='post' action='{visitor.home}/decide'>{fields}<input name='action' value='approve'>"
        "<button>Win a prize</button></form>"
    )


@pytest.mark.parametrize("host", ["http://127.0.0.1", "http://localhost"])
def test_a_form_of_another_origin_decides_nothing(
    mara: Visitor, kept: Kept, elsewhere: Callable[[str], str], host: str
) -> None:
    """Not even one that has stolen the token of the form."""
    first = kept.listed()[0]
    page = mara.open(alone(first))
    port = elsewhere(deciding_form(mara, first))
    mara.context.unroute_all()
    page.goto(host + port)
    with page.expect_navigation() as answered:
        page.get_by_role("button").click()
    assert answered.value is not None
    assert answered.value.status == 403
    expect(page.locator("body")).to_contain_text("was not done")
    assert kept.statuses(first) == ["pending"] * 3


def test_a_script_of_another_origin_neither_decides_nor_reads(
    mara: Visitor, kept: Kept, elsewhere: Callable[[str], str]
) -> None:
    first = kept.listed()[0]
    page = mara.open(alone(first))
    mara.context.unroute_all()
    page.goto("http://127.0.0.1" + elsewhere(deciding_form(mara, first)))
    read = page.evaluate(
        """async (home) => {
            const body = new URLSearchParams(new FormData(document.forms[0]));
            const options = { credentials: "include" };
            const tries = [
              () => fetch(`${home}/decide`, { method: "POST", mode: "no-cors", body, ...options }),
              () => fetch(`${home}/decide`, { method: "POST", body, ...options }),
              () => fetch(`${home}/decide`, { method: "POST", headers: { "hx-request": "true" }, body, ...options }),
              () => fetch(`${home}/`, options),
            ];
            const texts = await Promise.all(tries.map((one) => one().then((answer) => answer.text()).catch(() => "")));
            return texts.join("");
        }""",
        mara.home,
    )
    assert read == ""
    assert kept.statuses(first) == ["pending"] * 3
    mara.forgive("blocked by CORS policy")
    mara.forgive("net::ERR_FAILED")
    mara.forgive("ERR_BLOCKED_BY_RESPONSE")


def test_no_page_can_be_put_into_a_frame(mara: Visitor, elsewhere: Callable[[str], str]) -> None:
    page = mara.page
    mara.context.unroute_all()
    paths = ("/", "/login", "/static/review.css", "/nowhere")
    # It has come when what is in its frames has, or was refused.
    page.goto("http://127.0.0.1" + elsewhere("".join(f"<iframe src='{mara.home}{path}'></iframe>" for path in paths)))
    assert page.evaluate("[...document.querySelectorAll('iframe')].map((one) => one.contentDocument)") == [None] * 4
    for frame in page.frames[1:]:
        assert frame.url.startswith("chrome-error:") or frame.locator(".top, .question").count() == 0, frame.url
    mara.forgive("frame-ancestors")
    mara.forgive("X-Frame-Options")
    mara.forgive("chrome-error:")


def _says(text: str, message: ConsoleMessage) -> bool:
    return text in message.text


def test_scripts_that_are_not_ours_do_not_run_even_when_they_get_in(mara: Visitor) -> None:
    """The policy is the second wall: what if something were not escaped after all?"""
    page = mara.open("/")
    page.evaluate(
        """() => {
            document.querySelector("main").insertAdjacentHTML("beforeend",
              "<img src='/nothing' onerror='window.ran = 1'><a id=a href='javascript:window.ran = 2'>x</a>" +
              "<form action='https://evil.example'><button id=b>y</button></form>");
            for (const [name, value] of [["textContent", "window.ran = 3"], ["src", "https://evil.example/x.js"]]) {
              const script = document.createElement("script");
              script[name] = value;
              document.body.append(script);
            }
        }"""
    )
    expect(page.locator("main img")).to_have_js_property("complete", True)
    for each, refused in (("#a", "JavaScript URL"), ("#b", "form-action")):
        # From the first refused way on Chromium has a navigation begun that never ends, and locators wait for its end.
        with page.expect_console_message(partial(_says, refused)):
            page.evaluate("each => document.querySelector(each).click()", each)
    assert page.evaluate("window.ran") is None
    assert page.url == mara.home + "/"
    assert mara.abroad == []
    assert any("Content Security Policy" in problem for problem in mara.problems())
    mara.forgive("Content Security Policy")


def log_in(visitor: Visitor, token: str, who: str = "Zoë") -> None:
    visitor.page.get_by_label("Token").fill(token)
    visitor.page.get_by_label("Your name").fill(who)
    visitor.page.get_by_role("button", name="Come in").click()


def test_a_server_that_asks_for_a_token(visit: Visit, serve: Callable[..., str], kept: Kept) -> None:
    visitor = visit(serve(token=TOKEN))
    page = visitor.open("/?label=green")
    assert "/login" in page.url
    expect(visitor.cards()).to_have_count(0)
    log_in(visitor, "wrong but just as long")
    expect(page.get_by_role("alert")).to_contain_text("That is not the token")
    log_in(visitor, TOKEN)
    page.wait_for_url("**/?label=green")
    first = kept.listed()[0]
    visitor.suggestion(first).get_by_role("button", name="Approve").click()
    expect(visitor.suggestion(first)).to_have_attribute("data-status", "approved")
    assert kept.events() == [("Zoë", "approve", "")]
    for cookie in visitor.context.cookies():
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict"), cookie
    assert page.evaluate("document.cookie") == ""

    stale = visitor.context.new_page()
    stale.goto(visitor.home)
    page.locator(".name summary").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    stale.get_by_role("button", name="Approve").first.click()
    stale.wait_for_url("**/login")
    assert len(kept.events()) == 1


def test_a_link_from_elsewhere_leads_to_the_login_only(
    visit: Visit, serve: Callable[..., str], elsewhere: Callable[[str], str]
) -> None:
    """Cookies do not come along from other sites, and the way on stays on this one."""
    visitor = visit(serve(token=TOKEN))
    page = visitor.open("/login?next=https://evil.example/")
    log_in(visitor, TOKEN)
    page.wait_for_url(visitor.home + "/")
    visitor.context.unroute_all()
    page.goto("http://localhost" + elsewhere(f"<a href='{visitor.home}/numbers'>numbers</a>"))
    page.get_by_role("link").click()
    page.wait_for_url("**/login?next=%2Fnumbers")
    page.get_by_role("link", name="Go on").click()
    page.wait_for_url("**/numbers")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@contextmanager
def command(folder: Path, database: Database, *options: str, **variables: str) -> Iterator[dict[str, Any]]:
    """``viral-assets review`` in a process of its own. Yields what it said about itself."""
    ours = ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "VIRAL_ASSETS_HOME": str(folder / "home"),
        "VIRAL_ASSETS_DATABASE_URL": database.url.render_as_string(hide_password=False),
        "VIRAL_ASSETS_PROVIDER": "offline",
        **variables,
    }
    out, err = folder / "out", folder / "err"
    arguments = ("review", "--no-open", "--port", "0", "--json", *options)
    process = forks().Process(target=run, args=(arguments, environment, str(checkout_root()), out, err))
    process.start()
    review = Forked(process, out, err)
    try:
        yield json.loads(until(review.first_line, "the address", every=0.05, meanwhile=lambda: review.code is None))
        review.interrupt()
        assert review.ended(PATIENCE / 1000)[0] in (0, 130)
    finally:
        process.kill()
        process.join()


def test_the_command_serves_everybody_only_with_a_token(
    visit: Visit, database: Database, kept: Kept, tmp_path: Path
) -> None:
    with command(tmp_path, database, "--host", "0.0.0.0", "--who", "mara") as said:
        home = origin(said["url"])
        assert len(said["token"]) >= 32
        visitor = visit(home)
        page = visitor.open("/numbers")
        assert "/login?next=" in page.url
        # The address that the command opens.
        visitor.open(f"/login?token={said['token']}&next=/?recent=0")
        page.wait_for_url("**/?recent=0")
        assert said["token"] not in page.url
        first = str(visitor.cards().first.get_attribute("data-tweet"))
        visitor.suggestion(first).get_by_role("button", name="Approve").click()
        expect(visitor.suggestion(first)).to_have_attribute("data-status", "approved")
        assert kept.events() == [("mara", "approve", "")]


def test_the_command_can_ask_for_a_token_on_loopback_too(visit: Visit, database: Database, tmp_path: Path) -> None:
    with command(tmp_path, database, VIRAL_ASSETS_REVIEW_TOKEN=TOKEN) as said:
        assert said["token"] is None, "a token that was given is not repeated"
        visitor = visit(origin(said["url"]))
        page = visitor.open("/?recent=0")
        log_in(visitor, TOKEN)
        page.wait_for_url(visitor.home + "/?recent=0")
        expect(visitor.cards().first).to_be_visible()
