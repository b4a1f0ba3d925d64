"""Who is signed in, and for how long: a signed cookie for each session, and an end that holds wherever the cookie is.

A cookie says which session it is, when that ends however much it is used, and when it was last used. The server keeps
nothing of it, so that a restart, and another process with the same token, know everybody; only the sessions that
somebody ended are written down, in the database.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.store.ended_sessions import end_session, has_ended
from viral_assets.store.engine import Database
from viral_assets.web.access import AccessRules

COOKIE = "session"

CLOCKS_APART = timedelta(minutes=1)
"""By so much the clocks of machines that share a token may differ."""

RENEWED_AFTER = timedelta(minutes=1)
"""A cookie that was last used so long ago is given again with the new time, rather than at each request."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lasts.

    Args:
        idle: without any request.
        longest: at most, however much it is used. Counts for sessions that begin from then on.
    """

    idle: timedelta = timedelta(hours=12)
    longest: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one browser.

    Args:
        id: nobody guesses it, and no two have the same.
        until: when it ends at the latest.
        used: when it was last used, to the second.
        person: whose token it began with; empty for the one that all share.
    """

    id: str
    until: datetime
    used: datetime
    person: str = ""

    def is_over(self, now: datetime, limits: SessionLimits) -> bool:
        """Whether its time is up. One from the future is no session of ours."""
        return now >= self.until or now - self.used >= limits.idle or self.used - now > CLOCKS_APART

    def is_to_be_renewed(self, now: datetime, limits: SessionLimits) -> bool:
        """Whether the cookie should say anew when it was last used."""
        return now - self.used >= min(RENEWED_AFTER, limits.idle / 10)


class _ClockSigner(TimestampSigner):
    """The library's, with a clock that is handed in."""

    def __init__(self, *arguments: Any, clock: Callable[[], datetime], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock().timestamp())


class Sessions:
    """The sessions of one server, and of all others with the same token and database.

    Args:
        access: has the key, and knows how cookies are set.
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
        self._serializer = URLSafeTimedSerializer(
            access.key,
            salt=COOKIE,
            signer=_ClockSigner,
            signer_kwargs={"clock": clock, "key_derivation": "hmac", "digest_method": sha256},
        )

    def of(self, request: Request) -> Session | None:
        """The session of a request; None where there is none, or none any more.

        Raises:
            ViralAssetsError: the database cannot say whether it was ended.
        """
        session = self._read(self._access.cookie(request, COOKIE))
        if session is None or session.is_over(self._clock(), self.limits):
            return None
        with self._database().read() as connection:
            return None if has_ended(connection, session.id) else session

    def begin(self, request: Request, response: Response) -> None:
        """A new one for a browser. The one that it has ends, so that no cookie is left which no log-out reaches.

        Raises:
            ViralAssetsError: as :meth:`end`.
        """
        self._end(request)
        now = self._clock()
        self._give(request, response, Session(self._new_id(), now + self.limits.longest, now))

    def renew(self, request: Request, response: Response, session: Session) -> None:
        """Say in the cookie that the session was used just now, if it is time to."""
        now = self._clock()
        if session.is_to_be_renewed(now, self.limits):
            self._give(request, response, replace(session, used=now))

    def end(self, request: Request, response: Response) -> None:
        """End the session of a browser: no copy of its cookie is accepted any more. Others of the same person go on.

        Raises:
            ViralAssetsError: the database cannot write it down; the session has not ended.
        """
        self._end(request)
        self._access.delete_cookie(response, COOKIE)

    def _end(self, request: Request) -> None:
        session = self.of(request)
        if session is not None:
            with self._database().begin() as connection:
                end_session(connection, session.id, until=session.until, now=self._clock())

    def _give(self, request: Request, response: Response, session: Session) -> None:
        value = self._serializer.dumps({"id": session.id, "until": int(session.until.timestamp())})
        lasts = min(self.limits.idle, session.until - session.used)
        self._access.set_cookie(request, response, COOKIE, str(value), int(lasts.total_seconds()))

    def _read(self, cookie: str) -> Session | None:
        """What a cookie says; None when we have not signed it."""
        try:
            content, used = self._serializer.loads(cookie, return_timestamp=True)
            return Session(str(content["id"]), datetime.fromtimestamp(content["until"], UTC), used)
        except (BadData, KeyError, TypeError, ValueError, OverflowError, OSError):
            return None
