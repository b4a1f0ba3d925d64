"""What people made of the suggestions, read for ``learning``; what it teaches is decided there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.conditions import STANDS_APPROVED_OF_HOURS, between
from viral_assets.store.tables import comment_suggestions, suggestion_events, tweet_scores, tweets
from viral_assets.vocabulary import COMPONENTS, EXPORTED, GATE_PASSED, OFFLINE, REJECT

_SMALLEST_STEP = 5e-7
"""Scores are stored rounded; half of their last digit makes up for that where they are compared."""


@dataclass(frozen=True, slots=True)
class JudgedSuggestion:
    """A suggestion as it stands, and the scores of its tweet.

    ``decided_at`` is None where no person has decided. ``reason`` is the latest one given for rejecting it, or empty.
    ``components`` are in the order of :data:`~viral_assets.vocabulary.COMPONENTS`.
    """

    tweet_id: str
    status: str
    decided_at: datetime | None
    created_at: datetime
    reason: str
    components: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ChosenText:
    """A reply and the tweet it answers. ``original_text`` is what the model wrote first, where the text is another one
    now, and ``revised_text`` what it made of that when somebody asked for it."""

    text: str
    suggestion_type: str
    status: str
    original_text: str | None
    revised_text: str | None
    tweet: str

    @property
    def rewritten(self) -> bool:
        """A person has changed what a model wrote."""
        return self.original_text is not None and self.text not in (self.original_text, self.revised_text)


@dataclass(frozen=True, slots=True)
class KeptReply:
    """What a language model wrote, and what a person stood behind in the end: the same where nothing was changed."""

    draft: str
    text: str


def read_judged(connection: sa.Connection, project: str, since: datetime) -> Iterator[JudgedSuggestion]:
    """The suggestions for tweets posted since ``since`` that still have a score, tweet by tweet."""
    written, scored = comment_suggestions.c, tweet_scores.c
    reasons = _reasons(connection, project, since)
    query = (
        sa.select(
            written.tweet_id,
            written.suggestion_type,
            written.status,
            written.decided_at,
            written.created_at,
            *(scored[name] for name in COMPONENTS),
        )
        .join(tweet_scores, sa.and_(scored.project == written.project, scored.tweet_id == written.tweet_id))
        .where(*between(comment_suggestions, since, None, project))
        .order_by(written.tweet_id)
    )
    for tweet_id, kind, status, decided_at, created_at, *components in connection.execute(query):
        reason = reasons.get((tweet_id, kind), "")
        yield JudgedSuggestion(tweet_id, status, decided_at, created_at, reason, tuple(components))


def read_chosen_replies(
    connection: sa.Connection, project: str, since: datetime, statuses: Collection[str], *, limit: int
) -> list[ChosenText]:
    """Suggestions of these statuses for tweets posted since ``since``, the latest decisions first. An export alone,
    which is nobody's decision, does not count."""
    written = comment_suggestions.c
    query = (
        sa.select(
            written.text,
            written.suggestion_type,
            written.status,
            written.original_text,
            written.revised_text,
            tweets.c.text.label("tweet"),
        )
        .join(tweets, tweets.c.tweet_id == written.tweet_id)
        .where(
            *between(comment_suggestions, since, None, project),
            written.status.in_(tuple(statuses)),
            sa.or_(written.status != EXPORTED, written.decided_at.is_not(None)),
        )
        .order_by(written.decided_at.desc(), written.tweet_id, written.suggestion_type)
        .limit(limit)
    )
    return [ChosenText(*row) for row in connection.execute(query)]


def read_kept(connection: sa.Connection, project: str, since: datetime, *, limit: int) -> list[KeptReply]:
    """What people approved, edited or posted of a language model's drafts for tweets posted since ``since``, the latest
    decisions first. Those that somebody had revised are left out: how a model fulfils a wish is no habit of its drafts,
    and no change of a person."""
    written = comment_suggestions.c
    query = (
        sa.select(sa.func.coalesce(written.original_text, written.text), written.text)
        .where(
            *between(comment_suggestions, since, None, project),
            STANDS_APPROVED_OF_HOURS,
            written.provider != OFFLINE,
            written.revised_text.is_(None),
        )
        .order_by(written.decided_at.desc(), written.tweet_id, written.suggestion_type)
        .limit(limit)
    )
    return [KeptReply(*row) for row in connection.execute(query)]


def count_scores_above(
    connection: sa.Connection,
    project: str,
    since: datetime,
    weights: Mapping[str, float],
    thresholds: Sequence[float],
) -> list[int]:
    """How many of the tweets scored since then, past the gate, would lie at or above each threshold with these
    weights of the components, which are not all 0; counted by the database."""
    scored, summed = tweet_scores.c, sum(weights.values())
    total = sum((scored[name] * (value / summed) for name, value in weights.items()), sa.literal(0.0))
    counts = [sa.func.count().filter(total >= threshold - _SMALLEST_STEP) for threshold in thresholds]
    query = sa.select(*counts).where(*between(tweet_scores, since, None, project), scored.gate == GATE_PASSED)
    return [int(count) for count in connection.execute(query).one()]


def _reasons(connection: sa.Connection, project: str, since: datetime) -> dict[tuple[str, str], str]:
    """The latest reason given for rejecting each suggestion; nobody rejects one before its tweet is posted."""
    event = suggestion_events.c
    query = (
        sa.select(event.tweet_id, event.suggestion_type, event.reason)
        .where(event.project == project, event.action == REJECT, event.at >= since)
        .order_by(event.id)
    )
    return {(row.tweet_id, row.suggestion_type): row.reason for row in connection.execute(query)}
