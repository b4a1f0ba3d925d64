"""Whether a service says anything of use at all.

One that is there, and whose every word is useless, has a wrong model or setting behind it: it rejects whatever it is
asked, thinks and does not answer, or answers in prose. Asking on would cost much and bring nothing, and none of the
tweets is to blame. A tweet may also be the cause, and makes its whole pack useless: what all of the requests were about
tells nothing about the service.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from viral_assets.generation.opportunity import TweetKey


@dataclass(frozen=True, slots=True)
class Useless:
    """What a service says that has read a request, and of which nothing is of use.

    Args:
        said: in words, and what to do about it.
        is_last_word: the tweets have ended by it; else they are asked about again, which may help.
        is_costly: it is billed for all its thoughts.
    """

    said: str
    is_last_word: bool = False
    is_costly: bool = False


class Usefulness:
    """Takes what a run is told into account, in the order in which it comes.

    A service is in doubt after some useless answers in a row, fewer where they are last words, if no tweet is in all of
    them. Once it has been of use, those it does not answer are likely to blame themselves: only last words count, and
    not for much where they cost little.
    """

    ENOUGH = 10
    """So many useless answers. Those about one pack with two or three tweets that spoil it are fewer: it is asked about
    three times as a whole, then in halves."""

    LAST_WORD = 2
    """A last word counts as so many."""

    AFTER_USE = 0.5
    """One that costs little, of a service that has been of use: a model or a key may stop being right, and twenty
    tweets that are to blame themselves hardly come one after the other."""

    __slots__ = ("_count", "_in_all", "has_been")

    def __init__(self) -> None:
        self.has_been = False
        """Whether anything was of use in this run."""
        self._count = 0.0
        self._in_all: frozenset[TweetKey] = frozenset()

    @property
    def is_in_doubt(self) -> bool:
        """Nothing more should be asked, unless what is under way brings something of use."""
        return self._count >= self.ENOUGH and not self._in_all

    def useful(self) -> None:
        self.has_been = True
        self._count = 0.0

    def useless(self, answer: Useless, tweets: Collection[TweetKey]) -> None:
        """Take an answer about these tweets into account."""
        if self.has_been and not answer.is_last_word:
            return
        self._in_all = self._in_all.intersection(tweets) if self._count else frozenset(tweets)
        if self.has_been and not answer.is_costly:
            self._count += self.AFTER_USE
        else:
            self._count += self.LAST_WORD if answer.is_last_word else 1
