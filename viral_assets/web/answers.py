"""What is answered to a form: for a script the tweet's card as it is now, and a message; without one the page that was
looked at (POST, redirect, GET), or the tweet's own page with what could not be saved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.queries.pages import read_opportunities, read_opportunity
from viral_assets.store.decision_changes import Decided
from viral_assets.store.suggestion_locks import Conflict
from viral_assets.store.suggestion_status import in_words
from viral_assets.text.amounts import how_many
from viral_assets.text.display import one_line
from viral_assets.vocabulary import AWAITING
from viral_assets.web.access import same_site_path
from viral_assets.web.jobs import Job
from viral_assets.web.pages import list_head, tweet_page
from viral_assets.web.rendering import anchor
from viral_assets.web.site import Site, wants_part


@dataclass(frozen=True, slots=True)
class ErrorNotice:
    """Why something was not done, shown where it was asked for.

    Args:
        kind: ``conflict``, ``refused`` or ``failed``.
        type: of the suggestion; empty when it is about the whole tweet.
        text: what the person had written, to go on with; None when nothing was.
        length: of that text, in X's weighted characters.
        wish: what the person wanted changed, to be asked again; None when it is about something else.
    """

    kind: str
    message: str
    type: str = ""
    text: str | None = None
    length: int | None = None
    wish: str | None = None


def answer(
    request: Request,
    site: Site,
    project: str,
    tweet_id: str,
    form: Mapping[str, str],
    *,
    problem: ErrorNotice | None = None,
    notice: dict[str, str] | None = None,
    status: int = 200,
    move: bool = False,
    begun: Job | None = None,
) -> Response:
    """The tweet as it is now.

    Args:
        begun: the job that was begun; where it has ended by now, that is said instead of the notice.
        move: the script did not ask from within the tweet's card, and the answer says where that is.
    """
    onward = same_site_path(form.get("next"))
    if not wants_part(request):
        if problem is not None:
            return tweet_page(request, site, project, tweet_id, status=status, problem=problem, back=onward)
        return _back_with(request, site, project, tweet_id, onward, notice)
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id, second=site.second_approval())
        head = list_head(site, connection, onward, me=site.who(request))
    if row is None:
        return say(request, site, form, notice or {"kind": "bad", "text": "The tweet is no opportunity any more."})
    job = site.jobs.all().get((project, tweet_id))
    told = job if job is not None and not job.over else None
    if begun is not None and told is None:
        # No card looks for its end any more.
        told, notice = begun.told()
    response = site.part(
        request,
        "card.html",
        status=status,
        row=row,
        problem=problem,
        job=told,
        notice=notice,
        here=onward,
        titles=site.titles(),
        elsewhere=move,
        head=head,
    )
    if move:
        response.headers["hx-reswap"] = "none"
        response.headers["hx-trigger-after-settle"] = json.dumps({"review:moved": {"id": anchor(row)}})
    return response


def answer_many(
    request: Request, site: Site, form: Mapping[str, str], done: Sequence[Decided], notice: dict[str, str]
) -> Response:
    """After a decision about many: for a script those of their cards that it shows, and the list's head."""
    if not wants_part(request) or "shown" not in form:
        return say(request, site, form, notice, reload=True)
    onward = same_site_path(form.get("next"))
    keys = dict.fromkeys((each.key.project, each.key.tweet_id) for each in done)
    shown = set(form["shown"].split())
    with site.database.read() as connection:
        rows = read_opportunities(connection, list(keys), second=site.second_approval())
        head = list_head(site, connection, onward, me=site.who(request))
    values: dict[str, Any] = {"rows": [row for row in rows if anchor(row) in shown], "head": head, "notice": notice}
    response = site.part(request, "cards.html", **values, here=onward, titles=site.titles())
    response.headers["hx-reswap"] = "none"
    response.headers["hx-trigger"] = "review:many"
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


def say(
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


def many_words(done: Sequence[Decided]) -> str:
    """How many suggestions, and how many of them take another person."""
    awaiting = sum(each.status == AWAITING for each in done)
    take = "takes" if awaiting == 1 else "take"
    of_them = f", of which {awaiting:,} {take} the approval of another person" if awaiting else ""
    return f"{how_many(len(done), 'suggestion')}{of_them}"


def conflict_text(conflict: Conflict, who: str) -> str:
    by = "A run" if not conflict.who else "You (in another window?)" if conflict.who == who else one_line(conflict.who)
    at = f"{conflict.at.astimezone(UTC):%H:%M} UTC"
    what = {"pending": "is open again"}.get(conflict.status, f"is {in_words(conflict.status)}")
    return f"{by} changed this at {at}: it {what} now, with the text shown here. Look again and decide."
