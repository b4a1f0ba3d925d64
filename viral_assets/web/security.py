"""What every request and every response goes through, whatever page it is about.

- The Host must be one of this server's names: else a site whose name suddenly leads here (DNS rebinding) could read
  everything.
- What changes something must come from a page of ours. ``Sec-Fetch-Site`` and ``Origin`` say where from, as far as
  browsers send them; a token in the form says the rest (see ``access``).
- Without a session on a server that asks for a token there is nothing but the page that asks for it.
- Bodies are small. Answers forbid scripts and styles that are not ours, frames, sniffing and referrers.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viral_assets.errors import ViralAssetsError
from viral_assets.web.access import same_site_path
from viral_assets.web.rendering import render
from viral_assets.web.sessions import COOKIE
from viral_assets.web.site import Site

log = logging.getLogger("viral_assets")

MAX_BODY = 64 * 1024
"""Bytes. The largest form is an edited reply, whose text is refused long before."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_PATHS = ("/login", "/static/")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_RULES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{what} {whence}" for what, whence in _RULES.items())
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "x-robots-tag": "noindex, nofollow",
}
_PORT = re.compile(r":\d{1,5}$")


class BodyTooLargeError(Exception):
    """More was sent than any form of ours holds."""


@dataclass(frozen=True)
class HostNames:
    """The names under which this server may be asked.

    Args:
        allowed: lower case, without ports.
        any_address: every IP address is one too. A rebinding attack needs a name, so this opens nothing.
    """

    allowed: frozenset[str]
    any_address: bool = False

    @classmethod
    def of(cls, host: str, more: Collection[str] = ()) -> HostNames:
        """Those of a server that listens on ``host``."""
        if is_loopback(host):
            return cls(LOOPBACK_NAMES | {_bare(name) for name in (host, *more)})
        import socket

        own = {host, socket.gethostname(), socket.getfqdn(), *more}
        return cls(LOOPBACK_NAMES | {_bare(name) for name in own}, any_address=True)

    def __contains__(self, host: str) -> bool:
        name = _bare(_PORT.sub("", host) if not host.endswith("]") else host)
        return name in self.allowed or (self.any_address and _is_address(name))


def is_loopback(host: str) -> bool:
    """Only this machine can reach a server that listens there."""
    name = _bare(host)
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


class SecurityMiddleware:
    """ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, *, site: Site, names: HostNames) -> None:
        self._app, self._site, self._names = app, site, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, headers = Request(scope), Headers(scope=scope)
        began = False
        cookies: list[str] = []

        async def send_guarded(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                sent = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    sent[name] = value
                # Pages tell what a person decided; files are named after what is in them.
                sent.setdefault("cache-control", "no-store")
                self._renew(cookies, sent)
            await send(message)

        refused = self._refusal(request, headers)
        if refused is None and not request.url.path.startswith(OPEN_PATHS):
            refused = await run_in_threadpool(self._without_session, request, cookies)
        if refused is not None:
            # For a script: say it, and leave what is shown as it is.
            refused.headers["hx-reswap"] = "none"
            await refused(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, _bounded(receive), send_guarded)
        except BodyTooLargeError:
            if not began:
                await _too_large()(scope, receive, send_guarded)

    def _refusal(self, request: Request, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._names:
            return PlainTextResponse(
                "This server does not answer to that name. Open it by the address it printed when it started, or "
                "start it with --allow-host NAME.\n",
                status_code=421,
            )
        if request.method not in SAFE_METHODS and not _from_here(headers, hosts[0]):
            return PlainTextResponse("That did not come from a page of this server, and was not done.\n", 403)
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            return _too_large()
        return None

    def _without_session(self, request: Request, cookies: list[str]) -> Response | None:
        """What to answer to a request that lacks the session it takes; None for one that may go on.

        Args:
            cookies: gets those to send, where the session goes on for longer now.
        """
        authenticator = self._site.authenticator
        try:
            asked = authenticator.asks()
            if asked == "nothing":
                return None
            session = authenticator.session(request, asked)
        except ViralAssetsError as error:
            log.error("%s", error)
            values = {"code": 503, "heading": "The database does not answer", "message": "Try again in a moment."}
            values["typed"] = ""  # nothing is read of a request whose session nobody knows
            return Response(render("plain.html", values), 503, media_type="text/html")
        if session is None:
            return _ask_for_token(request)
        request.state.guarded, request.state.person = True, session.person
        renewed = Response()
        authenticator.renew(request, renewed, session)
        cookies += renewed.headers.getlist("set-cookie")
        return None

    def _renew(self, cookies: Sequence[str], sent: MutableHeaders) -> None:
        """Give the session's cookie again, unless the answer says something else about it, as after a log-out."""
        mine = f"{self._site.access.cookie_name(COOKIE)}="
        if not any(cookie.startswith(mine) for cookie in sent.getlist("set-cookie")):
            for cookie in cookies:
                sent.append("set-cookie", cookie)


def _ask_for_token(request: Request) -> Response:
    if request.method in SAFE_METHODS and "hx-request" not in request.headers:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(_login_for(here), status_code=303)
    return PlainTextResponse(
        "Log in again: this page has been open for too long.\n",
        401,
        headers={"hx-redirect": _login_for(_page_shown(request))},
    )


def _login_for(here: str) -> str:
    """The page that asks for the token, and then leads on to ``here``."""
    return "/login" if here == "/" else f"/login?next={quote(here, safe='')}"


def _page_shown(request: Request) -> str:
    """The page that a script asked from."""
    try:
        shown = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    return same_site_path(shown.path + (f"?{shown.query}" if shown.query else ""))


def _from_here(headers: Headers, host: str) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    if origin == "null":
        # What browsers send for a form of ours, because the pages ask them to keep quiet about where they come from.
        return True
    return urlsplit(origin).netloc.lower() == host.lower()


def _bounded(receive: Receive) -> Receive:
    read = 0

    async def receive_some() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > MAX_BODY:
            raise BodyTooLargeError
        return message

    return receive_some


def _too_large() -> Response:
    return PlainTextResponse("That is more than any form here holds; nothing was done.\n", 413)


def _bare(name: str) -> str:
    return name.strip().strip("[]").rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
