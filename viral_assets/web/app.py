"""The application: which address leads where, and what becomes of an error."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from viral_assets.errors import ConfigurationError, DatabaseUnavailableError, SchemaOutOfDateError, ViralAssetsError
from viral_assets.web import actions, approve_greens, left_out, lessons, numbers, pages, revisions, sign_in, teamwork
from viral_assets.web.forms import BadFormError, ForeignFormError
from viral_assets.web.pages import NotFoundError, not_found_page, problem_page
from viral_assets.web.security import BodyTooLargeError, HostNames, SecurityMiddleware
from viral_assets.web.site import Site

log = logging.getLogger("viral_assets")

YEAR = 365 * 24 * 3600


def create_app(site: Site, names: HostNames) -> ASGIApp:
    """The review page of a site, to be served under these names only."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        site.jobs.close()

    app = Starlette(
        routes=[
            Route("/", pages.opportunities, methods=["GET"]),
            Route("/tweet", pages.tweet, methods=["GET"]),
            Route("/left-out", left_out.left_out, methods=["GET"]),
            Route("/take", left_out.take, methods=["POST"]),
            Route("/lesson", lessons.lesson, methods=["GET"]),
            Route("/lesson", lessons.write_lesson, methods=["POST"]),
            Route("/numbers", numbers.numbers, methods=["GET"]),
            Route("/decide", actions.decide, methods=["POST"]),
            Route("/undo", actions.undo, methods=["POST"]),
            Route("/approve-greens", approve_greens.greens, methods=["GET"]),
            Route("/approve-greens", approve_greens.approve_greens, methods=["POST"]),
            Route("/revise", revisions.ask, methods=["POST"]),
            Route("/revision", revisions.decide, methods=["POST"]),
            Route("/assign", teamwork.assign, methods=["POST"]),
            Route("/seen", teamwork.seen, methods=["POST"]),
            Route("/regenerate", actions.regenerate, methods=["POST"]),
            Route("/regeneration", pages.regeneration, methods=["GET"]),
            Route("/length", actions.length, methods=["POST"]),
            Route("/name", sign_in.rename, methods=["POST"]),
            Route("/login", sign_in.ask_for_token, methods=["GET"]),
            Route("/login", sign_in.log_in, methods=["POST"]),
            Route("/logout", sign_in.log_out, methods=["POST"]),
            Mount("/static", _CachedFiles(directory=str(files("viral_assets.web") / "static"))),
        ],
        exception_handlers={
            HTTPException: _http_error,
            NotFoundError: _not_found,
            BodyTooLargeError: _too_large,
            ForeignFormError: _foreign_form,
            BadFormError: _bad_form,
            ConfigurationError: _bad_filter,
            ViralAssetsError: _unavailable,
            Exception: _bug,
        },
        lifespan=lifespan,
    )
    app.state.site = site
    # Around everything, so that the page for what nobody foresaw is guarded too.
    return SecurityMiddleware(app, site=site, names=names)


class _CachedFiles(StaticFiles):
    """Files whose address changes with their content (see ``rendering.static_address``) may be cached."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["cache-control"] = f"public, max-age={YEAR}, immutable" if versioned else "no-cache"
        return response


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if request.url.path.startswith("/static/"):
        return PlainTextResponse("Not found.\n", status)
    if status == 404:
        return not_found_page(request, "There is no such page here.")
    if status == 405:
        return problem_page(request, 405, "Not in this way", "This address is for forms; go back to the list.")
    message = "The form could not be read." if status == 400 else "That did not work."
    return problem_page(request, status, "That did not work", message)


async def _not_found(request: Request, error: Exception) -> Response:
    return not_found_page(request, str(error))


async def _foreign_form(request: Request, _error: Exception) -> Response:
    return problem_page(
        request,
        403,
        "Please load the page again",
        "The page was from before the server started anew, so nothing was done. Load it again and repeat.",
    )


async def _too_large(request: Request, _error: Exception) -> Response:
    return problem_page(request, 413, "That is too much", "No form here holds so much; nothing was done.")


async def _bad_form(request: Request, error: Exception) -> Response:
    return problem_page(request, 422, "That is incomplete", str(error))


async def _bad_filter(request: Request, error: Exception) -> Response:
    return problem_page(request, 422, "That cannot be shown", f"{str(error)[:1].upper()}{str(error)[1:]}.")


async def _unavailable(request: Request, error: Exception) -> Response:
    heading = (
        "The database does not answer"
        if isinstance(error, DatabaseUnavailableError | SchemaOutOfDateError)
        else "That did not work"
    )
    log.error("%s", error)
    return problem_page(
        request, 503, heading, str(error), back=str(request.url.path) if request.method == "GET" else "/"
    )


async def _bug(request: Request, _error: Exception) -> Response:
    return problem_page(request, 500, "Something is broken here", "The server's log says more. Nothing was lost.")
