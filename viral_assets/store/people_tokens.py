"""Tokens with which people sign in to the review page, and the sessions that stand for them from then on.

Of both only a hash is kept, so that whoever reads the database gets in nowhere. A token has 192 random bits and a
session 256: nobody tries them out, and a slow hash would protect nothing. How long sessions last is decided in
``web.people_sessions``.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.store.people import person_named
from viral_assets.store.tables import people, people_sessions, people_tokens
from viral_assets.text.names import name_key

_TOKEN = re.compile(r"va-([0-9a-f]{8})-([A-Za-z0-9_-]{32})")
_NOBODYS = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class PersonToken:
    """What is known of a token. ``used_at`` is when somebody last signed in with it; ``sessions`` are those that have
    not ended."""

    id: str
    name: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session that nobody has ended, of a token that nobody has revoked."""

    name: str
    used_at: datetime
    until: datetime


def make_token(connection: sa.Connection, name: str, now: datetime) -> tuple[str, str]:
    """A new token for somebody on the list.

    Returns:
        Its id, and the token itself, which nobody can be told again.

    Raises:
        ConfigurationError: the name is not on the list.
    """
    if person_named(connection, name) is None:
        raise ConfigurationError(f"{name!r} is nobody on the list of people; `viral-assets people add` puts one there")
    token_id = secrets.token_hex(4)
    token = f"va-{token_id}-{secrets.token_urlsafe(24)}"
    values = {"id": token_id, "name_key": name_key(name), "token_sha256": _hash(token), "made_at": now}
    connection.execute(sa.insert(people_tokens).values(values))
    return token_id, token


def holder_of(connection: sa.Connection, given: str) -> tuple[str, str] | None:
    """The id and the person of a token that lets somebody in; None for anything else. How long it takes tells nothing
    about the secret part."""
    given = given.strip()
    match = _TOKEN.fullmatch(given)
    token, person = people_tokens.c, people.c
    query = (
        sa.select(token.token_sha256, person.name)
        .join_from(people_tokens, people, person.name_key == token.name_key)
        .where(token.id == (match[1] if match else ""), token.revoked_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    same = hmac.compare_digest(row.token_sha256 if row else _NOBODYS, _hash(given))
    return (match[1], row.name) if match and row and same else None


def any_token(connection: sa.Connection) -> bool:
    """Whether people have tokens of their own, revoked ones too: who takes a token away opens no door by that."""
    return bool(connection.scalar(sa.select(sa.exists().select_from(people_tokens))))


def revoke_token(connection: sa.Connection, token_id: str, now: datetime) -> str | None:
    """Let a token and its sessions let nobody in any more.

    Returns:
        Whose it was; None where there is no such token, or it is revoked already.
    """
    token = people_tokens.c
    query = sa.select(people.c.name).join(people_tokens, token.name_key == people.c.name_key)
    name = connection.scalar(query.where(token.id == token_id, token.revoked_at.is_(None)))
    if name is not None:
        connection.execute(sa.update(people_tokens).where(token.id == token_id).values(revoked_at=now))
        connection.execute(sa.delete(people_sessions).where(people_sessions.c.token_id == token_id))
    return name


def tokens_of_people(connection: sa.Connection, now: datetime) -> list[PersonToken]:
    """All there are, by person and time; of none its secret part."""
    token, session = people_tokens.c, people_sessions.c
    sessions = (
        sa.select(sa.func.count())
        .select_from(people_sessions)
        .where(session.token_id == token.id, session.until > now)
        .correlate(people_tokens)
        .scalar_subquery()
    )
    query = (
        sa.select(token.id, people.c.name, token.made_at, token.used_at, token.revoked_at, sessions)
        .join_from(people_tokens, people, people.c.name_key == token.name_key)
        .order_by(people.c.name_key, token.made_at, token.id)
    )
    return [PersonToken(*row) for row in connection.execute(query)]


def begin_session(connection: sa.Connection, session_id: str, token_id: str, *, until: datetime, now: datetime) -> None:
    """Remember a session that a token began. Forgets those whose time is up."""
    connection.execute(sa.delete(people_sessions).where(people_sessions.c.until <= now))
    values = {"session_sha256": _hash(session_id), "token_id": token_id, "used_at": now, "until": until}
    connection.execute(sa.insert(people_sessions).values(values))
    connection.execute(sa.update(people_tokens).where(people_tokens.c.id == token_id).values(used_at=now))


def read_session(connection: sa.Connection, session_id: str) -> KnownSession | None:
    """The session of this id; None where there is none, or none any more."""
    session, token = people_sessions.c, people_tokens.c
    query = (
        sa.select(people.c.name, session.used_at, session.until)
        .join_from(people_sessions, people_tokens, token.id == session.token_id)
        .join(people, people.c.name_key == token.name_key)
        .where(session.session_sha256 == _hash(session_id), token.revoked_at.is_(None))
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else KnownSession(*row)


def use_session(connection: sa.Connection, session_id: str, now: datetime) -> None:
    """Note that a session was used."""
    this = people_sessions.c.session_sha256 == _hash(session_id)
    connection.execute(sa.update(people_sessions).where(this).values(used_at=now))


def end_session(connection: sa.Connection, session_id: str) -> None:
    """End a session; nothing where there is none."""
    connection.execute(sa.delete(people_sessions).where(people_sessions.c.session_sha256 == _hash(session_id)))


def _hash(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()
