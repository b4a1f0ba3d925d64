"""What a person is shown: opportunities with their tweet, score, suggestions and outcome, read from the store.

Texts come as they are stored; making them fit to be shown is the work of whoever shows them. Nothing here writes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, func, select

from viral_assets.errors import ConfigurationError
from viral_assets.hours import HourRange
from viral_assets.queries.spending import cost_of_suggestions
from viral_assets.store.bulk import one_of
from viral_assets.store.conditions import came_for, within
from viral_assets.store.suggestion_status import USABLE, stands_approved
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    tweet_scores,
    tweets,
)
from viral_assets.text.x_links import tweet_link
from viral_assets.vocabulary import COMPONENTS, DONE, EXPORTED, LABELS, OFFLINE, POSTED, REJECTED, STATUSES

SortBy = Literal["score", "views", "balanced"]
SORT_KEYS: tuple[str, ...] = get_args(SortBy)

REACH_OF_ONE = 1_000_000
"""Audience whose reach counts as 1 in the balanced priority."""

ROWS_AT_ONCE = 2_000
"""Tweets read together with all their texts: what bounds the memory of an export."""

_TWEET_COLUMNS = (
    "created_at",
    "collected_at",
    "text",
    "lang",
    "author_handle",
    "author_name",
    "author_followers",
    "author_verified",
    "like_count",
    "reply_count",
    "retweet_count",
    "quote_count",
    "view_count",
)


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One suggested reply. ``weighted_length`` counts as X does, of 280; ``decided``: a person's decision is on record,
    also where an export has come after it."""

    type_name: str
    text: str
    weighted_length: int
    status: str
    provider: str
    model: str
    version: int = 0
    decided: bool = False

    @property
    def offline(self) -> bool:
        return self.provider == OFFLINE

    @property
    def standing(self) -> str:
        """The status for a person; an export does not hide that somebody had approved it."""
        return "approved, exported" if self.status == EXPORTED and self.decided else self.status


@dataclass(frozen=True, slots=True)
class OpportunityView:
    """A tweet worth a reply and everything said about it.

    ``rank`` counts from 1 in the list it was read for and ``priority_score`` is what that list is sorted by (see
    :func:`priority`). Components are None where the tweet has no score row any more. ``suggestions`` are in rank
    order: first what a person approved or edited, then the order of the project file, last what a person rejected.
    ``outcome`` is None for a tweet that no generation run has finished.
    """

    rank: int
    priority_score: float
    project: str
    tweet_id: str
    window_start: datetime
    created_at: datetime
    collected_at: datetime
    text: str
    lang: str | None
    author_handle: str
    author_name: str | None
    author_followers: int | None
    author_verified: bool
    likes: int
    replies: int
    retweets: int
    quotes: int
    views: int | None
    total: float
    label: str
    topic: str
    why: str
    velocity: float | None = None
    relevance: float | None = None
    openness: float | None = None
    author_quality: float | None = None
    suggestions: tuple[SuggestionView, ...] = ()
    outcome: str | None = None
    reason: str = ""

    @property
    def url(self) -> str:
        return tweet_link(self.tweet_id, self.author_handle)

    @property
    def fell_short(self) -> bool:
        """The last run ended without a suggestion for each type, and its outcome says why."""
        return self.outcome is not None and self.outcome != DONE

    @property
    def answered(self) -> bool:
        """A reply has been posted. X hides several near-identical replies, and people dislike several of any kind."""
        return any(suggestion.status == POSTED for suggestion in self.suggestions)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A tweet chosen for an export and its place in it; ``suggestions`` is how many it comes with."""

    rank: int
    priority_score: float
    project: str
    tweet_id: str
    suggestions: int


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What stands behind a list of opportunities.

    ``tweets`` were posted in the window and count for the project. ``cost_usd`` is what the suggestions of a language
    model in the window cost (a request that packs tweets of other hours is shared out by tweets); None: unknown.
    """

    tweets: int
    cost_usd: float | None


def priority(sort_by: SortBy, *, total: float, views: int | None, followers: int | None) -> float:
    """How early a tweet comes in a list sorted by ``sort_by``; the higher, the earlier.

    ``score``: 100 · total. ``views``: the views as collected, unknown ones count as 0. ``balanced``: 100 · total ·
    reach, where reach = log10(1 + audience) / 6, at most 1, and the audience is the views, or the followers where the
    views are unknown: a tweet seen by a million people keeps its whole score, one seen by a thousand half of it.
    """
    match sort_by:
        case "score":
            return 100 * total
        case "views":
            return float(views or 0)
        case "balanced":
            audience = views if views is not None else followers or 0
            return 100 * total * min(1.0, math.log10(1 + audience) / math.log10(REACH_OF_ONE))


def digest_rows(connection: Connection, window: HourRange, project: str | None = None) -> list[OpportunityView]:
    """Every opportunity of the window, project by project, green before yellow before red, best total first.

    Ranks count from 1 within each project, over all hours of the window.
    """
    suggestions = _suggestions(connection, window, project, STATUSES)
    rows = connection.execute(_opportunities(window, project)).all()
    rows = sorted(rows, key=lambda row: (row.project, LABELS.index(row.label), -row.total, row.tweet_id))
    views: list[OpportunityView] = []
    for row in rows:
        rank = views[-1].rank + 1 if views and views[-1].project == row.project else 1
        views.append(opportunity_view(row, rank, 100 * row.total, suggestions.get((row.project, row.tweet_id), ())))
    return views


def rank_for_export(
    connection: Connection,
    *,
    project: str | None = None,
    window: HourRange | None = None,
    labels: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    sort_by: SortBy = "score",
    limit: int | None = None,
) -> list[Ranked]:
    """The tweets with at least one suggestion of the given statuses, best priority first; no texts are read.

    Equal priorities go by total, then project and tweet id, so that the order is the same each time.

    Args:
        project: None for all; ``window``: None for all hours; ``labels``: None for all; ``limit``: None for all.
        statuses: None for what may still be posted (:data:`~viral_assets.store.suggestion_status.USABLE`).

    Raises:
        ConfigurationError: a label, status or sort key that does not exist, or a limit below 1.
    """
    _known("label", labels or (), LABELS)
    _known("status", statuses or (), STATUSES)
    _known("sort key", (sort_by,), SORT_KEYS)
    if limit is not None and limit < 1:
        raise ConfigurationError(f"the limit is {limit}; export at least 1 tweet, or leave the limit out")

    wanted = USABLE if statuses is None else statuses
    chosen, written = comment_opportunities, comment_suggestions
    counted = (
        select(written.c.project, written.c.tweet_id, func.count().label("suggestions"))
        .where(*within(written, window, project), written.c.status.in_(sorted(wanted)))
        .group_by(written.c.project, written.c.tweet_id)
        .subquery()
    )
    query = (
        select(
            chosen.c.project,
            chosen.c.tweet_id,
            chosen.c.total,
            tweets.c.view_count,
            tweets.c.author_followers,
            counted.c.suggestions,
        )
        .join_from(
            chosen, counted, and_(counted.c.project == chosen.c.project, counted.c.tweet_id == chosen.c.tweet_id)
        )
        .join(tweets, tweets.c.tweet_id == chosen.c.tweet_id)
        .where(*within(chosen, window, project))
    )
    if labels is not None:
        query = query.where(chosen.c.label.in_(tuple(labels)))
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
    connection: Connection, ranked: Sequence[Ranked], *, statuses: Collection[str] | None = None
) -> Iterator[list[OpportunityView]]:
    """Those tweets, in their order, each with its suggestions of the given statuses; :data:`ROWS_AT_ONCE` at a time.

    To be read in the transaction in which they were ranked.
    """
    wanted = USABLE if statuses is None else statuses
    for start in range(0, len(ranked), ROWS_AT_ONCE):
        part = ranked[start : start + ROWS_AT_ONCE]
        of_project: defaultdict[str, list[str]] = defaultdict(list)
        for place in part:
            of_project[place.project].append(place.tweet_id)
        rows: dict[tuple[str, str], Row[Any]] = {}
        suggestions: dict[tuple[str, str], Sequence[SuggestionView]] = {}
        for project, tweet_ids in of_project.items():
            mine = one_of(connection, comment_opportunities.c.tweet_id, tweet_ids)
            query = _opportunities(None, project).where(mine)
            rows |= {(row.project, row.tweet_id): row for row in connection.execute(query)}
            theirs = one_of(connection, comment_suggestions.c.tweet_id, tweet_ids)
            suggestions |= _suggestions(connection, None, project, wanted, theirs)
        yield [
            opportunity_view(
                rows[place.project, place.tweet_id],
                place.rank,
                place.priority_score,
                suggestions[place.project, place.tweet_id],
            )
            for place in part
        ]


def select_for_export(
    connection: Connection,
    *,
    project: str | None = None,
    window: HourRange | None = None,
    labels: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    sort_by: SortBy = "score",
    limit: int | None = None,
) -> list[OpportunityView]:
    """Everything that :func:`rank_for_export` chooses, at once."""
    ranked = rank_for_export(
        connection,
        project=project,
        window=window,
        labels=labels,
        statuses=statuses,
        sort_by=sort_by,
        limit=limit,
    )
    return [view for part in read_ranked(connection, ranked, statuses=statuses) for view in part]


def window_facts(connection: Connection, window: HourRange, project: str | None = None) -> WindowFacts:
    """Count the window's tweets and add up what its suggestions cost."""
    counted = select(func.count()).select_from(tweets).where(*within(tweets, window))
    if project is not None:
        counted = counted.where(came_for(project))
    costs = list(cost_of_suggestions(connection, window, project).values())
    known = [cost for cost in costs if cost is not None]
    return WindowFacts(connection.execute(counted).scalar_one(), sum(known) if len(known) == len(costs) else None)


def _opportunities(window: HourRange | None, project: str | None) -> Select[Any]:
    return opportunity_details().where(*within(comment_opportunities, window, project))


def opportunity_details() -> Select[Any]:
    """Opportunities with all that :func:`opportunity_view` wants of them."""
    return (
        select(
            comment_opportunities,
            *(tweets.c[name] for name in _TWEET_COLUMNS),
            *(tweet_scores.c[name] for name in COMPONENTS),
            generation_outcomes.c.outcome,
            generation_outcomes.c.reason,
        )
        .join_from(comment_opportunities, tweets, tweets.c.tweet_id == comment_opportunities.c.tweet_id)
        .outerjoin(tweet_scores, _same_tweet(tweet_scores))
        .outerjoin(generation_outcomes, _same_tweet(generation_outcomes))
    )


def _same_tweet(table: FromClause) -> ColumnElement[bool]:
    """As the opportunity's, and its project."""
    chosen = comment_opportunities
    return and_(table.c.project == chosen.c.project, table.c.tweet_id == chosen.c.tweet_id)


def _suggestions(
    connection: Connection,
    window: HourRange | None,
    project: str | None,
    statuses: Collection[str],
    *conditions: ColumnElement[bool],
) -> dict[tuple[str, str], Sequence[SuggestionView]]:
    """Suggestions in rank order by project and tweet."""
    table = comment_suggestions
    query = (
        select(
            table.c.project,
            table.c.tweet_id,
            table.c.suggestion_type,
            table.c.text,
            table.c.weighted_length,
            table.c.status,
            table.c.provider,
            table.c.model,
            table.c.version,
            table.c.decided_at.is_not(None),
        )
        .where(*within(table, window, project), table.c.status.in_(sorted(statuses)), *conditions)
        .order_by(table.c.project, table.c.tweet_id, table.c.position, table.c.suggestion_type)
    )
    grouped: defaultdict[tuple[str, str], list[SuggestionView]] = defaultdict(list)
    for row_project, tweet_id, *rest in connection.execute(query):
        grouped[row_project, tweet_id].append(SuggestionView(*rest))
    for several in grouped.values():
        several.sort(key=_standing)
    return dict(grouped)


def _standing(suggestion: SuggestionView) -> int:
    """What a person chose leads, what a person refused comes last; else the order of the project file."""
    if suggestion.status == REJECTED:
        return 2
    return 0 if stands_approved(suggestion.status, decided=suggestion.decided) else 1


def opportunity_view(
    row: Row[Any], rank: int, priority_score: float, suggestions: Iterable[SuggestionView]
) -> OpportunityView:
    """A row that has the columns of the tweet, its scores, its opportunity and its outcome."""
    return OpportunityView(
        rank=rank,
        priority_score=priority_score,
        project=row.project,
        tweet_id=row.tweet_id,
        window_start=row.window_start,
        created_at=row.created_at,
        collected_at=row.collected_at,
        text=row.text,
        lang=row.lang,
        author_handle=row.author_handle,
        author_name=row.author_name,
        author_followers=row.author_followers,
        author_verified=row.author_verified,
        likes=row.like_count,
        replies=row.reply_count,
        retweets=row.retweet_count,
        quotes=row.quote_count,
        views=row.view_count,
        total=row.total,
        label=row.label,
        topic=row.topic,
        why=row.why,
        velocity=row.velocity,
        relevance=row.relevance,
        openness=row.openness,
        author_quality=row.author_quality,
        suggestions=tuple(suggestions),
        outcome=row.outcome,
        reason=row.reason or "",
    )


def _known(what: str, values: Iterable[str], known: Sequence[str]) -> None:
    for value in values:
        if value not in known:
            raise ConfigurationError(f"there is no {what} {value!r}; choose from {', '.join(known)}")
