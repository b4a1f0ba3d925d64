"""Which tweets an export has, in which order, and their texts, a part at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HourRange
from viral_assets.queries.context import with_context
from viral_assets.queries.opportunities import find_opportunities, of_keys
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.sort_keys import SORT_KEYS, SortBy, priority
from viral_assets.store.conditions import STANDS_APPROVED, FoundByHour, within
from viral_assets.store.gone import still_there
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_status import USABLE, stands_approved
from viral_assets.store.tables import comment_opportunities, comment_suggestions, tweets
from viral_assets.vocabulary import LABELS, REJECTED, STATUSES

ROWS_AT_ONCE = 2_000
"""Tweets read together with all their texts: what bounds the memory of an export."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A tweet chosen for an export and its place in it; ``suggestions`` is how many it comes with."""

    rank: int
    priority_score: float
    project: str
    tweet_id: str
    suggestions: int


def rank_for_export(
    connection: sa.Connection,
    *,
    project: str | None = None,
    window: HourRange | None = None,
    labels: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    sort_by: SortBy = "score",
    limit: int | None = None,
    second: SecondApproval = NOWHERE,
) -> list[Ranked]:
    """The tweets with at least one suggestion of the given statuses, best priority first; no texts are read.

    Equal priorities go by total, then project and tweet id, so that the order is the same each time.

    Args:
        project: None for all; ``window``: None for all hours; ``labels``: None for all; ``limit``: None for all.
        statuses: None for what may still be posted (:data:`~viral_assets.store.suggestion_status.USABLE`).
        second: where the approval of two people is asked for; what lacks it is left out.

    Raises:
        ConfigurationError: a label, status or sort key that does not exist, or a limit below 1.
    """
    _known("label", labels or (), LABELS)
    _known("status", statuses or (), STATUSES)
    _known("sort key", (sort_by,), SORT_KEYS)
    if limit is not None and limit < 1:
        raise ConfigurationError(f"the limit is {limit}; export at least 1 tweet, or leave the limit out")

    wanted = USABLE if statuses is None else statuses
    opportunity, written = comment_opportunities, comment_suggestions
    status = written.c.status if window is None else FoundByHour(written.c.status)
    complete = _approved_by_all(second)
    counted = (
        sa.select(written.c.project, written.c.tweet_id, sa.func.count().label("suggestions"))
        .where(*within(written, window, project), status.in_(sorted(wanted)), *complete)
        .group_by(written.c.project, written.c.tweet_id)
        .subquery()
    )
    query = (
        sa.select(
            opportunity.c.project,
            opportunity.c.tweet_id,
            opportunity.c.total,
            tweets.c.view_count,
            tweets.c.author_followers,
            counted.c.suggestions,
        )
        .join_from(
            opportunity,
            counted,
            sa.and_(counted.c.project == opportunity.c.project, counted.c.tweet_id == opportunity.c.tweet_id),
        )
        .join(tweets, tweets.c.tweet_id == opportunity.c.tweet_id)
        .where(*within(opportunity, window, project), still_there(opportunity.c.tweet_id))
    )
    if labels is not None:
        query = query.where(opportunity.c.label.in_(tuple(labels)))
    ranked = sorted(
        (
            -priority(sort_by, total=total, views=views, followers=followers),
            -total,
            row_project,
            tweet_id,
            suggestions,
        )
        for row_project, tweet_id, total, views, followers, suggestions in connection.execute(query)
    )
    return [
        Ranked(rank, -score, row_project, tweet_id, suggestions)
        for rank, (score, _, row_project, tweet_id, suggestions) in enumerate(ranked[:limit], start=1)
    ]


def read_ranked(
    connection: sa.Connection,
    ranked: Sequence[Ranked],
    *,
    statuses: Collection[str] | None = None,
    second: SecondApproval = NOWHERE,
    incomplete: bool = False,
) -> Iterator[list[OpportunityView]]:
    """Those tweets, in their order, each with its suggestions of the given statuses; :data:`ROWS_AT_ONCE` at a time.

    To be read in the transaction in which they were ranked.

    Args:
        second: as they were ranked with, or, with ``incomplete``, what lacks a second approval is not left out.
    """
    wanted = USABLE if statuses is None else statuses
    for start in range(0, len(ranked), ROWS_AT_ONCE):
        part = ranked[start : start + ROWS_AT_ONCE]
        keys = [(place.project, place.tweet_id) for place in part]
        found = find_opportunities(connection, of_keys(connection, keys), statuses=wanted, second=second)
        views = [found.view(key, place.rank, place.priority_score) for key, place in zip(keys, part, strict=True)]
        if not incomplete:
            views = [_without_incomplete(view) if view.takes_two else view for view in views]
        yield with_context(connection, views)


def _without_incomplete(view: OpportunityView) -> OpportunityView:
    complete = [
        each
        for each in view.suggestions
        if each.status == REJECTED or stands_approved(each.status, decided=each.decided)
    ]
    return replace(view, suggestions=tuple(complete))


def _approved_by_all(second: SecondApproval) -> list[sa.ColumnElement[bool]]:
    """The condition that a suggestion takes one person, or has been approved by two, or is not to be posted anyway."""
    if second == NOWHERE:
        return []
    return [sa.or_(STANDS_APPROVED, comment_suggestions.c.status == REJECTED, ~second.takes_two())]


def _known(what: str, values: Iterable[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise ConfigurationError(f"there is no {what} {value!r}; choose from {', '.join(known)}")
