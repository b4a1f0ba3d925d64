"""What people have decided about, hour by hour: which hours there is news of, and how they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.tables import comment_opportunities, comment_suggestions, suggestion_events, tweets
from viral_assets.vocabulary import APPROVED, AWAITING, EDITED, POSTED, REJECTED

_COUNTED = (AWAITING, APPROVED, EDITED, REJECTED, POSTED)

EVENTS_AT_ONCE = 5_000
"""Decisions looked through in one go: what bounds a look at years of them."""


@dataclass(frozen=True, slots=True)
class HourDecided:
    """How an hour stands. ``waiting`` are its tweets worth a reply about which nobody has decided anything; the others
    are suggestions with that status now, ``approved`` those exported since not among them. ``awaiting`` takes another
    person. ``last_at`` is when a person last decided something that stands."""

    opportunities: int
    waiting: int
    awaiting: int
    approved: int
    edited: int
    rejected: int
    posted: int
    last_at: datetime | None


def hours_decided_since(connection: sa.Connection, after: int, most: int = EVENTS_AT_ONCE) -> tuple[set[datetime], int]:
    """The hours of the tweets that were decided about after an event of the audit.

    Returns:
        The hours, and the last event that was looked at: ``after`` where there is none since.
    """
    events = suggestion_events.c
    new = sa.select(events.id, events.tweet_id).where(events.id > after).order_by(events.id).limit(most).subquery()
    query = sa.select(new.c.id, tweets.c.window_start).outerjoin_from(new, tweets, tweets.c.tweet_id == new.c.tweet_id)
    rows = connection.execute(query).all()
    hours = {row.window_start for row in rows if row.window_start is not None}
    return hours, max((row.id for row in rows), default=after)


def read_decided(connection: sa.Connection, hours: Collection[datetime]) -> Mapping[datetime, HourDecided]:
    """How these hours stand, all projects together; those without opportunities are left out."""
    opportunity, suggestion = comment_opportunities.c, comment_suggestions.c
    decided = (
        sa.select(
            suggestion.project,
            suggestion.tweet_id,
            *(sa.func.sum(sa.case((suggestion.status == status, 1), else_=0)).label(status) for status in _COUNTED),
            sa.func.max(suggestion.decided_at).label("last_at"),
        )
        .where(suggestion.window_start.in_(sorted(hours)))
        .group_by(suggestion.project, suggestion.tweet_id)
        .subquery()
    )
    query = (
        sa.select(
            opportunity.window_start,
            sa.func.count().label("opportunities"),
            sa.func.sum(sa.case((decided.c.last_at.is_(None), 1), else_=0)).label("waiting"),
            *(sa.func.coalesce(sa.func.sum(decided.c[name]), 0).label(name) for name in _COUNTED),
            sa.func.max(decided.c.last_at).label("last_at"),
        )
        .outerjoin_from(
            comment_opportunities,
            decided,
            sa.and_(decided.c.project == opportunity.project, decided.c.tweet_id == opportunity.tweet_id),
        )
        .where(opportunity.window_start.in_(sorted(hours)))
        .group_by(opportunity.window_start)
    )
    return {
        row.window_start: HourDecided(
            opportunities=row.opportunities,
            waiting=int(row.waiting),
            awaiting=int(row.awaiting),
            approved=int(row.approved),
            edited=int(row.edited),
            rejected=int(row.rejected),
            posted=int(row.posted),
            last_at=row.last_at,
        )
        for row in connection.execute(query)
    }
