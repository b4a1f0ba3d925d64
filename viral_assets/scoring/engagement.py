"""Whose turn it is to be answered: nobody is pestered, and of a conversation one tweet is answered.

A tweet that is chosen, and one that was answered, has its author's turn, and its conversation's: from its hour on until
so long after that hour, or after the reply. What somebody approves three days later was said three days later. A tweet
with suggestions stays chosen whatever is selected anew, so it has its turn before its hour as well. A tweet whose
suggestions were all rejected gives the turn back, and is not among the turns.

An hour knows nothing of the ones that come after it but such tweets. Hours selected in one call or one after the other
therefore give the same: of an author's tweets in several hours the earliest hour's is taken, in an hour the best.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import pandas as pd

from viral_assets.projects.engagement import Engagement

CONVERSATION = timedelta(days=7)
"""For so long one reply to a conversation is enough."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a tweet. Either may be empty: not known. Handles are compared without ``@`` and case."""

    id: str
    handle: str

    @classmethod
    def of(cls, author_id: str | None, handle: str | None) -> Self:
        return cls((author_id or "").strip(), (handle or "").strip().lstrip("@").lower())


@dataclass(frozen=True, slots=True)
class EngagementTurn:
    """What takes a turn: a tweet of the hour that begins at ``hour``.

    Args:
        conversation: what its tweets have in common.
        until: when the latest reply was decided about, where one stands; else as ``hour``.
        stays: it has suggestions, and is not selected anew.
    """

    tweet_id: str
    author: Author
    conversation: str
    hour: datetime
    until: datetime
    stays: bool = False

    @classmethod
    def of(
        cls,
        tweet_id: str,
        author_id: str | None,
        handle: str | None,
        conversation_id: str | None,
        hour: datetime,
        *,
        replied_at: datetime | None = None,
        stays: bool = False,
    ) -> Self:
        """A tweet of which nobody knows the conversation begins one, as most do."""
        until = max(hour, replied_at or hour)
        return cls(tweet_id, Author.of(author_id, handle), conversation_id or tweet_id, hour, until, stays)

    def concerns(self, hour: datetime, period: timedelta) -> bool:
        """Whether it counts for a tweet of ``hour``."""
        return (self.stays or self.hour <= hour) and self.hour - period < hour < self.until + period


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a tweet has to wait: ``author`` or ``conversation`` of :data:`~viral_assets.vocabulary.DROP_REASONS`, the
    turn that is in its way, and from when on that one no longer is."""

    reason: str
    turn: EngagementTurn
    until: datetime


@dataclass(frozen=True, slots=True)
class EngagementHistory:
    """What a project has chosen and answered: its turns, and by hour how many tweets are chosen and how many of them
    have suggestions, for the days that matter."""

    turns: Sequence[EngagementTurn] = ()
    chosen: Mapping[datetime, int] = field(default_factory=dict)
    kept: Mapping[datetime, int] = field(default_factory=dict)

    def but_for(self, hours: Collection[datetime]) -> EngagementHistory:
        """Without what a selection of these hours replaces."""
        return EngagementHistory(
            [turn for turn in self.turns if turn.stays or turn.hour not in hours],
            {hour: count for hour, count in self.chosen.items() if hour not in hours},
            {hour: count for hour, count in self.kept.items() if hour not in hours},
        )


NOTHING_ENGAGED = EngagementHistory()


class EngagementTurns:
    """The turns of one project, to which those of a selection are added, hour by hour.

    An author known by id is found by it, and by the handle in tweets that know no id; one known by handle only, by the
    handle. Of whom neither is known, nothing can be said.
    """

    def __init__(self, engagement: Engagement, turns: Iterable[EngagementTurn] = ()) -> None:
        self._most, self._one_each = engagement.replies_per_author, engagement.one_per_conversation
        self._period = timedelta(days=engagement.author_days)
        self._by_id: defaultdict[str, list[EngagementTurn]] = defaultdict(list)
        self._by_handle: defaultdict[str, list[EngagementTurn]] = defaultdict(list)
        self._by_conversation: defaultdict[str, list[EngagementTurn]] = defaultdict(list)
        for turn in turns:
            self.take(turn)

    def take(self, turn: EngagementTurn) -> None:
        if turn.author.id:
            self._by_id[turn.author.id].append(turn)
        if turn.author.handle:
            self._by_handle[turn.author.handle].append(turn)
        self._by_conversation[turn.conversation].append(turn)

    def objection(self, tweet: EngagementTurn) -> Objection | None:
        """Why a tweet has to wait; None if it has not. Its own turn does not count."""
        if self._most is not None:
            others = [
                turn
                for turn in self._of(tweet.author)
                if turn.tweet_id != tweet.tweet_id and turn.concerns(tweet.hour, self._period)
            ]
            if len(others) >= self._most:
                # So many of them have to be over before there are fewer than the most.
                others.sort(key=lambda turn: turn.until)
                return _until_over("author", others[len(others) - self._most], self._period)
            if same_hour := next((turn for turn in others if turn.hour == tweet.hour), None):
                return _until_over("author", same_hour, self._period)
        if self._one_each:
            others = [
                turn
                for turn in self._by_conversation.get(tweet.conversation, ())
                if turn.tweet_id != tweet.tweet_id and turn.concerns(tweet.hour, CONVERSATION)
            ]
            if others:
                return _until_over("conversation", max(others, key=lambda turn: turn.until), CONVERSATION)
        return None

    def _of(self, author: Author) -> Iterable[EngagementTurn]:
        by_handle = self._by_handle.get(author.handle, ())
        if not author.id:
            return by_handle
        return [*self._by_id.get(author.id, ()), *(turn for turn in by_handle if not turn.author.id)]


def _until_over(reason: str, turn: EngagementTurn, period: timedelta) -> Objection:
    return Objection(reason, turn, turn.until + period)


def turn_of_rows(scored: pd.DataFrame, hours: Sequence[datetime]) -> Callable[[int], EngagementTurn]:
    """The turn that each row would take, by its number.

    Args:
        scored: tweet_id, author_id, author_handle and conversation_id.
        hours: of each row.
    """
    names = ("tweet_id", "author_id", "author_handle", "conversation_id")
    tweet_ids, author_ids, handles, conversation_ids = (scored[name].tolist() for name in names)

    def turn(row: int) -> EngagementTurn:
        return EngagementTurn.of(
            tweet_ids[row],
            known_text(author_ids[row]),
            known_text(handles[row]),
            known_text(conversation_ids[row]),
            hours[row],
        )

    return turn


def known_text(value: object) -> str | None:
    """None for every kind of nothing that pandas knows."""
    return value if isinstance(value, str) else None
