"""Who one may be: a list of names that the team keeps. While it is empty, everybody is who they say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.store.tables import people, people_sessions, people_tokens
from viral_assets.text.names import LONGEST_NAME, as_name, name_key
from viral_assets.vocabulary import PROGRAMS

LONGEST_KEY = 64
"""Characters of a name as it is compared; a few letters become two."""


def add_person(connection: sa.Connection, typed: str, now: datetime) -> tuple[str, bool]:
    """Put a name on the list.

    Returns:
        The name as it stands there, and whether it is new.

    Raises:
        ConfigurationError: it is no name, or a program's.
    """
    name, key = as_name(typed), name_key(typed)
    if not key or len(typed.strip()) > LONGEST_NAME or len(key) > LONGEST_KEY:
        raise ConfigurationError(f"{typed[:LONGEST_NAME]!r} is no name; it takes 1 to {LONGEST_NAME} characters")
    if key in PROGRAMS:
        raise ConfigurationError(f"{name!r} is what a program is called in the record; take another name")
    known = person_named(connection, name)
    if known is not None:
        return known, False
    connection.execute(sa.insert(people).values(name_key=key, name=name, added_at=now))
    return name, True


def remove_person(connection: sa.Connection, typed: str) -> str | None:
    """Take a name off the list: its tokens and sessions go, and what was decided keeps it.

    Returns:
        The name as it stood there; None where it did not.
    """
    name, key = person_named(connection, typed), name_key(typed)
    if name is None:
        return None
    tokens = sa.select(people_tokens.c.id).where(people_tokens.c.name_key == key)
    connection.execute(sa.delete(people_sessions).where(people_sessions.c.token_id.in_(tokens)))
    connection.execute(sa.delete(people_tokens).where(people_tokens.c.name_key == key))
    connection.execute(sa.delete(people).where(people.c.name_key == key))
    return name


def names_of_people(connection: sa.Connection) -> tuple[str, ...]:
    """The list, sorted."""
    return tuple(connection.scalars(sa.select(people.c.name).order_by(people.c.name_key)))


def person_named(connection: sa.Connection, typed: str) -> str | None:
    """The name on the list that is the same person's; None where there is none."""
    return connection.scalar(sa.select(people.c.name).where(people.c.name_key == name_key(typed)))


def listed_name(names: Sequence[str], typed: str) -> str:
    """The name that somebody gives, as the list has it; as it was typed where the list is empty.

    Raises:
        ConfigurationError: it is not on the list.
    """
    if not names:
        return typed
    known = {name_key(name): name for name in names}
    if (name := known.get(name_key(typed))) is None:
        raise ConfigurationError(f"{as_name(typed)!r} is nobody on the list of people ({', '.join(names)})")
    return name
