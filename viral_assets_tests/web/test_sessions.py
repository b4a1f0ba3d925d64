"""How long somebody stays signed in, and that a session which has ended is worth nothing to anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from viral_assets.store.engine import Database
from viral_assets.store.tables import ended_sessions
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.security import HostNames
from viral_assets.web.sessions import CLOCKS_APART, Session, SessionLimits
from viral_assets.web.site import Site
from viral_assets_tests.web.conftest import ADDRESS, Form, Html, Reviewer

TOKEN = "a token that is long enough"
COOKIE = "viral_assets_session_0"
LIMITS = SessionLimits(idle=timedelta(hours=12), longest=timedelta(days=7))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Nothing here depends on the kind of database."""
    return sqlite_database


@dataclass
class Time:
    """A clock that is moved by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
def browser(make_site: Callable[..., Site], time: Time) -> Callable[[], Reviewer]:
    """Browsers, each at a server of its own with the same token, database and clock."""
    return lambda: Reviewer(create_app(make_site(token=TOKEN, clock=time), HostNames.of("127.0.0.1")))


def sign_in(reviewer: Reviewer, path: str = "/?status=all") -> Html:
    page = reviewer.get(path)
    return reviewer.send(form_for(page, "/login"), secret=TOKEN, who="zoe")


def form_for(page: Html, action: str) -> Form:
    return next(form for form in page.forms if form.action == action)


def cookie_of(reviewer: Reviewer) -> str:
    return str(reviewer.http.cookies[COOKIE])


def status_with(reviewer: Reviewer, cookie: str, path: str = "/") -> int:
    """What a browser gets that has nothing but this cookie."""
    reviewer.http.cookies.clear()
    return int(reviewer.http.get(path, headers={b"cookie": f"{COOKIE}={cookie}".encode()}).status_code)


# ---- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used_ago", "left", "over"),
    [
        (timedelta(0), timedelta(days=7), False),
        (LIMITS.idle - MINUTE, timedelta(days=6), False),
        (LIMITS.idle, timedelta(days=6), True),
        (timedelta(0), MINUTE, False),
        (timedelta(0), timedelta(0), True),
        (-CLOCKS_APART, timedelta(days=7), False),
        (-CLOCKS_APART - MINUTE, timedelta(days=7), True),
    ],
)
def test_a_session_is_over_when_it_was_not_used_or_has_lasted_long_enough(
    now: datetime, used_ago: timedelta, left: timedelta, over: bool
) -> None:
    assert Session("s", until=now + left, used=now - used_ago).is_over(now, LIMITS) is over


def test_a_short_idle_time_is_kept_up_by_use_too(now: datetime) -> None:
    limits = SessionLimits(idle=timedelta(seconds=30))
    session = Session("s", until=now + timedelta(days=1), used=now)
    assert not session.is_to_be_renewed(now + timedelta(seconds=1), limits)
    assert session.is_to_be_renewed(now + timedelta(seconds=3), limits)


def test_who_does_nothing_for_twelve_hours_is_asked_again_and_then_led_on(
    browser: Callable[[], Reviewer], time: Time
) -> None:
    mara = browser()
    sign_in(mara)
    time.passes(hours=11, minutes=59)
    mara.get("/numbers")
    assert mara.status == 200
    time.passes(hours=12)
    page = mara.get("/tweet?project=demo&tweet_id=101")
    assert mara.redirect == "/login?next=%2Ftweet%3Fproject%3Ddemo%26tweet_id%3D101"
    mara.send(form_for(page, "/login"), secret=TOKEN, who="zoe")
    assert mara.redirect == "/tweet?project=demo&tweet_id=101"
    assert "Kids and phones" in mara.page.html


def test_a_script_of_a_page_left_open_is_led_to_the_same_question(browser: Callable[[], Reviewer], time: Time) -> None:
    mara = browser()
    sign_in(mara)
    time.passes(hours=13)
    for shown, login in (
        (f"{ADDRESS}/?label=green#o-demo-101", "/login?next=%2F%3Flabel%3Dgreen"),
        (f"{ADDRESS}/", "/login"),
        ("https://evil.example//evil.example/", "/login"),
        ("http://[", "/login"),
    ):
        answer = mara.http.get("/", headers={"hx-request": "true", "hx-current-url": shown})
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, login)


def test_use_keeps_a_session_up_but_not_beyond_seven_days(browser: Callable[[], Reviewer], time: Time) -> None:
    mara = browser()
    sign_in(mara)
    for _ in range(16):
        time.passes(hours=10)
        assert mara.http.get("/").status_code == 200
    time.passes(hours=7, minutes=59)
    assert mara.http.get("/").status_code == 200
    time.passes(minutes=1)
    assert mara.http.get("/").status_code == 303


def test_the_cookie_is_given_anew_once_a_minute_and_goes_when_the_session_does(
    browser: Callable[[], Reviewer], time: Time
) -> None:
    mara = browser()
    sign_in(mara)
    first = cookie_of(mara)
    time.passes(seconds=59)
    assert "set-cookie" not in mara.http.get("/").headers
    time.passes(seconds=1)
    answer = mara.http.get("/")
    assert cookie_of(mara) != first
    assert f"Max-Age={12 * 3600}" in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]
    for _ in range(16):
        time.passes(hours=10)
        answer = mara.http.get("/")
    assert f"Max-Age={8 * 3600 - 60}" in answer.headers["set-cookie"]
    assert "set-cookie" not in mara.http.get("/static/review.css").headers


# ---- the end ---------------------------------------------------------------------------------------------------------


def test_a_copied_cookie_is_worthless_after_the_log_out_on_every_server(browser: Callable[[], Reviewer]) -> None:
    mara, thief, other_server = browser(), browser(), browser()
    page = sign_in(mara)
    stolen = cookie_of(mara)
    assert status_with(thief, stolen) == 200
    mara.send(form_for(page, "/logout"))
    assert mara.redirect == "/login"
    assert COOKIE not in mara.http.cookies
    assert status_with(thief, stolen) == 303
    assert status_with(other_server, stolen) == 303
    assert status_with(browser(), stolen) == 303, "nor after a restart"


def test_a_cookie_renewed_before_the_log_out_is_worthless_too(browser: Callable[[], Reviewer], time: Time) -> None:
    mara = browser()
    sign_in(mara)
    copies = [cookie_of(mara)]
    time.passes(hours=1)
    page = mara.get("/")
    copies.append(cookie_of(mara))
    assert len(set(copies)) == 2
    time.passes(hours=1)
    mara.send(form_for(page, "/logout"))
    assert [status_with(browser(), copy) for copy in copies] == [303, 303]


def test_another_session_of_the_same_person_goes_on(browser: Callable[[], Reviewer]) -> None:
    laptop, phone = browser(), browser()
    page = sign_in(laptop)
    sign_in(phone)
    laptop.send(form_for(page, "/logout"))
    assert phone.get("/").words.count("zoe")
    assert phone.status == 200


def test_signing_in_again_ends_the_session_before(browser: Callable[[], Reviewer]) -> None:
    """Else a cookie were left that no log-out reaches."""
    mara = browser()
    sign_in(mara)
    before = cookie_of(mara)
    mara.get(f"/login?token={TOKEN}")
    assert mara.status == 200
    assert status_with(browser(), before) == 303


def test_what_was_ended_is_forgotten_when_its_cookie_would_be_over_anyway(
    browser: Callable[[], Reviewer], database: Database, time: Time
) -> None:
    def remembered() -> list[datetime]:
        with database.read() as connection:
            return [row.until for row in connection.execute(sa.select(ended_sessions))]

    for _ in range(2):
        mara = browser()
        mara.send(form_for(sign_in(mara), "/logout"))
    assert remembered() == [time.now + LIMITS.longest] * 2
    time.passes(days=8)
    mara = browser()
    mara.send(form_for(sign_in(mara), "/logout"))
    assert remembered() == [time.now + LIMITS.longest]


def test_nothing_is_shown_while_the_database_cannot_say_whether_a_session_was_ended(
    make_site: Callable[..., Site], time: Time
) -> None:
    site = make_site(token=TOKEN, clock=time)
    mara = Reviewer(create_app(site, HostNames.of("127.0.0.1")))
    sign_in(mara)
    site.database = Database("postgresql://me:geheim@127.0.0.1:1/tweets")
    page = mara.get("/")
    assert mara.status == 503
    assert "The database does not answer" in page.words
    assert "geheim" not in page.html


# ---- cookies that are not ours ---------------------------------------------------------------------------------------


def test_a_truncated_or_changed_cookie_opens_nothing(browser: Callable[[], Reviewer]) -> None:
    mara = browser()
    sign_in(mara)
    cookie = cookie_of(mara)
    assert status_with(browser(), cookie) == 200
    other = browser()
    for length in range(len(cookie)):
        assert status_with(other, cookie[:length]) == 303, length
    for place in range(0, len(cookie), 3):
        # The last character of a signature has bits that mean nothing.
        changed = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert place == len(cookie) - 1 or status_with(other, changed) == 303, place


@pytest.mark.parametrize("key", [b"", TOKEN.encode(), b"another key"])
def test_a_forged_cookie_opens_nothing(browser: Callable[[], Reviewer], key: bytes) -> None:
    forged = URLSafeTimedSerializer(key, salt="session").dumps({"id": "x", "until": 4_000_000_000})
    assert status_with(browser(), str(forged)) == 303


@pytest.mark.parametrize(
    "content", ["in", {}, [], {"id": "x"}, {"id": "x", "until": "soon"}, {"id": "x", "until": 10**30}, None]
)
def test_what_we_signed_for_something_else_opens_nothing(
    make_site: Callable[..., Site], time: Time, content: object
) -> None:
    site = make_site(token=TOKEN, clock=time)
    reviewer = Reviewer(create_app(site, HostNames.of("127.0.0.1")))
    cookie = site.authenticator.shared._serializer.dumps(content)
    assert status_with(reviewer, str(cookie)) == 303


def test_every_session_has_an_id_of_its_own(browser: Callable[[], Reviewer]) -> None:
    cookies = set()
    for _ in range(3):
        mara = browser()
        sign_in(mara)
        cookies.add(cookie_of(mara))
    assert len(cookies) == 3


def test_neither_key_nor_token_is_shown_or_logged(
    browser: Callable[[], Reviewer], caplog: pytest.LogCaptureFixture
) -> None:
    access = AccessRules("mara", token=TOKEN)
    mara = browser()
    with caplog.at_level("DEBUG"):
        mara.send(form_for(sign_in(mara), "/logout"))
        status_with(mara, "forged")
    for hidden in (TOKEN, repr(access.key), access.key.hex()):
        assert hidden not in repr(access)
        assert hidden not in caplog.text
