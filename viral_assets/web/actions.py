"""What a person decides, as it comes from the forms: one suggestion, the last decision back, write anew.

Nothing that was typed is ever lost: what cannot be saved comes back with the reason (``answers``).
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from viral_assets.errors import ConfigurationError
from viral_assets.queries.pages import read_opportunity
from viral_assets.store import audit, decision_undo, decisions
from viral_assets.store.decision_changes import Decided
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestion_status import in_words
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.display import kind, one_line
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import AWAITING, EDIT
from viral_assets.web.answers import ErrorNotice, answer, answer_many, conflict_text, say
from viral_assets.web.forms import BadFormError, field, posted_form, version_field
from viral_assets.web.pages import NoSuchTweetError
from viral_assets.web.regenerate import checked_project
from viral_assets.web.regenerate import regenerate as write_anew
from viral_assets.web.rendering import sentence
from viral_assets.web.site import Site

PERSONS_ACTIONS = ("approve", "reject", "edit", "post", "reopen")

LONGEST_DRAFT = 4_000

_DONE = {
    "approve": "Approved",
    "reject": "Rejected",
    "edit": "Saved and approved",
    "post": "Marked as posted",
    "reopen": "Reopened",
}

_DONE_ONCE = "Approved once; another person has to approve it too"


async def decide(request: Request) -> Response:
    """One decision about one suggestion."""
    form = await posted_form(request)
    return await run_in_threadpool(_decide, request, form)


def _decide(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    key = SuggestionKey(field(form, "project"), field(form, "tweet_id"), field(form, "type"))
    action = field(form, "action")
    if action not in PERSONS_ACTIONS:
        raise BadFormError(f"{action[:40]!r} is nothing that can be done here.")
    version = version_field(form)
    text = form.get("text", "") if action == EDIT else None
    reason = one_line(form.get("reason", "")[:2_000]) or one_line(form.get("common", "")[:100])
    who, second = site.who(request), site.second_approval()
    try:
        with site.database.begin() as connection:
            done = decisions.decide(
                connection,
                key,
                action,
                who=who,
                at=site.clock(),
                version=version,
                text=text,
                reason=reason if action == "reject" else "",
                second=second,
            )
    except Conflict as conflict:
        problem = ErrorNotice("conflict", conflict_text(conflict, who), key.suggestion_type, text, _length(text))
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=409)
    except NotAllowed as refused:
        problem = ErrorNotice("refused", sentence(str(refused)), key.suggestion_type, text, _length(text))
        return answer(request, site, key.project, key.tweet_id, form, problem=problem, status=422)
    did = _DONE_ONCE if done.status == AWAITING else _DONE[action]
    notice = {"kind": "done", "text": f"{did}: {kind(key.suggestion_type)}", "event": str(done.event_id)}
    return answer(request, site, key.project, key.tweet_id, form, notice=notice)


async def undo(request: Request) -> Response:
    """Take back a decision: the one named, else the last one of this person; all of it when it was about many."""
    form = await posted_form(request)
    return await run_in_threadpool(_undo, request, form)


def _undo(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    who, named = site.who(request), form.get("event", "")
    left: list[SuggestionKey] = []
    try:
        with site.database.begin() as connection:
            if named.isascii() and named.isdigit() and len(named) < 18:
                event_id, batch = int(named), 0
                if form.get("batch"):
                    batch = event_id
            else:
                last = audit.last_event_of(connection, who)
                if last is None:
                    raise NotAllowed("there is nothing of yours to undo")
                event_id = last.id
                # The newest of what was decided in one go is not the one that the whole is named after.
                batch = last.batch if last.batch != last.id else 0
            if batch:
                done, left = decision_undo.undo_batch(connection, batch, who=who, at=site.clock())
            else:
                done = [decision_undo.undo(connection, event_id, who=who, at=site.clock())]
    except Conflict as conflict:
        notice = {"kind": "bad", "text": f"Not undone: {conflict_text(conflict, who)}"}
        return answer(request, site, conflict.key.project, conflict.key.tweet_id, form, notice=notice, move=True)
    except NotAllowed as refused:
        return say(request, site, form, {"kind": "bad", "text": sentence(str(refused))})
    if batch:
        return _undone_many(request, site, form, done, left)
    (undone,) = done
    notice = {"kind": "done", "text": f"Undone: {kind(undone.key.suggestion_type)} is {in_words(undone.status)} again"}
    return answer(request, site, undone.key.project, undone.key.tweet_id, form, notice=notice, move=True)


def _undone_many(
    request: Request, site: Site, form: Mapping[str, str], done: list[Decided], left: list[SuggestionKey]
) -> Response:
    text = f"Undone: {len(done):,} suggestion{'s' if len(done) != 1 else ''}"
    if left:
        text += f"; {len(left):,} had been changed since and stay as they are"
    return answer_many(request, site, form, done, {"kind": "done" if done else "bad", "text": text})


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
        raise NoSuchTweetError
    try:
        begun = write_anew(
            site.jobs,
            site.database,
            row,
            checked_project(site.projects(), project),
            who=site.who(request),
            now=site.clock(),
        )
    except ConfigurationError as error:
        problem = ErrorNotice("failed", sentence(str(error)))
        return answer(request, site, project, tweet_id, form, problem=problem, status=422)
    notice = {"kind": "done", "text": "New suggestions are being written"}
    return answer(request, site, project, tweet_id, form, notice=notice, begun=begun)


async def length(request: Request) -> Response:
    """How X would count a text."""
    form = await posted_form(request)
    text = form.get("text", "")
    if len(text) > LONGEST_DRAFT:
        return JSONResponse({"length": len(text)})
    return JSONResponse({"length": await run_in_threadpool(lambda: text_weight(persons_reply(text)))})


def _length(text: str | None) -> int | None:
    if text is None:
        return None
    return len(text) if len(text) > LONGEST_DRAFT else text_weight(persons_reply(text))
