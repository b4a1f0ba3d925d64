"""Who may come in, and as whom: everybody who reaches a server for this machine alone; with one token that all share,
under a name that each gives; or with a token of one's own, under one's own name and no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from viral_assets.errors import ViralAssetsError
from viral_assets.store.engine import Database
from viral_assets.store.people_tokens import any_token, holder_of
from viral_assets.web.access import AccessRules
from viral_assets.web.people_sessions import PeopleSessions
from viral_assets.web.sessions import Session, SessionLimits, Sessions
from viral_assets.web.wrong_tokens import WrongTokens

log = logging.getLogger("viral_assets")

Asks = Literal["nothing", "shared", "own"]
"""What a server asks visitors for: no token, the one that all share, or one's own."""


class Authenticator:
    """Of one server.

    Args:
        access: has the token that all share, and knows how cookies are set.
        database: asked for when it is needed.
        limits: how long sessions last.
        clock: aware.
    """

    def __init__(
        self,
        access: AccessRules,
        database: Callable[[], Database],
        *,
        limits: SessionLimits,
        clock: Callable[[], datetime],
    ) -> None:
        self.shared = Sessions(access, database, limits=limits, clock=clock)
        self.own = PeopleSessions(access, database, limits=limits, clock=clock)
        self._access, self._database = access, database
        self._wrong = WrongTokens(clock)
        self._own = False

    def asks(self) -> Asks:
        """What is asked for now. Once people have tokens of their own, no other lets anybody in until the server is
        started anew, also if all of them are taken away.

        Raises:
            ViralAssetsError: the database does not answer, and somebody could come in by what it would say. A server
                that has asked for nothing goes on so: without the database there is nothing to see.
        """
        otherwise: Asks = "nothing" if self._access.token is None else "shared"
        if not self._own:
            try:
                with self._database().read() as connection:
                    self._own = any_token(connection)
            except ViralAssetsError:
                if otherwise == "nothing":
                    return otherwise
                raise
        return "own" if self._own else otherwise

    def session(self, request: Request, asked: Asks) -> Session | None:
        """The session of a request.

        Raises:
            ViralAssetsError: the database does not answer.
        """
        return self.own.of(request) if asked == "own" else self.shared.of(request)

    def renew(self, request: Request, response: Response, session: Session) -> None:
        """Let a session that was used last on. Where that cannot be written down it lasts as long as it did."""
        try:
            (self.own if session.person else self.shared).renew(request, response, session)
        except ViralAssetsError as error:
            log.warning("a session was not prolonged: %s", error)

    def wait(self, request: Request) -> timedelta:
        """How long whoever asks has to wait before a token is looked at; zero for not at all."""
        return self._wrong.wait(_address(request))

    def admit(self, request: Request, response: Response, given: str) -> bool:
        """Begin a session, if the token lets somebody in.

        Raises:
            ViralAssetsError: the database does not answer.
        """
        if self.asks() == "own":
            with self._database().read() as connection:
                holder = holder_of(connection, given)
            if holder is not None:
                self.own.begin(request, response, holder[0])
                return True
        elif self._access.is_token(given):
            self.shared.begin(request, response)
            return True
        self._wrong.note(_address(request))
        return False

    def leave(self, request: Request, response: Response) -> None:
        """End the session of a browser.

        Raises:
            ViralAssetsError: the database cannot write it down; the session has not ended.
        """
        (self.own if self.asks() == "own" else self.shared).end(request, response)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
