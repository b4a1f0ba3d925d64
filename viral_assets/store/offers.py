"""Tweets that runs offer to others who share their quota: a request of theirs may have room where these had to wait.

A row is there as long as its runner has not taken the tweet back: open, or taken for a request of somebody else's. Who
takes it only asks; the answer is stored for the tweet's own run, which reads it as one that an earlier run had left.
Rows of offers are locked before those of runners.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from viral_assets.store.bulk import insert_ignore, one_of
from viral_assets.store.tables import generation_claims, llm_requests, quota_runners, tweet_offers

Key = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class OfferOutcome:
    """What has become of tweets that were offered and not left open: others are asking about them, or have done so, or
    cannot any more."""

    under_way: frozenset[Key] = frozenset()
    over: frozenset[Key] = frozenset()


def offer(
    connection: sa.Connection, quota_key: str, sharing: str, runner: str, opportunities: Mapping[Key, Any]
) -> set[Key]:
    """Offer tweets, each with what a prompt needs, as JSON.

    Returns:
        Those that are offered: not what another run offers already.
    """
    columns = {"quota_key": quota_key, "sharing": sharing, "runner": runner, "taken_by": None, "request_id": None}
    rows = [
        {"project": project, "tweet_id": tweet_id, "opportunity": opportunity, **columns}
        for (project, tweet_id), opportunity in opportunities.items()
    ]
    insert_ignore(connection, tweet_offers, rows)
    mine = sa.select(tweet_offers.c.project, tweet_offers.c.tweet_id).where(tweet_offers.c.runner == runner)
    return {(row.project, row.tweet_id) for row in connection.execute(mine)} & set(opportunities)


def any_open(connection: sa.Connection, quota_key: str, sharing: str, runner: str) -> bool:
    """Whether others offer anything: who only reads keeps nobody on SQLite from writing."""
    offers = tweet_offers.c
    open_ones = (offers.quota_key == quota_key, offers.sharing == sharing, offers.runner != runner)
    return bool(connection.scalar(sa.select(sa.exists().where(*open_ones, offers.request_id.is_(None)))))


def take(
    connection: sa.Connection, quota_key: str, sharing: str, runner: str, room: Mapping[str, int]
) -> dict[str, list[Any]]:
    """Take what others offer, of who came last first: it would wait the longest.

    Args:
        room: for how many tweets each request has room, by its id.

    Returns:
        What each request asks about besides, as it was offered; requests without are left out.
    """
    offers, runners = tweet_offers.c, quota_runners.c
    query = (
        sa.select(offers.project, offers.tweet_id, offers.runner, offers.opportunity)
        .join(quota_runners, runners.runner == offers.runner)
        .where(offers.quota_key == quota_key, offers.sharing == sharing, offers.runner != runner)
        .where(offers.request_id.is_(None))
        .order_by(runners.joined_at.desc(), offers.runner, offers.project, offers.tweet_id)
        .limit(sum(room.values()))
        .with_for_update(of=tweet_offers, skip_locked=True)
    )
    found = connection.execute(query).all()
    taken: dict[str, list[Any]] = {}
    requests = iter([request_id for request_id, tweets in room.items() for _ in range(tweets)])
    for row, request_id in zip(found, requests, strict=False):
        taking = {"taken_by": runner, "request_id": request_id}
        connection.execute(sa.update(tweet_offers).where(_is((row.project, row.tweet_id))).values(taking))
        taken.setdefault(request_id, []).append(row.opportunity)
    for giver in sorted({row.runner for row in found}):
        # Everybody plans for what is left.
        number = sum(row.runner == giver for row in found)
        connection.execute(
            sa.update(quota_runners)
            .where(runners.runner == giver, runners.tweets >= number)
            .values(tweets=runners.tweets - number)
        )
    return taken


def hand_back(connection: sa.Connection, runner: str, request_ids: Collection[str]) -> None:
    """These requests were not sent: what was taken for them is open again."""
    connection.execute(
        sa.update(tweet_offers)
        .where(tweet_offers.c.taken_by == runner, tweet_offers.c.request_id.in_(request_ids))
        .values(taken_by=None, request_id=None)
    )


def let_go(connection: sa.Connection, runner: str, request_id: str, keys: Sequence[Key]) -> None:
    """A request has ended: whose tweets it was about besides may ask about them again."""
    claims = generation_claims.c
    for project, tweet_id in sorted(keys):
        connection.execute(
            sa.delete(generation_claims).where(
                claims.project == project,
                claims.tweet_id == tweet_id,
                claims.runner == runner,
                claims.request_id == request_id,
            )
        )


def claimed_by_others(connection: sa.Connection, runner: str, keys: Collection[Key]) -> set[Key]:
    """Of these tweets, those that another runner asks about, or has and is to save."""
    claims = generation_claims.c
    ids = sorted({tweet_id for _, tweet_id in keys})
    query = sa.select(claims.project, claims.tweet_id).where(
        claims.runner != runner, one_of(connection, claims.tweet_id, ids)
    )
    return {(row.project, row.tweet_id) for row in connection.execute(query)} & set(keys)


def fate(connection: sa.Connection, runner: str) -> OfferOutcome:
    """What has become of a runner's offers."""
    return _sorted(connection.execute(_own(runner)).all())


def reclaim(connection: sa.Connection, runner: str) -> OfferOutcome:
    """Take back all offers but those that others are asking about just now."""
    rows = connection.execute(_own(runner).with_for_update(of=tweet_offers)).all()
    found = _sorted(rows)
    for row in rows:
        if (row.project, row.tweet_id) not in found.under_way:
            connection.execute(sa.delete(tweet_offers).where(_is((row.project, row.tweet_id))))
    return found


def _own(runner: str) -> sa.Select[Any]:
    """A runner's offers. Who took one and does not live any more sends nothing: runners that expired are deleted."""
    offers = tweet_offers.c
    asking = sa.exists().where(quota_runners.c.runner == offers.taken_by)
    return (
        sa.select(offers.project, offers.tweet_id, offers.request_id, llm_requests.c.status, asking.label("asking"))
        .outerjoin(llm_requests, llm_requests.c.id == offers.request_id)
        .where(offers.runner == runner)
        .order_by(offers.project, offers.tweet_id)
    )


def _sorted(rows: Sequence[sa.Row[Any]]) -> OfferOutcome:
    taken = [row for row in rows if row.request_id is not None]
    under_way = {(row.project, row.tweet_id) for row in taken if row.asking and row.status in (None, "granted")}
    return OfferOutcome(frozenset(under_way), frozenset({(row.project, row.tweet_id) for row in taken} - under_way))


def _is(key: Key) -> sa.ColumnElement[bool]:
    return sa.and_(tweet_offers.c.project == key[0], tweet_offers.c.tweet_id == key[1])
