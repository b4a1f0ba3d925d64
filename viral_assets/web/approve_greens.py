"""Approving all greens at once: asked for with their number, and done only while it is still that number."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.queries.filters import STANDINGS, Filters
from viral_assets.queries.pages import count_flagged_greens, read_greens
from viral_assets.store import decisions
from viral_assets.store.decisions import Decided, SuggestionKey
from viral_assets.vocabulary import STATUSES
from viral_assets.web.forms import field, posted_form
from viral_assets.web.site import Site

MOST_GREENS = 500
"""At once; more than anybody has looked through."""


async def greens(request: Request) -> Response:
    """Ask before all greens are approved."""
    return await run_in_threadpool(_greens, request)


def _greens(request: Request, changed: int = 0) -> Response:
    site: Site = request.app.state.site
    filters = Filters.read(request.query_params)
    with site.database.read() as connection:
        found, total = read_greens(connection, filters, now=site.clock(), most=MOST_GREENS)
        flagged = count_flagged_greens(connection, filters, now=site.clock())
    return site.page(
        request,
        "greens.html",
        status=409 if changed else 200,
        filters=filters,
        count=len(found),
        total=total,
        flagged=flagged,
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


def _scope(filters: Filters, site: Site) -> str:
    """The filters in words."""
    titles = site.titles()
    parts = [
        titles.get(filters.project, filters.project) if filters.project else "",
        STANDINGS[filters.status].lower() if filters.status not in ("open", *STATUSES) else "",
        filters.topic,
        f"last {filters.recent} hours" if filters.recent and not (filters.start or filters.end) else "",
        f"from {filters.start}" if filters.start else "",
        f"until {filters.end}" if filters.end else "",
        f"with “{filters.search}”" if filters.search else "",
    ]
    return ", ".join(part for part in parts if part)
