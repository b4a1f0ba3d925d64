"""Hours with work that waits: opportunities that were put off, offline drafts that a language model replaces, revisions
that somebody asked for and nobody has written, and tweets that no run has looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import undecided_draft, within
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    suggestion_revisions,
    tweet_scores,
    tweets,
)
from viral_assets.store.waiting_revisions import IS_ABOUT, WRITABLE
from viral_assets.vocabulary import DEFERRED, OFFLINE


@dataclass(frozen=True, slots=True)
class Deferred:
    """How many tweets of an hour wait for a later run, and when the last of them was put off."""

    tweets: int
    since: datetime

    def with_more(self, tweets: int, since: datetime) -> Deferred:
        return Deferred(self.tweets + tweets, max(self.since, since))


def deferred_hours(
    connection: sa.Connection,
    window: HourRange,
    projects: Collection[str] | None = None,
    *,
    provider: str = OFFLINE,
) -> dict[datetime, Deferred]:
    """The hours of ``window`` with tweets that wait, in order. Tweets that are no opportunities any more, which no run
    would ever ask about, do not count.

    Args:
        projects: whose tweets; all by default.
        provider: who would write. For a language model, tweets wait whose offline drafts nobody has decided about, and
            those of whose suggestions one is to be revised.
    """
    ended, opportunity = generation_outcomes.c, comment_opportunities.c
    query = (
        sa.select(ended.window_start, sa.func.count(), sa.func.max(ended.updated_at))
        .join_from(
            generation_outcomes,
            comment_opportunities,
            (opportunity.project == ended.project) & (opportunity.tweet_id == ended.tweet_id),
        )
        .where(_waits(provider), *within(generation_outcomes, window))
        .group_by(ended.window_start)
        .order_by(ended.window_start)
    )
    if projects is not None:
        query = query.where(ended.project.in_(projects))
    found = {hour: Deferred(tweets, since) for hour, tweets, since in connection.execute(query)}
    if provider == OFFLINE:
        return found
    for hour, number, since in connection.execute(_unwritten_revisions(window, projects)):
        known = found.get(hour)
        found[hour] = Deferred(number, since) if known is None else known.with_more(number, since)
    return dict(sorted(found.items()))


def hours_unscored(connection: sa.Connection, window: HourRange) -> set[datetime]:
    """The hours of ``window`` with tweets that no run has looked at: the daemon was off, the run failed, or the tweets
    came later, with a file that the run of another hour has read."""

    def counted(table: sa.Table, number: sa.ColumnElement[int]) -> dict[datetime, int]:
        hour = table.c.window_start
        query = sa.select(hour, number).where(*within(table, window)).group_by(hour)
        return {row[0]: row[1] for row in connection.execute(query)}

    scored = counted(tweet_scores, sa.func.count(tweet_scores.c.tweet_id.distinct()))
    return {hour for hour, number in counted(tweets, sa.func.count()).items() if number > scored.get(hour, 0)}


def _unwritten_revisions(window: HourRange, projects: Collection[str] | None) -> sa.Select[Any]:
    """By hour: the tweets with such a suggestion, and when somebody tried last."""
    asked, suggestion, opportunity = suggestion_revisions.c, comment_suggestions.c, comment_opportunities.c
    tried = sa.func.coalesce(asked.held_until, asked.asked_at, type_=asked.asked_at.type)
    query = (
        sa.select(
            suggestion.window_start,
            sa.func.count(asked.tweet_id.distinct()),
            sa.func.max(tried, type_=asked.asked_at.type),
        )
        .join_from(suggestion_revisions, comment_suggestions, IS_ABOUT)
        .join(
            comment_opportunities,
            (opportunity.project == asked.project) & (opportunity.tweet_id == asked.tweet_id),
        )
        .where(*WRITABLE, *within(comment_suggestions, window))
        .group_by(suggestion.window_start)
    )
    return query if projects is None else query.where(asked.project.in_(projects))


def _waits(provider: str) -> sa.ColumnElement[bool]:
    ended, written = generation_outcomes.c, comment_suggestions.c
    deferred = ended.outcome == DEFERRED
    if provider == OFFLINE:
        return deferred
    same = (written.project == ended.project, written.tweet_id == ended.tweet_id)
    draft, any_draft = sa.exists().where(*same, undecided_draft()), sa.exists().where(*same)
    # Without a draft the quality filter refused them all, which a language model may do better.
    return sa.or_(deferred, sa.and_(ended.provider == OFFLINE, sa.or_(draft, ~any_draft)))
