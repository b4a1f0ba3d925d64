"""Whose a tweet is, and who has had its card open, as it comes from the page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import ConfigurationError
from viral_assets.store import teamwork
from viral_assets.store.people import listed_name
from viral_assets.web.answers import answer
from viral_assets.web.forms import BadFormError, field, posted_form
from viral_assets.web.pages import NoSuchTweetError
from viral_assets.web.rendering import sentence
from viral_assets.web.site import Site


async def assign(request: Request) -> Response:
    """Leave a tweet to somebody, or to nobody."""
    form = await posted_form(request)
    return await run_in_threadpool(_assign, request, form)


def _assign(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    project, tweet_id = field(form, "project"), field(form, "tweet_id")
    names, who = site.names(request), site.who(request)
    if not names:
        raise BadFormError("There is no list of people yet; `viral-assets people add NAME` begins one.")
    try:
        name = listed_name(names, form["person"]) if form.get("person") else ""
    except ConfigurationError as error:
        raise BadFormError(sentence(str(error))) from None
    with site.database.begin() as connection:
        there = teamwork.assign(connection, project, tweet_id, name, by=who, at=site.clock())
    if not there:
        raise NoSuchTweetError
    text = f"Left to {name}" if name else "Left to nobody in particular"
    return answer(request, site, project, tweet_id, form, notice={"kind": "done", "text": text})


async def seen(request: Request) -> Response:
    """Note that somebody has a card open; for a script."""
    form = await posted_form(request)
    return await run_in_threadpool(_seen, request, form)


def _seen(request: Request, form: Mapping[str, str]) -> Response:
    site: Site = request.app.state.site
    project, tweet_id = field(form, "project"), field(form, "tweet_id")
    if site.names(request):
        with site.database.begin() as connection:
            teamwork.note_card_seen(connection, project, tweet_id, site.who(request), site.clock())
    return Response(status_code=204)
