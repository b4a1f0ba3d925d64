"""The token that all share, and what the cookies of a browser say. No state: everything is signed, or follows from the
secret.

A server for this machine alone lets everybody in who reaches it. One that others can reach asks for a token once; a
session stands for it from then on (``sessions``). Who comes in is decided in ``authentication``. Either way a form
carries a token of its own, which no other site can know.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import scrypt, sha256
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import ConfigurationError
from viral_assets.text.names import as_name

SHORTEST_TOKEN = 16
NAME_SECONDS = 14 * 24 * 3600
NOTICE_SECONDS = 60

_SIGNING: Mapping[str, Any] = {"key_derivation": "hmac", "digest_method": sha256}


@dataclass(frozen=True)
class AccessRules:
    """The rules of one server.

    Args:
        who: whose decisions these are, unless somebody gives a name of their own.
        token: what a visitor has to know; None lets everybody in, which is for loopback only.
        port: cookies are shared between the ports of a machine, so their names tell them apart.

    Raises:
        ConfigurationError: the token is too short to keep anybody out.
    """

    who: str
    token: str | None = field(default=None, repr=False)
    port: int = 0
    key: bytes = field(init=False, repr=False)
    """What cookies and forms are signed with."""

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise ConfigurationError(
                f"VIRAL_ASSETS_REVIEW_TOKEN is too short; take at least {SHORTEST_TOKEN} characters, "
                "or leave it out and one is made"
            )
        # From the token, so that a restart with the same token keeps everybody in. Slowly, because whoever has seen a
        # signature could try tokens at home.
        key = (
            scrypt(self.token.encode(errors="replace"), salt=b"viral_assets review", n=2**14, r=8, p=1, dklen=32)
            if self.token
            else secrets.token_bytes(32)
        )
        object.__setattr__(self, "key", key)

    def is_token(self, given: str) -> bool:
        """In a time that tells nothing about the token."""
        return self.token is not None and hmac.compare_digest(
            sha256(given.strip().encode(errors="replace")).digest(), sha256(self.token.encode()).digest()
        )

    def name_of(self, request: Request) -> str:
        """Whose decisions come from this browser."""
        name = self._signed(request, "name")
        return name if isinstance(name, str) and name else self.who

    def set_name(self, request: Request, response: Response, name: str) -> None:
        """Another name for this browser; an empty one is the server's again."""
        name = as_name(name)
        if name and name != self.who:
            self._sign(request, response, "name", name, NAME_SECONDS)
        else:
            self.delete_cookie(response, "name")

    @property
    def form_token(self) -> str:
        """What every form of ours carries and no other site can know."""
        return self._forms.get_signature("form").decode()

    def is_form_token(self, given: str) -> bool:
        """Whether a form is ours."""
        return self._forms.verify_signature(b"form", given.encode(errors="replace"))

    def leave_notice(self, request: Request, response: Response, notice: Mapping[str, str]) -> None:
        """Something to say on the next page that is shown."""
        self._sign(request, response, "notice", dict(notice), NOTICE_SECONDS)

    def take_notice(self, request: Request) -> dict[str, str]:
        """What the last page left; empty when nothing was. Forget it with :meth:`notice_shown`."""
        notice = self._signed(request, "notice")
        return {str(name): str(value) for name, value in notice.items()} if isinstance(notice, dict) else {}

    def notice_shown(self, response: Response) -> None:
        """Say it once only."""
        self.delete_cookie(response, "notice")

    def cookie(self, request: Request, what: str) -> str:
        """A cookie as the browser sent it; empty when it did not."""
        return request.cookies.get(self.cookie_name(what), "")

    def cookie_name(self, what: str) -> str:
        return f"viral_assets_{what}_{self.port}"

    def set_cookie(self, request: Request, response: Response, what: str, value: str, seconds: int) -> None:
        """One that no script reads and no other site sends."""
        response.set_cookie(
            self.cookie_name(what),
            value,
            max_age=seconds,
            path="/",
            httponly=True,
            samesite="strict",
            secure=came_by_tls(request),
        )

    def delete_cookie(self, response: Response, what: str) -> None:
        response.delete_cookie(self.cookie_name(what))

    def _sign(self, request: Request, response: Response, what: str, value: Any, seconds: int) -> None:
        self.set_cookie(request, response, what, str(self._serializer(what).dumps(value)), seconds)

    def _signed(self, request: Request, what: str) -> Any:
        """What we have signed for this purpose; None when we have not."""
        try:
            return self._serializer(what).loads(self.cookie(request, what))
        except BadData:
            return None

    def _serializer(self, what: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self.key, salt=what, signer_kwargs=dict(_SIGNING), serializer_kwargs={"ensure_ascii": True}
        )

    @cached_property
    def _forms(self) -> Signer:
        return Signer(self.key, salt="form", **_SIGNING)


def came_by_tls(request: Request) -> bool:
    """Whether the browser speaks TLS, to this server or to a proxy before it. Anybody may claim so of themselves: all
    that follows from it is that their own browser keeps the cookie to itself."""
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return "https" in (request.url.scheme, forwarded)


def new_token() -> str:
    """One that nobody guesses."""
    return secrets.token_urlsafe(24)


def same_site_path(address: str | None) -> str:
    """Where to go on: ``address`` when it is a path of this server, else its first page. Never another site."""
    if not address or len(address) > 4_000 or not address.startswith("/") or address.startswith(("//", "/\\")):
        return "/"
    # Browsers drop some characters and take a backslash for a slash.
    if "\\" in address or any(ord(character) < 0x20 or ord(character) == 0x7F for character in address):
        return "/"
    return address
