"""Coming in and going: the page that asks for a token, log-in, log-out, and the name in the record of decisions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from math import ceil

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from viral_assets.errors import ConfigurationError
from viral_assets.store.people import listed_name
from viral_assets.web.access import same_site_path
from viral_assets.web.authentication import Asks
from viral_assets.web.forms import BadFormError, posted_form
from viral_assets.web.rendering import sentence
from viral_assets.web.site import Site, signed_in

WRONG_TOKEN_SECONDS = 0.5
"""What a wrong token costs, so that trying many takes long. After some, none is looked at for a while
(``wrong_tokens``)."""


async def ask_for_token(request: Request) -> Response:
    """The page that asks for the token; with the token that all share in the address (as it is printed), in at once."""
    site: Site = request.app.state.site
    onward = same_site_path(request.query_params.get("next"))
    asked = await run_in_threadpool(site.authenticator.asks)
    if asked == "nothing":
        return RedirectResponse(onward, 303)
    given = request.query_params.get("token")
    # Addresses are kept by browsers and proxies: nothing for a token that is somebody's own.
    if given is None or asked == "own":
        return await _page(request, site, asked, onward)
    return await _try(request, site, asked, given, onward)


async def log_in(request: Request) -> Response:
    """Take the token from the form."""
    site: Site = request.app.state.site
    form = await posted_form(request)
    asked = await run_in_threadpool(site.authenticator.asks)
    return await _try(request, site, asked, form.get("secret", ""), same_site_path(form.get("next")), form)


async def _try(
    request: Request, site: Site, asked: Asks, given: str, onward: str, form: Mapping[str, str] | None = None
) -> Response:
    if wait := site.authenticator.wait(request):
        page = await _page(request, site, asked, onward, status=429)
        page.headers["retry-after"] = str(ceil(wait.total_seconds()))
        return page
    response = RedirectResponse(onward, 303)
    if not await run_in_threadpool(site.authenticator.admit, request, response, given):
        await asyncio.sleep(WRONG_TOKEN_SECONDS)
        return await _page(request, site, asked, onward, status=403)
    if asked == "shared" and form is not None:
        await run_in_threadpool(_choose_name, request, site, response, form.get("who", ""))
    return response


async def _page(request: Request, site: Site, asked: Asks, onward: str, *, status: int = 200) -> Response:
    values = {"next": onward, "asked": asked, "refused": {403: "wrong", 429: "often"}.get(status, "")}
    return await run_in_threadpool(partial(site.part, request, "login.html", status=status, **values))


def _choose_name(request: Request, site: Site, response: Response, typed: str) -> None:
    """Of those there are; whatever somebody says where there is no list."""
    try:
        name = listed_name(site.names(request), typed)
    except ConfigurationError as error:
        if typed != site.access.who:
            raise BadFormError(sentence(str(error))) from None
        name = typed
    site.access.set_name(request, response, name)


async def log_out(request: Request) -> Response:
    """End the session of this browser."""
    site: Site = request.app.state.site
    await posted_form(request)
    response = RedirectResponse("/login", 303)
    await run_in_threadpool(site.authenticator.leave, request, response)
    return response


async def rename(request: Request) -> Response:
    """Another name for the decisions of this browser."""
    site: Site = request.app.state.site
    form = await posted_form(request)
    if signed_in(request):
        raise BadFormError("You are signed in with a token of your own, and decide under its name.")
    response = RedirectResponse(same_site_path(form.get("next")), 303)
    await run_in_threadpool(_choose_name, request, site, response, form.get("who", ""))
    return response
