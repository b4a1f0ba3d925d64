"""What a person decides, as it comes from the forms: one suggestion, the last decision back, all greens, write anew.

A script gets the tweet's card as it is now, and a message; without one the page that was looked at is shown again
(POST, redirect, GET). Nothing that was typed is ever lost: what cannot be saved comes back with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from viral_assets.errors import ConfigurationError
from viral_assets.queries.filters import STANDINGS, Filters
from viral_assets.queries.pages import read_greens, read_opportunity
from viral_assets.review.formatting import kind
from viral_assets.store import decisions
from viral_assets.store.decisions import Conflict, Decided, NotAllowed, SuggestionKey
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.display import one_line
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import EDIT, STATUSES
from viral_assets.web.access import same_site_path
from viral_assets.web.forms import BadFormError, field, posted_form
from viral_assets.web.pages import NotFoundError, tweet_page
from viral_assets.web.regenerate import checked_project
from viral_assets.web.rendering import anchor
from viral_assets.web.site import Site, wants_part

PERSONS_ACTIONS = ("approve", "reject", "edit", "post", "reopen")
MOST_GREENS = 500
"""At once; more than anybody has looked through."""

LONGEST_DRAFT = 4_000

_DONE = {
    "approve": "Approved",
    "reject": "Rejected",
    "edit": "Saved and approved",
    "post": "Marked as posted",
    "reopen": "Reopened",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done, shown where it was asked for.

    Args:
        kind: ``conflict``, ``refused`` or ``failed``.
        type: of the suggestion; empty when it is about the whole tweet.
        text: what the person had written, to go on with; None when nothing was.
        length: of that text, in X's weighted characters.
    """

    kind: str
    message: str
    type: str = ""
    text: str | None = None
    length: int | None = None


async def decide(request: Request) -> Response:
    """One decision about one suggestion."""
    form = await posted_form(request)
    return await run_in_threadpool(_decide, request, form)


def _decide(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    key = SuggestionKey(field(form, "project"), field(form, "tweet_id"), field(form, "type"))
    action, version = field(form, "action"), field(form, "version")
    if action not in PERSONS_ACTIONS:
        raise BadFormError(f"{action[:40]!r} is nothing that can be done here.")
    if not version.isascii() or not version.isdigit() or len(version) > 18:
        raise BadFormError("The form came without the version of the suggestion.")
    text = form.get("text", "") if action == EDIT else None
    reason = one_line(form.get("reason", "")[:2_000]) or one_line(form.get("common", "")[:100])
    who = site.access.name_of(request)
    try:
        with site.database.begin() as connection:
            done = decisions.decide(
                connection,
                key,
                action,
                who=who,
                at=site.clock(),
                version=int(version),
                text=text,
                reason=reason if action == "reject" else "",
            )
    except Conflict as conflict:
        problem = Problem("conflict", _conflict_text(conflict, who), key.suggestion_type, text, _length(text))
        return _answer(request, site, key.project, key.tweet_id, form, problem=problem, status=409)
    except NotAllowed as refused:
        problem = Problem("refused", _sentence(str(refused)), key.suggestion_type, text, _length(text))
        return _answer(request, site, key.project, key.tweet_id, form, problem=problem, status=422)
    notice = {"kind": "done", "text": f"{_DONE[action]}: {kind(key.suggestion_type)}", "event": str(done.event_id)}
    return _answer(request, site, key.project, key.tweet_id, form, notice=notice)


async def undo(request: Request) -> Response:
    """Take back a decision: the one named, else the last one of this person; all of it when it was about many."""
    form = await posted_form(request)
    return await run_in_threadpool(_undo, request, form)


def _undo(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    who, named = site.access.name_of(request), form.get("event", "")
    try:
        with site.database.begin() as connection:
            if named.isascii() and named.isdigit() and len(named) < 18:
                event_id, batch = int(named), 0
                if form.get("batch"):
                    batch = event_id
            else:
                last = decisions.last_event_of(connection, who)
                if last is None:
                    raise NotAllowed("there is nothing of yours to undo")
                event_id = last.id
                # The newest of what was decided in one go is not the one that the whole is named after.
                batch = last.batch if last.batch != last.id else 0
            if batch:
                done, left = decisions.undo_batch(connection, batch, who=who, at=site.clock())
                return _undone_many(request, site, form, done, left)
            undone = decisions.undo(connection, event_id, who=who, at=site.clock())
    except Conflict as conflict:
        notice = {"kind": "bad", "text": f"Not undone: {_conflict_text(conflict, who)}"}
        return _answer(request, site, conflict.key.project, conflict.key.tweet_id, form, notice=notice, move=True)
    except NotAllowed as refused:
        return _say(request, site, form, {"kind": "bad", "text": _sentence(str(refused))})
    notice = {"kind": "done", "text": f"Undone: {kind(undone.key.suggestion_type)} is {undone.status} again"}
    return _answer(request, site, undone.key.project, undone.key.tweet_id, form, notice=notice, move=True)


def _undone_many(
    request: Request, site: Site, form: Mapping[str, str], done: list[Decided], left: list[SuggestionKey]
) -> Response:
    text = f"Undone: {len(done):,} suggestion{'s' if len(done) != 1 else ''}"
    if left:
        text += f"; {len(left):,} had been changed since and stay as they are"
    return _say(request, site, form, {"kind": "done" if done else "bad", "text": text}, reload=True)


async def greens(request: Request) -> Response:
    """Ask before all greens are approved."""
    return await run_in_threadpool(_greens, request)


def _greens(request: Request, changed: int = 0) -> Response:
    site: Site = request.app.state.site
    filters = Filters.read(request.query_params)
    with site.database.read() as connection:
        found, total = read_greens(connection, filters, now=site.clock(), most=MOST_GREENS)
    return site.page(
        request,
        "greens.html",
        status=409 if changed else 200,
        filters=filters,
        count=len(found),
        total=total,
        changed=changed,
        scope=_scope(filters, site),
        here=filters.address(),
    )


async def approve_greens(request: Request) -> Response:
    """Approve as many as were confirmed, or ask again."""
    form = await posted_form(request)
    return await run_in_threadpool(_approve_greens, request, form)


def _approve_greens(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    filters = Filters.read(request.query_params)
    confirmed = field(form, "count")
    with site.database.begin() as connection:
        found, _ = read_greens(connection, filters, now=site.clock(), most=MOST_GREENS)
        agreed = str(len(found)) == confirmed
        done: list[Decided] = []
        if agreed:
            pairs = [(SuggestionKey(each.project, each.tweet_id, each.suggestion_type), each.version) for each in found]
            done, _ = decisions.decide_many(
                connection, pairs, "approve", who=site.access.name_of(request), at=site.clock()
            )
    if not agreed:
        return _greens(request, changed=int(confirmed) if confirmed.isascii() and confirmed.isdigit() else 0)
    several = "s" if len(done) != 1 else ""
    notice = {"kind": "done", "text": f"Approved: {len(done):,} suggestion{several}"}
    if done:
        notice["event"] = str(done[0].event_id)
        notice["batch"] = "1"
    response = RedirectResponse(filters.address(), 303)
    site.access.leave_notice(request, response, notice)
    return response


async def regenerate(request: Request) -> Response:
    """Have new suggestions written, in the background."""
    form = await posted_form(request)
    return await run_in_threadpool(_regenerate, request, form)


def _regenerate(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    project, tweet_id = field(form, "project"), field(form, "tweet_id")
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id)
    if row is None:
        raise NotFoundError("There is no such tweet among the opportunities (any more).")
    try:
        site.regenerator.start(row, checked_project(site.projects(), project), who=site.access.name_of(request))
    except ConfigurationError as error:
        problem = Problem("failed", _sentence(str(error)))
        return _answer(request, site, project, tweet_id, form, problem=problem, status=422)
    notice = {"kind": "done", "text": "New suggestions are being written"}
    return _answer(request, site, project, tweet_id, form, notice=notice)


async def length(request: Request) -> Response:
    """How X would count a text."""
    form = await posted_form(request)
    text = form.get("text", "")
    if len(text) > LONGEST_DRAFT:
        return JSONResponse({"length": len(text)})
    return JSONResponse({"length": await run_in_threadpool(lambda: text_weight(persons_reply(text)))})


def _answer(
    request: Request,
    site: Site,
    project: str,
    tweet_id: str,
    form: Mapping[str, str],
    *,
    problem: Problem | None = None,
    notice: dict[str, str] | None = None,
    status: int = 200,
    move: bool = False,
) -> Response:
    """The tweet as it is now.

    Args:
        move: the script did not ask from within the tweet's card, and is told where that is.
    """
    onward = same_site_path(form.get("next"))
    if not wants_part(request):
        if problem is not None:
            return tweet_page(request, site, project, tweet_id, status=status, problem=problem, back=onward)
        return _back_with(request, site, project, tweet_id, onward, notice)
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id)
    if row is None:
        return _say(request, site, form, notice or {"kind": "bad", "text": "The tweet is no opportunity any more."})
    notice = notice or {"kind": "bad", "text": problem.message if problem else ""}
    job = site.regenerator.jobs().get((project, tweet_id))
    response = site.part(
        request,
        "card.html",
        status=status,
        row=row,
        problem=problem,
        job=job if job is not None and not job.over else None,
        notice=notice,
        here=onward,
        titles=site.titles(),
        elsewhere=move,
    )
    if move:
        response.headers["hx-reswap"] = "none"
        response.headers["hx-trigger-after-settle"] = json.dumps({"review:moved": {"id": anchor(row)}})
    return response


def _back_with(
    request: Request, site: Site, project: str, tweet_id: str, onward: str, notice: dict[str, str] | None
) -> Response:
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id)
    place = f"#{anchor(row)}" if row is not None else ""
    response = RedirectResponse(onward.partition("#")[0] + place, 303)
    if notice:
        site.access.leave_notice(request, response, notice)
    return response


def _say(
    request: Request, site: Site, form: Mapping[str, str], notice: dict[str, str], *, reload: bool = False
) -> Response:
    """Nothing but a message; with ``reload``, on the page that was looked at, read anew."""
    onward = same_site_path(form.get("next"))
    if wants_part(request) and not reload:
        response = site.part(request, "toast.html", notice=notice, here=onward)
        response.headers["hx-reswap"] = "none"
        return response
    page = onward.partition("#")[0]
    response = Response(status_code=204, headers={"hx-redirect": page})
    if not wants_part(request):
        response = RedirectResponse(page, 303)
    site.access.leave_notice(request, response, notice)
    return response


def _conflict_text(conflict: Conflict, who: str) -> str:
    by = "A run" if not conflict.who else "You (in another window?)" if conflict.who == who else one_line(conflict.who)
    at = f"{conflict.at.astimezone(UTC):%H:%M} UTC"
    what = {"pending": "is open again"}.get(conflict.status, f"is {conflict.status}")
    return f"{by} changed this at {at}: it {what} now, with the text shown here. Look again and decide."


def _sentence(text: str) -> str:
    text = one_line(text)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _length(text: str | None) -> int | None:
    if text is None:
        return None
    return len(text) if len(text) > LONGEST_DRAFT else text_weight(persons_reply(text))


def _scope(filters: Filters, site: Site) -> str:
    """The filters in words."""
    titles = site.titles()
    told = [
        titles.get(filters.project, filters.project) if filters.project else "",
        STANDINGS[filters.status].lower() if filters.status not in ("open", *STATUSES) else "",
        filters.topic,
        f"last {filters.recent} hours" if filters.recent and not (filters.start or filters.end) else "",
        f"from {filters.start}" if filters.start else "",
        f"until {filters.end}" if filters.end else "",
        f"with “{filters.search}”" if filters.search else "",
    ]
    return ", ".join(part for part in told if part)
