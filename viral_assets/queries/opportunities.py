"""Reads opportunities, with their tweet, scores, suggestions and outcome, for digest, export, review page and commands
alike. Nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.safety.flag import flags_of_text
from viral_assets.store.bulk import one_of
from viral_assets.store.gone import still_there
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_status import stands_approved
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    tweet_scores,
    tweets,
)
from viral_assets.vocabulary import COMPONENTS, REJECTED

OpportunityKey = tuple[str, str]
"""Project and tweet id."""

Where = Callable[[sa.Table], Iterable[sa.ColumnElement[bool]]]
"""Conditions on a table with ``project``, ``tweet_id`` and ``window_start``."""

# What an opportunity's row begins with, by the fields of :class:`OpportunityView`: by place, a row is read in a third
# of the time.
_VIEWED: Mapping[str, sa.ColumnElement[Any]] = {
    **{name: comment_opportunities.c[name] for name in ("project", "tweet_id", "window_start")},
    **{name: comment_opportunities.c[name] for name in ("total", "label", "topic", "why")},
    **{name: tweets.c[name] for name in ("created_at", "collected_at", "text", "lang", "author_id")},
    **{name: tweets.c[name] for name in ("author_handle", "author_name", "author_followers", "author_verified")},
    "likes": tweets.c.like_count,
    "replies": tweets.c.reply_count,
    "retweets": tweets.c.retweet_count,
    "quotes": tweets.c.quote_count,
    "views": tweets.c.view_count,
    **{name: tweet_scores.c[name] for name in COMPONENTS},
    "outcome": generation_outcomes.c.outcome,
}
_SUGGESTION_COLUMNS = (
    "suggestion_type",
    "text",
    "weighted_length",
    "status",
    "provider",
    "model",
    "version",
    "original_text",
    "decided_at",
    "decided_by",
    "revised_text",
    "revised_by",
)


@dataclass(frozen=True, slots=True)
class FoundOpportunities:
    """What was found, by key: rows of the opportunities with all that belongs to them, and their suggestions."""

    rows: Mapping[OpportunityKey, sa.Row[Any]]
    suggestions: Mapping[OpportunityKey, Sequence[SuggestionView]]
    second: SecondApproval = NOWHERE

    def view(self, key: OpportunityKey, rank: int, priority_score: float) -> OpportunityView:
        """One of them, at its place in a list."""
        row = self.rows[key]
        flags = flags_of_text(row.flags)
        return OpportunityView(
            rank=rank,
            priority_score=priority_score,
            **dict(zip(_VIEWED, row, strict=False)),
            suggestions=tuple(self.suggestions.get(key, ())),
            reason=row.reason or "",
            flags=flags,
            takes_two=bool(flags) and key[0] in self.second,
        )


def find_opportunities(
    connection: sa.Connection,
    where: Where,
    *,
    statuses: Collection[str] | None = None,
    as_numbered: bool = False,
    second: SecondApproval = NOWHERE,
) -> FoundOpportunities:
    """The opportunities that ``where`` describes, but for tweets that are known to be gone, and the suggestions that it
    describes, in two statements.

    Args:
        statuses: suggestions of these only; None for all.
        as_numbered: suggestions in the order of the project file, whatever was decided about them. Else what a person
            chose leads and what a person refused comes last.
        second: where the approval of two people is asked for.
    """
    rows = connection.execute(_details().where(*where(comment_opportunities))).all()
    suggestions = _suggestions(connection, where, statuses)
    if not as_numbered:
        for several in suggestions.values():
            several.sort(key=_standing)
    return FoundOpportunities({(row.project, row.tweet_id): row for row in rows}, suggestions, second)


def of_keys(connection: sa.Connection, keys: Iterable[OpportunityKey]) -> Where:
    """For :func:`find_opportunities`: these, however many."""
    by_project: defaultdict[str, list[str]] = defaultdict(list)
    for project, tweet_id in keys:
        by_project[project].append(tweet_id)

    def where(table: sa.Table) -> list[sa.ColumnElement[bool]]:
        of_projects = (
            sa.and_(table.c.project == project, one_of(connection, table.c.tweet_id, tweet_ids))
            for project, tweet_ids in by_project.items()
        )
        return [sa.or_(sa.false(), *of_projects)]

    return where


def _details() -> sa.Select[Any]:
    return (
        sa.select(
            *_VIEWED.values(),
            generation_outcomes.c.reason,
            tweet_scores.c.flags,
        )
        .join_from(comment_opportunities, tweets, tweets.c.tweet_id == comment_opportunities.c.tweet_id)
        .outerjoin(tweet_scores, _same_tweet(tweet_scores))
        .outerjoin(generation_outcomes, _same_tweet(generation_outcomes))
        .where(still_there(comment_opportunities.c.tweet_id))
    )


def _same_tweet(table: sa.Table) -> sa.ColumnElement[bool]:
    """As the opportunity's, and its project."""
    opportunity = comment_opportunities
    return sa.and_(table.c.project == opportunity.c.project, table.c.tweet_id == opportunity.c.tweet_id)


def _suggestions(
    connection: sa.Connection, where: Where, statuses: Collection[str] | None
) -> dict[OpportunityKey, list[SuggestionView]]:
    """In the order of the project file."""
    table = comment_suggestions.c
    query = (
        sa.select(table.project, table.tweet_id, *(table[name] for name in _SUGGESTION_COLUMNS))
        .where(*where(comment_suggestions))
        .order_by(table.position, table.suggestion_type)
    )
    if statuses is not None:
        query = query.where(table.status.in_(sorted(statuses)))
    grouped: defaultdict[OpportunityKey, list[SuggestionView]] = defaultdict(list)
    for project, tweet_id, *rest in connection.execute(query).all():
        grouped[project, tweet_id].append(SuggestionView(*rest))
    return grouped


def _standing(suggestion: SuggestionView) -> int:
    """What a person chose leads, what a person refused comes last; else the order of the project file."""
    if suggestion.status == REJECTED:
        return 2
    return 0 if stands_approved(suggestion.status, decided=suggestion.decided) else 1
