"""Which person an opportunity is left to, and who has had its card open. Neither is a decision, and neither keeps
anybody from deciding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import one_of, upsert
from viral_assets.store.tables import assignment_events, assignments, cards_seen, comment_opportunities
from viral_assets.text.names import name_key

Tweet = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Whose an opportunity is, and who said so when."""

    name: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CardViewer:
    """Who has had a card open, and when last."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Teamwork:
    """Of one opportunity; who has seen it last comes first."""

    assigned: Assignment | None = None
    seen: tuple[CardViewer, ...] = ()


NOBODY_YET = Teamwork()


def assign(connection: sa.Connection, project: str, tweet_id: str, name: str, *, by: str, at: datetime) -> bool:
    """Leave an opportunity to somebody on the list of people, or with an empty name to nobody. Where it is that
    person's already, that stays as it is.

    Returns:
        Whether there is such an opportunity.
    """
    if not _is_there(connection, project, tweet_id):
        return False
    mine, key = assignments.c, name_key(name) if name else None
    of_it = mine.project == project, mine.tweet_id == tweet_id
    if connection.execute(sa.select(mine.name_key).where(*of_it)).scalar_one_or_none() == key:
        return True
    row = {"project": project, "tweet_id": tweet_id, "name": name, "assigned_by": by, "assigned_at": at}
    if key is None:
        connection.execute(sa.delete(assignments).where(*of_it))
    else:
        upsert(connection, assignments, [{**row, "name_key": key}])
    connection.execute(sa.insert(assignment_events).values(row))
    return True


def assigned_before(connection: sa.Connection, project: str, tweet_id: str) -> list[Assignment]:
    """Whom an opportunity was left to, each time, newest first; the name is empty for nobody in particular."""
    events = assignment_events.c
    query = sa.select(events.name, events.assigned_by, events.assigned_at).order_by(events.id.desc())
    rows = connection.execute(query.where(events.tweet_id == tweet_id, events.project == project))
    return [Assignment(*row) for row in rows]


def note_card_seen(connection: sa.Connection, project: str, tweet_id: str, name: str, at: datetime) -> bool:
    """Note who has had a card open.

    Returns:
        Whether there is such an opportunity.
    """
    if not _is_there(connection, project, tweet_id):
        return False
    row = {"project": project, "tweet_id": tweet_id, "name_key": name_key(name), "name": name, "seen_at": at}
    upsert(connection, cards_seen, [row])
    return True


def teamwork_of(connection: sa.Connection, tweets: Iterable[Tweet]) -> Mapping[Tweet, Teamwork]:
    """What there is of these opportunities; those of which there is nothing are left out."""
    wanted = set(tweets)
    seen: defaultdict[Tweet, list[CardViewer]] = defaultdict(list)
    for row in _of_tweets(connection, cards_seen, wanted):
        seen[row.project, row.tweet_id].append(CardViewer(row.name, row.seen_at))
    assigned = {
        (row.project, row.tweet_id): Assignment(row.name, row.assigned_by, row.assigned_at)
        for row in _of_tweets(connection, assignments, wanted)
    }
    return {
        key: Teamwork(
            assigned.get(key), tuple(sorted(seen.get(key, ()), key=lambda each: (each.at, each.name), reverse=True))
        )
        for key in seen.keys() | assigned.keys()
    }


def _of_tweets(connection: sa.Connection, table: sa.Table, wanted: set[Tweet]) -> list[sa.Row[Any]]:
    query = sa.select(table).where(one_of(connection, table.c.tweet_id, sorted({tweet_id for _, tweet_id in wanted})))
    return [row for row in connection.execute(query) if (row.project, row.tweet_id) in wanted]


def _is_there(connection: sa.Connection, project: str, tweet_id: str) -> bool:
    chosen = comment_opportunities.c
    of_it = chosen.project == project, chosen.tweet_id == tweet_id
    return connection.execute(sa.select(chosen.tweet_id).where(*of_it)).first() is not None
