"""How many tweets came for each project, by the hour in which they were posted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.bulk import values_of
from viral_assets.store.conditions import within
from viral_assets.store.tables import EVERY_PROJECT, tweet_projects, tweets

Arrivals = Iterator[tuple[datetime, str, int]]

# As the index has it: with a parameter in the place of the star, SQLite would not see that it fits.
_NAMED = tweet_projects.c.project != sa.literal_column(f"'{EVERY_PROJECT}'")


def everybody_s(connection: sa.Connection, worked_on: Collection[str]) -> bool:
    """Whether all tweets count for each project that is ``worked_on``, so that nobody has to look for whom each came:
    the usual cases are that none came for a project in particular, or that there is only the one."""
    named = _named(connection)
    return not named or (len(worked_on) == 1 and {*worked_on}.issuperset(named))


def tweets_by_hour(connection: sa.Connection, hours: HourRange, worked_on: Collection[str]) -> Arrivals:
    """Hour, project and tweets of each hour with any, however they came. One that came for no project in particular
    counts for every one there is: those that tweets of these hours came for, and those that are ``worked_on``. Where
    there is none, they stand under ``*``.
    """
    named, came, also = _named(connection), tweet_projects, tweet_projects.alias()
    for_all_too = sa.exists().where(also.c.tweet_id == came.c.tweet_id, also.c.project == EVERY_PROJECT)
    # One column for each project: in the order of the index, where a second name to group by would need a sort.
    query = (
        sa.select(
            tweets.c.window_start,
            sa.func.count().filter(came.c.project == EVERY_PROJECT),
            *(sa.func.count().filter(came.c.project == name, ~for_all_too) for name in named),
        )
        .join_from(tweets, came, came.c.tweet_id == tweets.c.tweet_id)
        .where(*within(tweets, hours))
        .group_by(tweets.c.window_start)
    )
    found = [(hour, shared, dict(zip(named, own, strict=True))) for hour, shared, *own in connection.execute(query)]
    names = {*worked_on, *(name for _, _, own in found for name, count in own.items() if count)}
    for hour, shared, own in found:
        yield from ((hour, name, shared + own.get(name, 0)) for name in names or [EVERY_PROJECT])


def _named(connection: sa.Connection) -> list[str]:
    return list(values_of(connection, tweet_projects.c.project, _NAMED))
