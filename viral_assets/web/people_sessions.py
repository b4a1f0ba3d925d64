"""Sessions of people who came in with a token of their own: the cookie is a random id, the rest is in the database.

Nothing here is signed with what others know, so that nobody can write a cookie of somebody else's. A session ends with
its time, on sign-out, and with its token; a restart, and another server on the same database, know it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from viral_assets.store import people_tokens
from viral_assets.store.engine import Database
from viral_assets.web.access import AccessRules
from viral_assets.web.sessions import COOKIE, Session, SessionLimits


class PeopleSessions:
    """The sessions in one database.

    Args:
        access: knows how cookies are set.
        database: asked for when it is needed.
        clock: aware.
        new_id: makes the ids.
    """

    def __init__(
        self,
        access: AccessRules,
        database: Callable[[], Database],
        *,
        limits: SessionLimits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        self.limits = limits
        self._access, self._database, self._clock, self._new_id = access, database, clock, new_id

    def of(self, request: Request) -> Session | None:
        """The session of a request; None where there is none, or none any more.

        Raises:
            ViralAssetsError: the database does not answer.
        """
        cookie = self._access.cookie(request, COOKIE)
        if not cookie:
            return None
        with self._database().read() as connection:
            known = people_tokens.read_session(connection, cookie)
        if known is None:
            return None
        session = Session(cookie, known.until, known.used_at, person=known.name)
        return None if session.is_over(self._clock(), self.limits) else session

    def begin(self, request: Request, response: Response, token_id: str) -> None:
        """A new one for a browser, which a token has let in. The one that it has ends.

        Raises:
            ViralAssetsError: the database cannot write it down; nobody is signed in.
        """
        now = self._clock()
        session = Session(self._new_id(), now + self.limits.longest, now)
        with self._database().begin() as connection:
            people_tokens.end_session(connection, self._access.cookie(request, COOKIE))
            people_tokens.begin_session(connection, session.id, token_id, until=session.until, now=now)
        self._give(request, response, session)

    def renew(self, request: Request, response: Response, session: Session) -> None:
        """Note that the session was used just now, if it is time to.

        Raises:
            ViralAssetsError: the database cannot write it down; the session is as it was.
        """
        now = self._clock()
        if session.is_to_be_renewed(now, self.limits):
            with self._database().begin() as connection:
                people_tokens.use_session(connection, session.id, now)
            self._give(request, response, Session(session.id, session.until, now))

    def end(self, request: Request, response: Response) -> None:
        """End the session of a browser: no copy of its cookie is accepted any more.

        Raises:
            ViralAssetsError: the database cannot write it down; the session has not ended.
        """
        with self._database().begin() as connection:
            people_tokens.end_session(connection, self._access.cookie(request, COOKIE))
        self._access.delete_cookie(response, COOKIE)

    def _give(self, request: Request, response: Response, session: Session) -> None:
        lasts = min(self.limits.idle, session.until - session.used)
        self._access.set_cookie(request, response, COOKIE, session.id, int(lasts.total_seconds()))
