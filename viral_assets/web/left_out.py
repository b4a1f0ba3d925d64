"""The tab of what was left out, and the way back: a tweet that a person takes after all is drafted like any other."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.errors import ConfigurationError
from viral_assets.queries.filters import RECENT, Filters
from viral_assets.queries.left_out import DEFAULT_HOURS, MOST_HOURS, PAGE, against_one, read_author, read_left_out
from viral_assets.queries.pages import read_opportunity
from viral_assets.queries.selection import what_became
from viral_assets.scoring.engagement import Author
from viral_assets.store.taken import take_tweet
from viral_assets.web.forms import field, posted_form
from viral_assets.web.pages import NotFoundError
from viral_assets.web.regenerate import checked_project, regenerate
from viral_assets.web.rendering import sentence, tweet_address
from viral_assets.web.site import Site

HOURS = {hours: words for hours, words in RECENT.items() if hours <= MOST_HOURS}


def left_out(request: Request) -> Response:
    """The tweets of some hours that were left out."""
    site: Site = request.app.state.site
    # Fewer hours than the list of those that were chosen: nearly all tweets are left out.
    recent = request.query_params.get("recent", "").strip() or str(DEFAULT_HOURS)
    filters = Filters.read({**request.query_params, "recent": recent})
    after = request.query_params.get("after", "")
    projects = site.projects()
    with site.database.read() as connection:
        page = read_left_out(connection, filters, projects, site.vectors_of, now=site.clock(), after=after, size=PAGE)
    titles = site.titles()
    names = sorted({*projects, *filter(None, [filters.project])})
    return site.page(
        request,
        "left_out.html",
        filters=filters,
        page=page,
        became=what_became(page.facts.read, page.facts.left_out, most=10),
        titles=titles,
        hour_choices=HOURS,
        project_choices=[(name, titles.get(name, name)) for name in names],
        continued=bool(after),
        here=filters.address("/left-out", after=after),
    )


async def take(request: Request) -> Response:
    """Make a tweet an opportunity although it was left out, and have it drafted in the background."""
    form = await posted_form(request)
    return await run_in_threadpool(_take, request, form)


def _take(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    tweet_id = field(form, "tweet_id")
    project = checked_project(site.projects(), field(form, "project"))
    who = site.who(request)
    with site.database.read() as connection:
        reason = against_one(connection, project, tweet_id, site.vectors_of).words
        author_id, handle = read_author(connection, tweet_id)
    author = Author.of(author_id, handle)
    with site.database.begin() as connection:
        taken = take_tweet(
            connection,
            project.name,
            tweet_id,
            from_id=author.id or None,
            from_handle=author.handle or None,
            who=who,
            at=site.clock(),
            reason=reason,
        )
    with site.database.read() as connection:
        row = read_opportunity(connection, project.name, tweet_id)
    if row is None:
        raise NotFoundError("There is no such tweet among those that were scored (any more).")
    notice = {"kind": "done", "text": "Taken after all; suggestions are being written"}
    if not taken and row.suggestions:
        notice = {"kind": "done", "text": "This tweet has been taken already"}
    else:
        try:
            regenerate(site.jobs, site.database, row, project, who=who, now=site.clock())
        except ConfigurationError as error:
            notice = {"kind": "bad", "text": sentence(str(error))}
    response = RedirectResponse(tweet_address(project.name, tweet_id, back=form.get("next", "")), 303)
    site.access.leave_notice(request, response, notice)
    return response
