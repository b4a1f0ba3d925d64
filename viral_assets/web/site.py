"""What all pages of one server share: the database, who may come in, the templates, the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from viral_assets.errors import ProjectFileError, ViralAssetsError
from viral_assets.queries.pages import FilterChoices, read_choices
from viral_assets.queries.second_approval import second_approval
from viral_assets.store.engine import Database
from viral_assets.store.people import names_of_people
from viral_assets.store.second_approval import SecondApproval
from viral_assets.web.access import AccessRules
from viral_assets.web.authentication import Authenticator
from viral_assets.web.rendering import render
from viral_assets.web.sessions import SessionLimits

if TYPE_CHECKING:
    from viral_assets.learning.project_file import ProjectFolder
    from viral_assets.projects.loader import Projects
    from viral_assets.projects.model import Project
    from viral_assets.queries.reselect import VectorSource
    from viral_assets.quota import Limits
    from viral_assets.web.jobs import Jobs

CHOICES_SECONDS = 15.0
"""For so long the filters offer the projects and topics that were there."""


NO_NOTICE = {"kind": "done", "text": "", "event": "", "batch": ""}
"""What stands at the foot of a page: ``event`` can be undone, with ``batch`` together with all that came with it."""


@dataclass
class Site:
    """One server.

    Args:
        projects: reads the project files; called when somebody needs one, so that a file may be corrected meanwhile.
        jobs: what is written in the background.
        vectors_of: the stored vectors of a project's embedder, by which the page of what was left out knows
            near-duplicates. It may raise a ``ConfigurationError``; the page goes on without.
        limits: of the quota, drawn on the page of numbers; None when unknown.
        project_folder: where the project files are that people may change from here; None where they may not.
        session_limits: how long people stay signed in, where a token is asked for.
    """

    database: Database
    access: AccessRules
    projects: Callable[[], Projects]
    jobs: Jobs
    vectors_of: Callable[[Project], VectorSource]
    limits: Limits | None = None
    project_folder: ProjectFolder | None = None
    session_limits: SessionLimits = field(default_factory=SessionLimits)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    authenticator: Authenticator = field(init=False)
    keeping_numbers: Lock = field(default_factory=Lock)
    _choices: tuple[float, FilterChoices] | None = None
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.authenticator = Authenticator(
            self.access, lambda: self.database, limits=self.session_limits, clock=self.clock
        )

    def names(self, request: Request) -> tuple[str, ...]:
        """Who one may be; nothing where everybody is who they say. Read once a request."""
        known: tuple[str, ...] | None = getattr(request.state, "names", None)
        if known is None:
            with self.database.read() as connection:
                known = request.state.names = names_of_people(connection)
        return known

    def who(self, request: Request) -> str:
        """Whose decisions come from this browser: whose token it came in with, else the name that was chosen, if that
        is one that may be."""
        if person := signed_in(request):
            return person
        chosen, names = self.access.name_of(request), self.names(request)
        if not names or chosen == self.access.who:
            return chosen
        return chosen if chosen in names else self.access.who

    def second_approval(self) -> SecondApproval:
        """Where replies take the approval of two people, as the project files say now."""
        return second_approval(self.projects)

    def choices(self) -> FilterChoices:
        """What the filters offer."""
        with self._lock:
            if self._choices is None or time.monotonic() - self._choices[0] > CHOICES_SECONDS:
                with self.database.read() as connection:
                    self._choices = time.monotonic(), read_choices(connection)
            return self._choices[1]

    def titles(self) -> Mapping[str, str]:
        """How projects are called; only names where the files cannot be read."""
        return self.titles_and_problems()[0]

    def titles_and_problems(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """How projects are called, and a line about each project file that cannot be used. Where a file lies is nothing
        for a page."""
        try:
            projects = self.projects()
        except ProjectFileError as error:
            return {}, [error.without_folder]
        except ViralAssetsError:
            return {}, []
        titles = {name: project.title or name for name, project in projects.items()}
        return titles, [error.without_folder for error in projects.unusable]

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A whole page, with the notice that the last one left."""
        notice = values.pop("notice", None) or self.access.take_notice(request)
        response = HTMLResponse(self.text(request, template, notice=notice, **values), status)
        if notice and status == 200:
            self.access.notice_shown(response)
        return response

    def part(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """A part of a page, for a script that puts it in its place."""
        return HTMLResponse(self.text(request, template, **values), status)

    def text(self, request: Request, template: str, **values: Any) -> str:
        """A template filled in."""
        try:
            who, names = self.who(request), self.names(request)
        except ViralAssetsError:  # a page that says so has to be shown
            who, names = self.access.name_of(request), ()
        shared = {
            "who": who,
            "names": names,
            "signed_in": signed_in(request),
            "form_token": self.access.form_token,
            "guarded": is_guarded(request),
            "now": self.clock(),
            "titles": {},
            "jobs": self.jobs.all(),
            "path": request.url.path,
        }
        values["notice"] = {**NO_NOTICE, **(values.get("notice") or {})}
        return render(template, {**shared, **values})


def signed_in(request: Request) -> str:
    """Whose token a request came in with; empty where it took none of one's own."""
    return getattr(request.state, "person", "")


def is_guarded(request: Request) -> bool:
    """Whether a request came in with a session, which can be ended."""
    return getattr(request.state, "guarded", False)


def wants_part(request: Request) -> bool:
    """A script asked, and puts the answer into the page that is shown."""
    return request.headers.get("hx-request") == "true"
