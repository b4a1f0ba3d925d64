"""Having a suggestion revised, as it comes from the forms: say what should change, then take what was written or keep
the text. Asking is recorded first and written in the background (``jobs``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import ConfigurationError
from viral_assets.queries.pages import read_opportunity
from viral_assets.store import revisions
from viral_assets.store.revisions import Revision
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestion_status import in_words
from viral_assets.text.display import kind, one_line
from viral_assets.vocabulary import ASKED, DROPPED, KEEP_TEXT, OFFERED, OFFLINE, REVISION_ACTIONS, TAKE_REVISION
from viral_assets.web.answers import ErrorNotice, answer, conflict_text
from viral_assets.web.forms import BadFormError, field, posted_form, version_field
from viral_assets.web.jobs import Job, Jobs
from viral_assets.web.pages import NoSuchTweetError
from viral_assets.web.regenerate import asked_about, back_at, checked_project
from viral_assets.web.rendering import sentence
from viral_assets.web.site import Site

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator
    from viral_assets.generation.run.report import GenerationReport
    from viral_assets.projects.model import Project
    from viral_assets.queries.opportunity_view import OpportunityView
    from viral_assets.store.engine import Database

GO_ON, GIVE_UP = "go-on", "give-up"
"""With a revision that was asked for and is not written: an interrupted one, or one that the quota put off."""

_DONE = {TAKE_REVISION: "Taken", KEEP_TEXT: "Kept as it was"}


async def ask(request: Request) -> Response:
    """Have one suggestion revised."""
    form = await posted_form(request)
    return await run_in_threadpool(_ask, request, form)


def _ask(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    key, version = _about(form)
    wish = form.get("common", "") or form.get("wish", "")
    who = site.who(request)
    try:
        row, project = _ready(site, key, revisions.words_of(wish))
        with site.database.begin() as connection:
            revision = revisions.ask(
                connection,
                key,
                version=version,
                wish=wish,
                who=who,
                at=site.clock(),
                shown=form.get("shown", "").replace("\x00", ""),
            )
    except Conflict as conflict:
        problem = ErrorNotice("conflict", conflict_text(conflict, who), key.suggestion_type, wish=wish)
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=409)
    except (NotAllowed, ConfigurationError) as refused:
        problem = ErrorNotice("refused", sentence(str(refused)), key.suggestion_type, wish=wish)
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=422)
    begun = None
    if revision.state == ASKED:
        begun = _begin(site, row, project, revision, who)
        notice = {"kind": "done", "text": f"Asked for: {kind(key.suggestion_type)}, “{revision.wish}”"}
    else:
        notice = {"kind": "done", "text": "A revision was offered meanwhile: look at it first"}
    return answer(request, site, key.project, key.tweet_id, form, notice=notice, begun=begun)


async def decide(request: Request) -> Response:
    """Take what was written, keep the text, or go on with what is not written yet."""
    form = await posted_form(request)
    return await run_in_threadpool(_decide, request, form)


def _decide(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    key, version = _about(form)
    action, revision_id, who = field(form, "action"), field(form, "revision"), site.who(request)
    second = site.second_approval()
    begun = None
    try:
        if action == GO_ON:
            begun = _go_on(site, key, revision_id, who)
            notice = {"kind": "done", "text": f"Asked again: {kind(key.suggestion_type)}, “{begun.wish}”"}
        elif action == GIVE_UP:
            with site.database.begin() as connection:
                revisions.drop(connection, revision_id, who=who, at=site.clock())
            site.jobs.forget(key.project, key.tweet_id)
            notice = {"kind": "done", "text": f"Given up: {kind(key.suggestion_type)} stays as it is"}
        else:
            wanted = next((each for each in REVISION_ACTIONS if each == action), None)
            if wanted is None:
                raise BadFormError(f"{action[:40]!r} is nothing that can be done here.")
            with site.database.begin() as connection:
                done = revisions.decide_revision(
                    connection,
                    revision_id,
                    wanted,
                    who=who,
                    at=site.clock(),
                    version=version,
                    second=second,
                )
            site.jobs.forget(key.project, key.tweet_id)
            text = f"{_DONE[wanted]}: {kind(key.suggestion_type)} is {in_words(done.status)}"
            notice = {"kind": "done", "text": text, "event": str(done.event_id)}
    except Conflict as conflict:
        problem = ErrorNotice("conflict", conflict_text(conflict, who), key.suggestion_type)
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=409)
    except (NotAllowed, ConfigurationError) as refused:
        problem = ErrorNotice("refused", sentence(str(refused)), key.suggestion_type)
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=422)
    return answer(request, site, key.project, key.tweet_id, form, notice=notice, begun=begun)


def _go_on(site: Site, key: SuggestionKey, revision_id: str, who: str) -> Job:
    with site.database.read() as connection:
        revision = revisions.read_revision(connection, revision_id)
    if revision is None or revision.state != ASKED or revision.key != key:
        raise NotAllowed("this revision is not waited for any more; look at the tweet again")
    row, project = _ready(site, key, revision.wish)
    return _begin(site, row, project, revision, who)


def _ready(site: Site, key: SuggestionKey, wish: str) -> tuple[OpportunityView, Project]:
    """The tweet and its project, once nothing else is written about it.

    Raises:
        ConfigurationError: something is, or there is no project that can be used.
        NotFoundError: there is no such opportunity.
    """
    with site.database.read() as connection:
        row = read_opportunity(connection, key.project, key.tweet_id)
    if row is None:
        raise NoSuchTweetError
    project = checked_project(site.projects(), key.project)
    if key.suggestion_type not in {each.name for each in project.suggestion_types}:
        raise ConfigurationError(f"the project has no suggestion type {key.suggestion_type} any more; edit it instead")
    job = site.jobs.all().get((key.project, key.tweet_id))
    if job is not None and not job.over and (job.suggestion_type, job.wish) != (key.suggestion_type, wish):
        raise ConfigurationError("this tweet is being written about right now; ask when that is done")
    return row, project


def _begin(site: Site, row: OpportunityView, project: Project, revision: Revision, who: str) -> Job:
    return have_revised(site.jobs, site.database, row, project, revision, who=who, now=site.clock)


def have_revised(
    jobs: Jobs,
    database: Database,
    row: OpportunityView,
    project: Project,
    revision: Revision,
    *,
    who: str,
    now: Callable[[], datetime],
) -> Job:
    """Begin, unless the tweet is being written about already."""
    opportunity = asked_about(row, (revision.key.suggestion_type,))

    async def write(generator: AsyncCommentGenerator, stop: threading.Event) -> tuple[bool, str]:
        report = await generator.revise(revision, opportunity, project, now=now, stop=stop)
        with database.read() as connection:
            return summarise(revisions.read_revision(connection, revision.id), report, datetime.now(UTC))

    model = project.generation.models[0]
    job = Job(row.project, row.tweet_id, who, model, revision.key.suggestion_type, revision.wish)
    return jobs.begin(job, write)


def summarise(revision: Revision | None, report: GenerationReport, now: datetime) -> tuple[bool, str]:
    """Whether it went well, and a sentence."""
    if revision is None:
        return False, "The tweet is gone."
    if revision.state == OFFERED:
        by = OFFLINE if report.provider == OFFLINE else revision.model
        return True, f"Revised by {by} in {report.seconds:.1f} s: take it, or keep the text."
    if revision.state == ASKED:
        why = one_line(revision.reason) or "the server stopped"
        return False, f"Not written yet: {why}; ask again{back_at(report, now)}."
    if revision.state == DROPPED:
        return False, sentence(revision.reason or "Nobody waits for it any more")
    return False, f"Not revised: {sentence(one_line(revision.reason))}"


def _about(form: Mapping[str, str]) -> tuple[SuggestionKey, int]:
    return SuggestionKey(field(form, "project"), field(form, "tweet_id"), field(form, "type")), version_field(form)
