"""Calls about single tweets that are made at the same time share requests, as if they had been one call.

What is called in one turn of the event loop and is of one project becomes one run. A call that comes alone waits for
nobody, and what one of them gets, raises or has cancelled is its own affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.items import Suggestion
from viral_assets.projects.model import Project

Suggestions = list[Suggestion]
Ask = Callable[[Project, Sequence[Opportunity]], Awaitable[list[Suggestions]]]


@dataclass(slots=True, eq=False)
class _SharedRun:
    """Calls of one project, each with its tweet; ``task`` once it has begun."""

    project: Project
    tweets: list[Opportunity] = field(default_factory=list)
    calls: list[asyncio.Future[Suggestions]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def add(self, tweet: Opportunity) -> asyncio.Future[Suggestions]:
        call: asyncio.Future[Suggestions] = asyncio.get_running_loop().create_future()
        self.tweets.append(tweet)
        self.calls.append(call)
        return call

    async def run(self, ask: Ask) -> None:
        """Give each call what its tweet has got, or what was raised."""
        wanted = [(call, tweet) for call, tweet in zip(self.calls, self.tweets, strict=True) if not call.done()]
        try:
            found = await ask(self.project, _numbered([tweet for _, tweet in wanted])) if wanted else []
        except Exception as error:  # noqa: BLE001 - it is raised where each result is awaited
            for call, _ in wanted:
                if not call.done():
                    call.set_exception(error)
            return
        finally:
            # Nobody may wait for ever: what is still open here was cancelled as a whole.
            if (task := self.task) is not None and task.cancelling():
                for call, _ in wanted:
                    call.cancel()
        for (call, _), suggestions in zip(wanted, found, strict=True):
            if not call.done():
                call.set_result(suggestions)

    @property
    def is_wanted(self) -> bool:
        return not all(call.done() for call in self.calls)


@dataclass(slots=True, eq=False)
class _Calls:
    """Of one event loop: what is collected in this turn, and what is under way."""

    collected: list[_SharedRun] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)


class Coalescer:
    """Collects calls.

    Args:
        ask: brings several tweets of one project to an end, in their order.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        # A generator may be used in one event loop after the other.
        self._calls: WeakKeyDictionary[asyncio.AbstractEventLoop, _Calls] = WeakKeyDictionary()

    async def suggestions_for(self, project: Project, tweet: Opportunity) -> Suggestions:
        """The suggestions for one tweet.

        Cancelled, it leaves the others alone; the last one that is cancelled waits until what is under way, and paid
        for, has ended, unless it is cancelled once more.

        Raises:
            ProviderError: the service cannot be used.
        """
        shared = self._join(project)
        call = shared.add(tweet)
        try:
            return await call
        except asyncio.CancelledError:
            if shared.task is not None and not shared.is_wanted:
                await _ended(shared.task)
            raise

    async def finish(self) -> None:
        """Until every call of this event loop that has been made has its result."""
        calls = self._calls.get(asyncio.get_running_loop(), _Calls())
        self._begin(calls)
        if calls.under_way:
            await asyncio.wait(calls.under_way)

    def _join(self, project: Project) -> _SharedRun:
        loop = asyncio.get_running_loop()
        calls = self._calls.setdefault(loop, _Calls())
        if not calls.collected:
            # Whatever else is ready to run in this turn runs before that.
            loop.call_soon(self._begin, calls)
        shared = next((each for each in calls.collected if each.project == project), None)
        if shared is None:
            shared = _SharedRun(project)
            calls.collected.append(shared)
        return shared

    def _begin(self, calls: _Calls) -> None:
        for shared in calls.collected:
            shared.task = asyncio.get_running_loop().create_task(shared.run(self._ask))
            calls.under_way.add(shared.task)
            shared.task.add_done_callback(calls.under_way.discard)
        calls.collected.clear()


def _numbered(tweets: Sequence[Opportunity]) -> list[Opportunity]:
    """The same tweets, each under an id of its own: those without one all had the same."""
    taken: set[str] = set()
    numbered: list[Opportunity] = []
    given = {tweet.tweet_id for tweet in tweets}
    free = (name for number in range(1, 2 * len(tweets) + 1) if (name := f"tweet-{number}") not in given)
    for tweet in tweets:
        tweet_id = tweet.tweet_id if tweet.tweet_id not in taken else next(free)
        taken.add(tweet_id)
        numbered.append(replace(tweet, tweet_id=tweet_id))
    return numbered


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel it, and wait for its end; being cancelled meanwhile cancels it once more."""
    while not task.done():
        task.cancel()
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
