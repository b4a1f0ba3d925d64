"""A server of the review page in this process, on a database with a few opportunities, and a browser without
JavaScript: it follows the forms of the pages it was shown, and has no other way to change anything.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import scrypt
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient

from viral_assets.embedding.stored import stored_vectors
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.projects.loader import Projects, load_projects
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.quota import Limits
from viral_assets.settings import checkout_root
from viral_assets.store.engine import Database
from viral_assets.web.access import AccessRules
from viral_assets.web.app import create_app
from viral_assets.web.jobs import Jobs
from viral_assets.web.security import HostNames
from viral_assets.web.site import Site
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion

ADDRESS = "http://127.0.0.1:8642"


@dataclass
class Form:
    """A form as it stands in a page: where it leads and what its fields hold."""

    action: str
    kind: str
    fields: dict[str, Any]
    """What they hold; of ticked boxes of one name a list."""
    buttons: list[tuple[str, str]]


_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)


class _Parts(HTMLParser):
    """The forms, the tags and the texts of a page or of a part of it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._area: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("data-form", ""), {}, []))
        elif tag == "input" and self.forms and given.get("name"):
            if given.get("type") != "checkbox":
                self.forms[-1].fields[given["name"]] = given.get("value", "")
            elif "checked" in given:
                self.forms[-1].fields.setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area = given.get("name")
            if self._area:
                self.forms[-1].fields[self._area] = ""
        elif tag == "button" and self.forms and given.get("name"):
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area] += data.removeprefix("\n")
        self.text += data

    def updatepos(self, i: int, j: int) -> int:
        """Nobody asks for the line, and to count it is a sixth of the work."""
        return j


class Html:
    """A page; it is taken apart when somebody looks at what is in it, and no further, as most are only passed through
    and a list has a thousand tags.
    """

    def __init__(self, html: str) -> None:
        self.html = html

    @functools.cached_property
    def _parts(self) -> _Parts:
        return _Parts(self.html)

    @functools.cached_property
    def forms(self) -> list[Form]:
        return list(self._forms(""))

    def forms_of(self, kind: str) -> Iterator[Form]:
        """Those that say that they are of this kind."""
        return (form for form in self._forms(f'data-form="{kind}"') if form.kind == kind)

    def _forms(self, holding: str) -> Iterator[Form]:
        for form in _FORM.findall(self.html):
            if holding in form:
                yield from _Parts(form).forms

    @property
    def tags(self) -> list[tuple[str, dict[str, str]]]:
        return self._parts.tags

    @property
    def text(self) -> str:
        return self._parts.text

    def all(self, attribute: str) -> list[str]:
        """The values of an attribute, in order."""
        return [given[attribute] for _, given in self.tags if attribute in given]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


class Reviewer:
    """Somebody with a browser. ``script`` sends what htmx sends.

    ``portal`` leads to the event loop that all servers share; without, each request has threads and a loop made.
    """

    portal: BlockingPortal | None = None

    def __init__(self, app: Any, *, script: bool = False, address: str = ADDRESS, client: str = "127.0.0.1") -> None:
        self.http = TestClient(app, base_url=address, follow_redirects=False, client=(client, 50_000))
        self.http.portal = self.portal
        self.script = script
        self.page = Html("")
        self.status = 0
        self.headers: Mapping[str, str] = {}

    def get(self, path: str = "/", **headers: str) -> Html:
        """Open a page and follow where it leads."""
        return self._shown(self.http.get(path, headers=headers))

    def send(self, form: Form, *, button: tuple[str, str] | None = None, **fields: str) -> Html:
        """Send a form with some fields filled in, and follow where it leads."""
        values = {**form.fields, **({button[0]: button[1]} if button else {}), **fields}
        headers = {"origin": str(self.http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
        if self.script:
            headers["hx-request"] = "true"
        return self._shown(self.http.post(form.action, data=values, headers=headers))

    def form(self, kind: str, tweet_id: str = "", type_name: str = "") -> Form:
        """The first form of its kind in the page shown, for this suggestion."""
        return next(
            form
            for form in self.page.forms_of(kind)
            if form.fields.get("tweet_id", "") == tweet_id and (not type_name or form.fields.get("type") == type_name)
        )

    def decide(self, action: str, tweet_id: str, type_name: str = TYPES[0], **fields: str) -> Html:
        """Press the button of an action, as the page offers it."""
        kind = action if action in ("edit", "reject") else "decide"
        form = self.form(kind, tweet_id, type_name)
        if kind != "decide":
            return self.send(form, button=None, **fields)
        assert ("action", action) in form.buttons, f"{action} is not offered: {form.buttons}"
        return self.send(form, button=("action", action), **fields)

    def _shown(self, response: Any) -> Html:
        self.status, self.headers = response.status_code, response.headers
        if response.status_code == 303:
            self.redirect = response.headers["location"]
            return self.get(self.redirect.partition("#")[0])
        self.page = Html(response.text)
        return self.page


@pytest.fixture(scope="package", autouse=True)
def _one_key_for_each_token() -> Iterator[None]:
    """Made once: it is slow on purpose."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("viral_assets.web.access.scrypt", functools.cache(scrypt))
        yield


@pytest.fixture(scope="package", autouse=True)
def _one_event_loop() -> Iterator[None]:
    with start_blocking_portal() as Reviewer.portal:
        yield
    Reviewer.portal = None


@pytest.fixture
def tweets(now: datetime) -> list[OpportunityView]:
    """Three tweets: a green one with three suggestions, a yellow and an older green one with two."""
    three = (
        suggestion("Put the charger in the kitchen, yours included."),
        suggestion("Which part do they push back on?", type_name=TYPES[1]),
        suggestion("So it is less about phones than about evenings.", type_name=TYPES[2]),
    )
    first = opportunity(tweet_id="101", suggestions=three, project="demo", views=200_000, total=0.8)
    second = replace(first, tweet_id="102", label="yellow", total=0.5, views=900, suggestions=three[:2], topic="Sleep")
    third = replace(first, tweet_id="103", total=0.7, views=None, author_handle="tom", suggestions=three[:2])
    past = first.window_start - timedelta(days=2)
    return [first, second, replace(third, window_start=past, created_at=past, collected_at=past)]


@functools.cache
def demo_projects() -> Projects:
    """Read once, because every page asks for them."""
    return load_projects(checkout_root() / "projects")


@pytest.fixture
def make_site(database: Database, now: datetime, tweets: list[OpportunityView]) -> Iterator[Callable[..., Site]]:
    """Servers on the same database. Their clock stands still at ``now``, unless another one is given."""
    with database.begin() as connection:
        store(connection, tweets)
    made: list[Site] = []

    def make(who: str = "mara", clock: Callable[[], datetime] = lambda: now, **access: Any) -> Site:
        site = Site(
            database=database,
            access=AccessRules(who, **access),
            projects=demo_projects,
            jobs=Jobs(lambda priority: AsyncCommentGenerator(provider="offline", database=database, priority=priority)),
            vectors_of=lambda _: stored_vectors("wordllama", None),
            limits=Limits(max_requests=15),
            clock=clock,
        )
        made.append(site)
        return site

    yield make
    for site in made:
        site.jobs.close()


@pytest.fixture
def serve(make_site: Callable[..., Site]) -> Callable[..., Reviewer]:
    """A server for a person, and the person's browser."""

    def start(who: str = "mara", *, script: bool = False, **access: Any) -> Reviewer:
        return Reviewer(create_app(make_site(who, **access), HostNames.of("127.0.0.1")), script=script)

    return start


@pytest.fixture(params=["forms", "script"])
def mara(request: pytest.FixtureRequest, serve: Callable[..., Reviewer]) -> Reviewer:
    """A person without JavaScript, and one with."""
    reviewer = serve("mara", script=request.param == "script")
    reviewer.get("/?status=all")
    return reviewer


@pytest.fixture
def plain(serve: Callable[..., Reviewer]) -> Reviewer:
    """A person without JavaScript."""
    return serve("mara")


def query(address: str) -> dict[str, str]:
    return dict(parse_qsl(address.partition("?")[2]))


def static_files() -> list[Path]:
    return sorted((checkout_root() / "viral_assets" / "web" / "static").iterdir())
