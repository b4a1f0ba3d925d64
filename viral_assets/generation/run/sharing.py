"""Requests shared with other runs: what waits for the quota is offered to them, and their tweets fill one's own.

Who takes a tweet only asks about it, in a request that it sends anyway. The answer is stored with the request, as any
is, and the tweet's own run reads it as it reads what an earlier run had left (``resume``): it judges, saves and counts
its own tweets, whoever asked. So a kill on either side loses nothing: an answer is there, or is asked for again.

Which runs give and take is decided in ``planning/exchange``; ``tweet_offers`` is between them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.opportunity import TweetKey
from viral_assets.generation.run.failures.bisection import BorrowedTweets, RequestBatch
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.planning.exchange import NEAR_SECONDS, NOTHING
from viral_assets.generation.run.queue import WorkQueue
from viral_assets.generation.run.request import PreparedRequest
from viral_assets.generation.run.resume import recover
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.tweet_offers import TweetOffers

TAKE_SECONDS = 0.5
"""A request waits so long for tweets that another run should be about to offer."""

GIVE_SECONDS = 1.0
"""A run that could ask about all of its own, in larger requests, waits so long for somebody who takes some."""

LOOK_SECONDS = 0.05
"""How often either of them looks."""

WATCH_SECONDS = 0.5
"""How often a run looks what has become of its tweets while it waits for something else."""


class Sharing:
    """One run's part in it. For the run's loop, but for :meth:`watch`.

    Args:
        work: the run's queue. What is offered stays in it until somebody takes it.
        runner: the run's name in the ledger.
        offers: None where nothing is shared.
    """

    def __init__(self, session: RunSession, work: WorkQueue, runner: str, offers: TweetOffers | None) -> None:
        self._session, self._work, self._runner, self._offers = session, work, runner, offers
        self.exchange = NOTHING
        """As the latest plan has it."""
        self._given = self._taken = 0
        self._own: set[TweetKey] = set()
        self._offered: set[TweetKey] = set()
        self._away: dict[TweetKey, Item] = {}
        self._tried: set[TweetKey] = set()
        self._claimed: set[TweetKey] = set()
        self._patient_from = self._takes_from = 0.0

    @property
    def away(self) -> int:
        """Tweets that others are asking about."""
        return len(self._away)

    def owns(self, items: Iterable[Item]) -> None:
        """The run's tweets: it takes nobody else's copy of them."""
        self._own.update(item.key for item in items)

    async def give(self) -> bool:
        """Offer what the run's own requests have no room for, and wait a moment for who takes it.

        Returns:
            Whether somebody did.
        """
        clock, before = self._session.clock, self._given
        if not self.exchange.give or clock.monotonic() < self._patient_from:
            return False
        await self._offer(self._work.fresh()[-self.exchange.give :])
        deadline = clock.monotonic() + GIVE_SECONDS
        while self._offered and clock.monotonic() < deadline and await self._gone() < len(self._offered):
            await clock.sleep(LOOK_SECONDS)
        await self.take_back()
        if self._given == before:
            self._patient_from = self._in_a_window()
        return self._given > before

    async def offer_while_waiting(self, seconds: float) -> None:
        """The quota lets the run wait for so long: who is served before may have room."""
        if self.exchange.may_wait_together and seconds > NEAR_SECONDS:
            await self._offer(self._work.fresh())

    def claimed(self, keys: Iterable[TweetKey]) -> None:
        """Another run is asking about these, perhaps in a request that the killed run before this one had a part in."""
        self._claimed.update(keys)

    async def take_back(self) -> None:
        """What is still open is the run's own again, and so is what others have asked about, with its answers."""
        if self._offers is None:
            return
        if due := self._claimed & self._work.due(self._session.clock.monotonic()):
            # They are about to be asked about, unless the answer has come meanwhile. Who still claims one saves it.
            self._claimed -= due
            due -= await self._session.store(self._offers.claimed_by_others, self._runner, due)
            await self._read({item.key: item for item in self._work.take_out(due)})
        if not (self._offered or self._away):
            return
        found = await self._session.store(self._offers.reclaim, self._runner)
        over = {key: self._away.pop(key) for key in self._away.keys() - found.under_way}
        gone, self._offered = self._offered & (found.under_way | found.over), set()
        for item in self._work.take_out(gone):
            (self._away if item.key in found.under_way else over)[item.key] = item
        self._given += len(gone)
        self._tried.update(over)
        await self._read(over)

    async def fill(self, batches: Sequence[RequestBatch]) -> list[RequestBatch]:
        """The same, with tweets of others where there is room."""
        clock = self._session.clock
        room = {uuid.uuid4().hex: self._room(batch) for batch in batches}
        if self._offers is None or not any(room.values()) or clock.monotonic() < self._takes_from:
            return list(batches)
        guests = {name: BorrowedTweets(name) for name in room}
        wanted = min(self.exchange.take, sum(room.values()))
        deadline = clock.monotonic() + (TAKE_SECONDS if clock.monotonic() >= self._patient_from else 0.0)
        while True:
            left = {name: room[name] - len(guests[name].opportunities) for name in room}
            for name, found in (await self._session.store(self._offers.take, self._runner, left)).items():
                guests[name] = guests[name].with_more(found)
            number = sum(len(each.opportunities) for each in guests.values())
            if number >= wanted or clock.monotonic() >= deadline:
                break
            await clock.sleep(LOOK_SECONDS)
        if wanted and not number:
            self._patient_from = self._in_a_window()
        self.exchange = replace(self.exchange, take=max(0, self.exchange.take - number))
        return [await self._joined(batch, each) for batch, each in zip(batches, guests.values(), strict=True)]

    async def not_sent(self, prepared: Sequence[PreparedRequest], *, because_of_them: bool = False) -> None:
        """These were not granted: what was taken for them is open again.

        Args:
            because_of_them: they may be the reason, so this run takes nothing for a while.
        """
        names = [each.batch.guests.request_id for each in prepared if each.batch.guests is not None]
        if names:
            await self._hand_back(names, because_of_them=because_of_them)

    async def ended(self, prepared: PreparedRequest) -> None:
        """A request has been settled: whose tweets it was about besides go on with them."""
        guests = prepared.batch.guests
        if self._offers is not None and guests is not None:
            keys = [each.key for each in guests.opportunities]
            await self._session.store(self._offers.let_go, self._runner, guests.request_id, keys)
            self._taken += len(keys)

    async def watch(self, wake: Callable[[], None]) -> None:
        """For ever: wake the loop when others have taken something, or are done with it."""
        while True:
            await self._session.clock.sleep(WATCH_SECONDS)
            if (self._offered or self._away) and await self._has_news():
                wake()

    async def finish(self) -> None:
        """Nothing more is sent: wait for what others are asking about, as for what the run itself has under way."""
        await self.take_back()
        while self._away:
            await self._session.clock.sleep(WATCH_SECONDS)
            await self.take_back()
        note = self._session.counters.note
        if self._given:
            note(f"others have asked about {self._given} of the tweets, in requests that had room")
        if self._taken:
            note(f"requests had room for {self._taken} of other runs, which read the answers")

    async def _read(self, items: dict[TweetKey, Item]) -> None:
        """What is stored of answers about them; the others are asked about."""
        for item in await recover(self._session, items, of_this_run=True):
            self._work.put_back(item)

    async def _offer(self, items: Sequence[Item]) -> None:
        wanted = [item for item in items if item.key not in self._tried]
        if self._offers is not None and wanted:
            self._offered |= await self._session.store(self._offers.offer, self._runner, wanted)

    async def _gone(self) -> int:
        """How many of the offered tweets somebody has taken."""
        if self._offers is None:
            return 0
        found = await self._session.store(self._offers.fate, self._runner)
        return len(self._offered & (found.under_way | found.over))

    async def _has_news(self) -> bool:
        if self._offers is None:
            return False
        found = await self._session.store(self._offers.fate, self._runner)
        return bool(self._offered & (found.under_way | found.over) or self._away.keys() - found.under_way)

    def _room(self, batch: RequestBatch) -> int:
        """What is suspected of something is asked about by itself."""
        searched = batch.bisection is not None or batch.suspected
        return 0 if searched else max(0, self.exchange.size - len(batch.items))

    async def _joined(self, batch: RequestBatch, guests: BorrowedTweets) -> RequestBatch:
        if not guests.opportunities:
            return batch
        session, joined = self._session, replace(batch, guests=guests)
        project = session.projects[guests.opportunities[0].project]
        if self._own.isdisjoint(each.key for each in guests.opportunities) and not session.tokens.is_too_large(
            build_request(project, joined.asked, model=session.options.model)
        ):
            return joined
        await self._hand_back([guests.request_id], because_of_them=True)
        return batch

    async def _hand_back(self, request_ids: Sequence[str], *, because_of_them: bool) -> None:
        if self._offers is not None:
            await self._session.store(self._offers.hand_back, self._runner, request_ids)
        if because_of_them:
            self._takes_from = self._in_a_window()

    def _in_a_window(self) -> float:
        return self._session.clock.monotonic() + self._session.ledger.limits.padded_window_seconds
