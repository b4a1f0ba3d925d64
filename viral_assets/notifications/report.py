"""What a round of telling came to, in words and as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from viral_assets.notifications.words import Message
from viral_assets.text.amounts import how_many


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What one channel was told for one project.

    Args:
        tweets: told of, in so many ``messages``.
        wait: tweets that are told later.
        unknown: tweets of a message of which nobody knows whether it arrived.
        quiet_until: why they wait.
        tried_again_at: the same, after a message that was not taken.
        problem: what is wrong with the channel, without its address; empty where nothing is.
        said: the messages, where they were only rehearsed.
    """

    project: str
    channel: str
    tweets: int = 0
    messages: int = 0
    wait: int = 0
    unknown: int = 0
    quiet_until: datetime | None = None
    tried_again_at: datetime | None = None
    problem: str = ""
    said: tuple[Message, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Names and values."""
        return {
            "project": self.project,
            "channel": self.channel,
            "tweets": self.tweets,
            "messages": self.messages,
            "waiting": self.wait,
            "unknown": self.unknown,
            "quiet_until": self.quiet_until and self.quiet_until.isoformat(),
            "tried_again_at": self.tried_again_at and self.tried_again_at.isoformat(),
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class NotificationRound:
    """All channels of one round, and how many tweets of an earlier one nobody knows of."""

    told: tuple[ChannelReport, ...] = ()
    lost: int = 0

    @property
    def tweets(self) -> int:
        return sum(each.tweets for each in self.told)

    @property
    def warnings(self) -> Iterator[str]:
        """A line about each thing that a person should know."""
        if self.lost:
            yield (
                f"of {_count(self.lost)} nobody knows whether they were told: the process ended while it sent them. "
                "They are not sent again, unless you say `viral-assets notify --again`"
            )
        for each in self.told:
            if each.problem:
                yield f"{each.project}: {_problem(each)}"

    @property
    def lines(self) -> Iterator[str]:
        """What was done, a line a channel that has anything to say."""
        for each in self.told:
            if each.tweets:
                messages = how_many(each.messages, "message")
                yield f"{each.project}: {each.channel} was told of {_count(each.tweets)} in {messages}"
            if each.wait and each.quiet_until is not None:
                yield f"{each.project}: {_count(each.wait)} for {each.channel} wait until {_clock(each.quiet_until)}"
            elif each.wait and not each.problem:
                when = f", not before {_clock(each.tried_again_at)}" if each.tried_again_at is not None else ""
                yield f"{each.project}: {_count(each.wait)} for {each.channel} wait for the next round{when}"

    def as_json(self) -> dict[str, Any]:
        """Names and values."""
        return {"told": self.tweets, "lost": self.lost, "channels": [each.as_json() for each in self.told]}


def _problem(told: ChannelReport) -> str:
    if told.unknown:
        return (
            f"nobody knows whether {told.channel} was told of {_count(told.unknown)} ({told.problem}). They are not "
            "sent again, unless you say `viral-assets notify --again`"
        )
    if told.tried_again_at is not None:
        return (
            f"{told.channel} was not told of {_count(told.wait)}: {told.problem}; tried again from "
            f"{_clock(told.tried_again_at)} on, while they are news"
        )
    return told.problem


def _count(tweets: int) -> str:
    return how_many(tweets, "tweet")


def _clock(instant: datetime) -> str:
    return f"{instant:%H:%M} UTC"
