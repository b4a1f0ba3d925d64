"""Who may come in, and what their cookies say. No state: everything is signed, or follows from the secret.

A server for this machine alone lets everybody in who reaches it. One that others can reach asks for a token once; a
cookie stands for it from then on. Either way a form carries a token of its own, which no other site can know.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass, field
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import ConfigurationError
from viral_assets.text.display import one_line

SHORTEST_TOKEN = 16
LONGEST_NAME = 60
SESSION_SECONDS = 14 * 24 * 3600
NOTICE_SECONDS = 60


@dataclass(frozen=True)
class Access:
    """The rules of one server.

    Args:
        who: whose decisions these are, unless somebody gives a name of their own.
        token: what a visitor has to know; None lets everybody in, which is for loopback only.
        port: cookies are shared between the ports of a machine, so their names tell them apart.

    Raises:
        ConfigurationError: the token is too short to keep anybody out.
    """

    who: str
    token: str | None = None
    port: int = 0
    _key: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise ConfigurationError(
                f"VIRAL_ASSETS_REVIEW_TOKEN is too short; take at least {SHORTEST_TOKEN} characters, "
                "or leave it out and one is made"
            )
        # From the token, so that a restart with the same token keeps everybody in.
        key = sha256(b"viral_assets review\0" + self.token.encode()).digest() if self.token else secrets.token_bytes(32)
        object.__setattr__(self, "_key", key)

    def is_token(self, given: str) -> bool:
        """In a time that tells nothing about the token."""
        return self.token is not None and hmac.compare_digest(
            sha256(given.strip().encode(errors="replace")).digest(), sha256(self.token.encode()).digest()
        )

    def may_enter(self, request: Request) -> bool:
        """Nobody asks for a token, or the cookie shows that it was given."""
        return self.token is None or self._unsigned(request, "session") == "in"

    def let_in(self, request: Request, response: Response) -> None:
        """Remember that the token was given."""
        self._set(request, response, "session", "in", SESSION_SECONDS)

    def let_out(self, response: Response) -> None:
        """Forget it."""
        response.delete_cookie(self._cookie("session"))

    def name_of(self, request: Request) -> str:
        """Whose decisions come from this browser."""
        return self._unsigned(request, "name") or self.who

    def set_name(self, request: Request, response: Response, name: str) -> None:
        """Another name for this browser; an empty one is the server's again."""
        name = one_line(name[: 10 * LONGEST_NAME])[:LONGEST_NAME]
        if name and name != self.who:
            self._set(request, response, "name", name, SESSION_SECONDS)
        else:
            response.delete_cookie(self._cookie("name"))

    @property
    def form_token(self) -> str:
        """What every form of ours carries and no other site can know."""
        return self._signature("form")

    def is_form_token(self, given: str) -> bool:
        """Whether a form is ours."""
        return hmac.compare_digest(given.encode(errors="replace"), self.form_token.encode())

    def leave_notice(self, request: Request, response: Response, notice: dict[str, str]) -> None:
        """Something to say on the next page that is shown."""
        self._set(request, response, "notice", json.dumps(notice, separators=(",", ":")), NOTICE_SECONDS)

    def take_notice(self, request: Request) -> dict[str, str]:
        """What the last page left; empty when nothing was. Forget it with :meth:`notice_shown`."""
        told = self._unsigned(request, "notice")
        found = json.loads(told) if told else {}
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    def notice_shown(self, response: Response) -> None:
        """Say it once only."""
        response.delete_cookie(self._cookie("notice"))

    def _cookie(self, what: str) -> str:
        return f"viral_assets_{what}_{self.port}"

    def _set(self, request: Request, response: Response, what: str, value: str, seconds: int) -> None:
        packed = base64.urlsafe_b64encode(value.encode(errors="replace")).decode().rstrip("=")
        response.set_cookie(
            self._cookie(what),
            f"{packed}.{self._signature(f'{what}:{value}')}",
            max_age=seconds,
            path="/",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )

    def _unsigned(self, request: Request, what: str) -> str:
        packed, _, signature = request.cookies.get(self._cookie(what), "").partition(".")
        try:
            value = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
        except (binascii.Error, ValueError):
            return ""
        right = self._signature(f"{what}:{value}")
        return value if hmac.compare_digest(signature.encode(errors="replace"), right.encode()) else ""

    def _signature(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode(errors="replace"), sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


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
