"""Opportunities with their tweet, scores, suggestions and outcome, as a person is shown them: read here for digest,
export, review page and commands alike.

Texts come as they are stored; making them fit to be shown is the work of whoever shows them. Nothing here writes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa

from viral_assets.context import NO_CONTEXT, Context
from viral_assets.safety.flag import Flag, flags_of_text
from viral_assets.store.bulk import one_of
from viral_assets.store.gone import still_there
from viral_assets.store.revisions import Revision
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_status import USABLE, in_words, stands_approved
from viral_assets.store.tables import (
    comment_opportunities,
    comment_suggestions,
    generation_outcomes,
    tweet_scores,
    tweets,
)
from viral_assets.store.teamwork import NOBODY_YET, Teamwork
from viral_assets.text.x_links import tweet_link
from viral_assets.vocabulary import COMPONENTS, DONE, EXPORTED, OFFLINE, POSTED, RECORDED, REJECTED, UNKNOWN_AUDIENCE

SortBy = Literal["score", "views", "balanced"]
SORT_KEYS: tuple[SortBy, ...] = get_args(SortBy)

REACH_OF_ONE = 1_000_000
"""Audience whose reach counts as 1 in the balanced priority."""

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


LEAST_SHOWN = 0.01
"""Of a relevance: less is shown as 0 %."""


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One suggested reply. ``weighted_length`` counts as X does, of 280; ``version`` is what a decision about it names.
    ``original_text`` is what the model wrote first, where the text is another one now; ``decided_at`` and
    ``decided_by`` are None where no person's decision is on record, also where an export has come after it.
    ``revised_text`` is the revision that a person took last and ``revised_by`` the model that wrote it. ``revision`` is
    the open one, where somebody has looked for it (``pages``)."""

    type_name: str
    text: str
    weighted_length: int
    status: str
    provider: str
    model: str
    version: int = 0
    original_text: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    revised_text: str | None = None
    revised_by: str | None = None
    revision: Revision | None = None

    @property
    def offline(self) -> bool:
        return self.provider == OFFLINE and (not self.revised or self.revised_by == OFFLINE)

    @property
    def recorded(self) -> bool:
        """Written beforehand, for the bundled sample; it is an offline one, too."""
        return self.offline and self.model == RECORDED and not self.revised

    @property
    def revised(self) -> bool:
        """It says what a model made of it when somebody asked for that."""
        return self.revised_text is not None and self.revised_text == self.text

    @property
    def rewritten(self) -> bool:
        """A person has changed it: who wrote it first says nothing about the text any more."""
        return self.original_text is not None and not self.revised

    @property
    def decided(self) -> bool:
        return self.decided_at is not None

    @property
    def status_text(self) -> str:
        """The status for a person; an export does not hide that somebody had approved it."""
        return "approved, exported" if self.status == EXPORTED and self.decided else in_words(self.status)


@dataclass(frozen=True, slots=True)
class Contact:
    """A reply that a person stands behind, to another tweet of the same author. ``status`` tells how far it has come,
    ``decided_at`` since when."""

    tweet_id: str
    text: str
    status: str
    decided_at: datetime

    @property
    def posted(self) -> bool:
        return self.status == POSTED


@dataclass(frozen=True, slots=True)
class OpportunityView:
    """A tweet worth a reply and everything said about it.

    ``rank`` counts from 1 in the list it was read for and ``priority_score`` is what that list is sorted by (see
    :func:`priority`). Counts are None where nobody knows them. Components are None where the tweet has no score row
    any more, velocity also where it could not be measured. ``suggestions`` are in the order in which they were read
    (see :func:`find_opportunities`). ``outcome`` is None for a tweet that no generation run has finished. ``contacts``,
    the latest first, and ``context`` are there where somebody has looked for them (``context.with_context``). ``flags``
    are what is sensitive in it, the surest first; a tweet that was scored before anybody looked has none. ``takes_two``
    says that its replies take the approval of two people, and ``teamwork`` whose it is and who has seen it, where
    somebody has looked for either.
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
    likes: int | None
    replies: int | None
    retweets: int | None
    quotes: int | None
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
    author_id: str | None = None
    contacts: tuple[Contact, ...] = ()
    flags: tuple[Flag, ...] = ()
    context: Context = NO_CONTEXT
    takes_two: bool = False
    teamwork: Teamwork = NOBODY_YET

    @property
    def url(self) -> str:
        return tweet_link(self.tweet_id, self.author_handle)

    @property
    def is_about(self) -> bool:
        """Whether the topic says anything: of a tweet that is off topic it is merely the least distant one."""
        return bool(self.topic) and (self.relevance is None or self.relevance >= LEAST_SHOWN)

    @property
    def reposts(self) -> int | None:
        """Retweets and quotes, as X adds them up; retweets alone where the quotes are unknown."""
        return None if self.retweets is None else self.retweets + (self.quotes or 0)

    @property
    def unknown_counts(self) -> tuple[str, ...]:
        """What nobody has counted, in words; who follows the author is not among it."""
        counts = {"likes": self.likes, "replies": self.replies, "reposts": self.reposts, "views": self.views}
        return tuple(name for name, count in counts.items() if count is None)

    @property
    def fell_short(self) -> bool:
        """The last run ended without a suggestion for each type, and its outcome says why."""
        return self.outcome is not None and self.outcome != DONE

    def may_go_out(self, suggestion: SuggestionView) -> bool:
        """Whether a person may still post it, as far as approvals go: as many people as it takes have approved it, or
        one is enough, who decides by posting it."""
        if suggestion.status not in USABLE:
            return False
        return not self.takes_two or stands_approved(suggestion.status, decided=suggestion.decided)

    @property
    def answered(self) -> bool:
        """A reply has been posted. X hides several near-identical replies, and people dislike several of any kind."""
        return any(suggestion.status == POSTED for suggestion in self.suggestions)


def priority(sort_by: SortBy, *, total: float, views: int | None, followers: int | None) -> float:
    """How early a tweet comes in a list sorted by ``sort_by``; the higher, the earlier.

    ``score``: 100 · total. ``views``: the views as collected, unknown ones come last. ``balanced``: 100 · total ·
    reach, where reach = log10(1 + audience) / 6, at most 1, and the audience is the views, or the followers where the
    views are unknown, or :data:`~viral_assets.vocabulary.UNKNOWN_AUDIENCE` where both are: a tweet seen by a million
    people keeps its whole score, one seen by a thousand half of it.
    """
    match sort_by:
        case "score":
            return 100 * total
        case "views":
            return float(views or 0)
        case "balanced":
            audience = next((known for known in (views, followers) if known is not None), UNKNOWN_AUDIENCE)
            return 100 * total * min(1.0, math.log10(1 + audience) / math.log10(REACH_OF_ONE))


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
