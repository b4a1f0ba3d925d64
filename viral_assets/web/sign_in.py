"""Coming in and going: the page that asks for the token, log-in, log-out, and the name in the record of decisions."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.web.access import same_site_path
from viral_assets.web.forms import posted_form
from viral_assets.web.site import Site

WRONG_TOKEN_SECONDS = 0.5
"""What a wrong token costs, so that trying many takes long."""


async def ask_for_token(request: Request) -> Response:
    """The page that asks for the token; with the token in the address (as it is printed), in at once."""
    site: Site = request.app.state.site
    onward = same_site_path(request.query_params.get("next"))
    given = request.query_params.get("token")
    if site.access.token is None:
        return RedirectResponse(onward, 303)
    if given is None:
        return site.part(request, "login.html", next=onward, wrong=False)
    if not site.access.is_token(given):
        return await _wrong_token(request, site, onward)
    response = RedirectResponse(onward, 303)
    await run_in_threadpool(site.sessions.begin, request, response)
    return response


async def log_in(request: Request) -> Response:
    """Take the token from the form."""
    site: Site = request.app.state.site
    form = await posted_form(request)
    onward = same_site_path(form.get("next"))
    if not site.access.is_token(form.get("secret", "")):
        return await _wrong_token(request, site, onward)
    response = RedirectResponse(onward, 303)
    await run_in_threadpool(site.sessions.begin, request, response)
    site.access.set_name(request, response, form.get("who", ""))
    return response


async def _wrong_token(request: Request, site: Site, onward: str) -> Response:
    await asyncio.sleep(WRONG_TOKEN_SECONDS)
    return site.part(request, "login.html", status=403, next=onward, wrong=True)


async def log_out(request: Request) -> Response:
    """End the session of this browser."""
    site: Site = request.app.state.site
    await posted_form(request)
    response = RedirectResponse("/login", 303)
    await run_in_threadpool(site.sessions.end, request, response)
    return response


async def rename(request: Request) -> Response:
    """Another name for the decisions of this browser."""
    site: Site = request.app.state.site
    form = await posted_form(request)
    response = RedirectResponse(same_site_path(form.get("next")), 303)
    site.access.set_name(request, response, form.get("who", ""))
    return response
