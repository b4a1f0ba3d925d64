"""Approving many greens at once: each is shown with the reply that would be approved, and only the ticked ones are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.queries.filters import ASSIGNED, STANDINGS, Filters, recent_words
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.queries.pages import read_greens, still_open
from viral_assets.store import decisions
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.vocabulary import PENDING, STATUSES
from viral_assets.web.answers import answer_many, many_words
from viral_assets.web.forms import BadFormError, posted_lists
from viral_assets.web.site import Site, wants_part

MOST_GREENS = 100
"""On one list to tick; more than anybody looks through in one go."""

Pick = tuple[SuggestionKey, int]
"""A suggestion and the version that was shown."""


async def greens(request: Request) -> Response:
    """The greens, to tick."""
    return await run_in_threadpool(_greens, request)


def _greens(request: Request, *, none_ticked: bool = False) -> Response:
    site: Site = request.app.state.site
    filters, second = Filters.read(request.query_params, me=site.who(request)), site.second_approval()
    with site.database.read() as connection:
        rows, total = read_greens(connection, filters, now=site.clock(), most=MOST_GREENS, second=second)
    offered = [
        (row, suggestion, write_pick(row, suggestion), is_ticked(row, suggestion))
        for row in rows
        if (suggestion := first_pending(row))
    ]
    shown: dict[str, Any] = {
        "filters": filters,
        "offered": offered,
        "count": sum(ticked for *_, ticked in offered),
        "total": total,
        "none_ticked": none_ticked,
        "scope": _scope(filters, site),
        "here": filters.address(),
        "titles": site.titles(),
    }
    if wants_part(request):
        return site.part(request, "_greens.html", **shown)
    return site.page(request, "greens.html", status=422 if none_ticked else 200, **shown)


async def approve_greens(request: Request) -> Response:
    """Approve what is ticked, but for what has been decided about meanwhile."""
    form, picked = await posted_lists(request, "pick", MOST_GREENS)
    return await run_in_threadpool(_approve_greens, request, form, picked)


def _approve_greens(request: Request, form: Mapping[str, str], picked: Sequence[str]) -> Response:
    site: Site = request.app.state.site
    picks = [read_pick(each) for each in picked]
    if not picks:
        return _greens(request, none_ticked=True)
    who, second = site.who(request), site.second_approval()
    with site.database.begin() as connection:
        open_now = still_open(connection, [(key.project, key.tweet_id) for key, _ in picks])
        wanted = [(key, version) for key, version in picks if (key.project, key.tweet_id) in open_now]
        done, _ = decisions.decide_many(connection, wanted, "approve", who=who, at=site.clock(), second=second)
    text = f"Approved: {many_words(done)}"
    if left := len(picks) - len(done):
        stay = "stays as it is" if left == 1 else "stay as they are"
        text += f"; {left:,} had been changed or decided about meanwhile and {stay}"
    notice = {"kind": "done" if done else "bad", "text": text}
    if done:
        notice |= {"event": str(done[0].event_id), "batch": "1"}
    return answer_many(request, site, form, done, notice)


def first_pending(row: OpportunityView) -> SuggestionView | None:
    """What would be approved for a tweet."""
    return next((each for each in row.suggestions if each.status == PENDING), None)


def is_ticked(row: OpportunityView, suggestion: SuggestionView) -> bool:
    """Whether it is offered ticked: not where a person should look twice, not what no model has written, and not what
    somebody wants changed."""
    return not row.flags and suggestion.revision is None and (suggestion.recorded or not suggestion.offline)


def write_pick(row: OpportunityView, suggestion: SuggestionView) -> str:
    """A suggestion and its version, as a form holds them."""
    return json.dumps([row.project, row.tweet_id, suggestion.type_name, suggestion.version])


def read_pick(text: str) -> Pick:
    """What :func:`write_pick` wrote.

    Raises:
        BadFormError: it did not write that.
    """
    try:
        project, tweet_id, type_name, version = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        raise BadFormError("What is ticked cannot be read.") from None
    words = [each for each in (project, tweet_id, type_name) if isinstance(each, str) and "\x00" not in each]
    if len(words) != 3 or type(version) is not int or not 0 <= version < 10**18:
        raise BadFormError("What is ticked cannot be read.")
    return SuggestionKey(*words), version


def _scope(filters: Filters, site: Site) -> str:
    """The filters in words."""
    titles = site.titles()
    parts = [
        titles.get(filters.project, filters.project) if filters.project else "",
        STANDINGS[filters.status].lower() if filters.status not in ("open", *STATUSES) else "",
        filters.topic,
        recent_words(filters.recent).lower() if filters.recent and not (filters.start or filters.end) else "",
        f"from {filters.start}" if filters.start else "",
        f"until {filters.end}" if filters.end else "",
        ASSIGNED[filters.assigned].lower() if filters.assigned else "",
        f"with “{filters.search}”" if filters.search else "",
    ]
    return ", ".join(part for part in parts if part)
