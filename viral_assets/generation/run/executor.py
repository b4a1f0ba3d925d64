"""Runs the work: asks as much at once as quota, plan and concurrency allow, and brings every tweet to an end.

One loop decides what to send next and waits for the quota; each request runs as a task of its own and handles what
comes back. How many tweets a request carries is the planner's decision, made anew before every request. What is
granted is the ledger's. Nothing here knows a provider or a database.

Order of writing, so that a kill at any moment loses nothing that was paid for: the grant is committed before the
request is sent; the raw answer before it is parsed; suggestions, outcomes and "parsed" together.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.errors import (
    BlockedAnswerError,
    FatalProviderError,
    ProviderError,
    QuotaError,
    RateLimitedError,
    RejectedRequestError,
    TransientProviderError,
    ViralAssetsError,
)
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.answer_processor import (
    AnswerOutcome,
    AnswerProcessor,
    AnswerSource,
    result_of,
    still_asked,
)
from viral_assets.generation.run.backoff import ConcurrencyControl, ServiceHealth
from viral_assets.generation.run.counters import RunCounters
from viral_assets.generation.run.latency import LatencyModel
from viral_assets.generation.run.options import GenerationOptions, PriceOf
from viral_assets.generation.run.planner import Group, plan, share_of
from viral_assets.generation.run.queue import Item, PoisonItem, RequestBatch, TweetKey, WorkQueue
from viral_assets.generation.run.report import GenerationReport, ProgressCallback
from viral_assets.generation.run.results import Known, Results, TweetResult
from viral_assets.llm.prices import Price
from viral_assets.llm.types import Answer, Usage
from viral_assets.projects.model import Project
from viral_assets.quota.ledger import (
    HEARTBEAT_SECONDS,
    AlreadyClaimed,
    Exhausted,
    Granted,
    GrantRequest,
    Ledger,
    Settlement,
    Waiting,
)
from viral_assets.vocabulary import Outcome

log = logging.getLogger("viral_assets")
T = TypeVar("T")


CLAIMED_RECHECK_SECONDS = 0.5
"""How soon to look again after a tweet that another run is asking about."""

PEER_DEMAND_TIMEOUT_SECONDS = 0.2
"""For runs that have announced themselves to say how much they want, before the first request."""

STAGGER_SECONDS = 0.02
"""Between two requests of a burst, so that a service that allows less than it was said to is found out early."""

STAGGER_SHARE = 0.05
"""The whole burst is staggered by at most this share of the time its requests take."""

LEAST_STAGGER_SECONDS = 0.005
"""Where requests take less than that allows for: about the time in which a refusal comes back from nearby."""

PLANNING_SHARE = 0.1
"""A plan that took long to make is used so long that no more than this share of the time goes into planning."""

LONG_WAIT_SECONDS = 5.0
"""For quota, before another attempt at a place where nobody seems to be."""

STOP_CHECK_SECONDS = 0.2
ERROR_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class _Running:
    started: float
    expected: float


@dataclass(slots=True)
class _Planned:
    """Packs to come as (project, tweets), and until when (on the executor's clock) they need not be planned anew."""

    packs: deque[tuple[str, int]] = field(default_factory=deque)
    until: float = 0.0


class Executor:
    """Generates suggestions for a list of opportunities. Make a new one for every run.

    Args:
        client: the provider.
        ledger: the quota of the client's key.
        results: where results go.
        projects: by name; every opportunity's project is among them.
        price_of: a model's price, None when unknown.
        options: see :class:`GenerationOptions`.
        progress: called in the event loop whenever a tweet ends.
        stop: set it from any thread to finish what is under way, save it, and defer the rest.
        rng: for backoff.
        runner: its name in the ledger, if it was announced there.
        clock: what it measures and waits by.
    """

    def __init__(
        self,
        client: GenerationClient,
        ledger: Ledger,
        results: Results,
        projects: Mapping[str, Project],
        *,
        price_of: PriceOf,
        options: GenerationOptions | None = None,
        progress: ProgressCallback | None = None,
        stop: threading.Event | None = None,
        rng: random.Random | None = None,
        runner: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client, self._ledger, self._results, self._projects = client, ledger, results, projects
        self._price_of, self._options = price_of, options or GenerationOptions()
        self._stop = stop or threading.Event()
        self._runner = runner or uuid.uuid4().hex
        self._clock = clock
        self._processor = AnswerProcessor(projects, clock=clock.monotonic, rng=rng or random.Random())
        self._latency_model = LatencyModel(
            ledger.limits, timeout_seconds=self._options.timeout_seconds, prior=self._options.latency
        )
        self._health = ServiceHealth()
        self._concurrency = ConcurrencyControl(self._options.max_concurrency(ledger.limits))
        self._work = WorkQueue(())
        self._running: dict[asyncio.Task[None], _Running] = {}
        self._wake = asyncio.Event()
        self._fatal: ProviderError | None = None
        self._last_failure: ProviderError | None = None
        self._broken: BaseException | None = None
        self._exhausted = ""
        self._cancelled = False
        self._planned = _Planned()
        self._spare = 0
        self._queued = False
        self._next_start = 0.0
        self._counters = RunCounters(GenerationReport(), clock.monotonic, progress)
        self.results: dict[TweetKey, TweetResult] = {}
        """How each tweet ended; complete when :meth:`run` has returned."""

    async def run(self, opportunities: Sequence[Opportunity]) -> GenerationReport:
        """Bring every opportunity to an end.

        Cancelling it is like setting ``stop``: what is under way is paid for, so it is finished and saved first.
        Cancelled a second time, it is given up.

        Returns:
            What happened. An opportunity that quota, budget or a stop did not allow has ended as ``deferred``.

        Raises:
            FatalProviderError: key, model or endpoint are wrong. What had been answered is saved.
            ProviderError: the service did not answer, many times in a row. What had been answered is saved.
        """
        work = asyncio.create_task(self._run(opportunities))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._cancelled = True
            self._wake.set()
            with contextlib.suppress(ViralAssetsError):
                await work
            raise

    async def _run(self, opportunities: Sequence[Opportunity]) -> GenerationReport:
        # One thread: writes stay in order, and SQLite has one writer anyway.
        self._storage = ThreadPoolExecutor(1, thread_name_prefix="viral-assets-storage")
        background: list[asyncio.Task[None]] = []
        try:
            # Others should plan with this run's tweets as early as possible.
            await self._store(self._ledger.join, self._runner, len(opportunities))
            for each in (self._heartbeat(), self._watch_stop()):
                background.append(asyncio.create_task(each))
                background[-1].add_done_callback(self._check)
            items = await self._unfinished(opportunities)
            self._counters.total = len(items)
            await self._recover(items)
            if len(self._work) != len(opportunities):
                await self._store(self._ledger.join, self._runner, len(self._work))
            self._latency_model.load_history(await self._store(self._ledger.latencies))
            if len(self._work):
                await asyncio.to_thread(self._processor.prepare)
                await self._await_peer_demand()
            while not self._is_over():
                await self._step()
            await self._withdraw()
            while self._running:
                await asyncio.wait(self._running)
            await self._defer_rest()
        finally:
            for task in [*background, *self._running]:
                task.cancel()
            await asyncio.gather(*background, *self._running, return_exceptions=True)
            try:
                await asyncio.shield(self._store(self._ledger.leave, self._runner))
            finally:
                self._storage.shutdown(wait=False)
        if error := self._broken or self._fatal:
            raise error
        return self._counters.close()

    # ---- the loop

    def _is_over(self) -> bool:
        if self._broken or self._fatal or self._exhausted or self._cancelled or self._stop.is_set():
            return True
        return not len(self._work) and not self._running

    async def _step(self) -> None:
        """Send one request, or wait until something changes."""
        # Whatever changes from here on ends the wait below: it may already be out of date.
        self._wake.clear()
        if len(self._running) >= self._concurrency.limit:
            await self._sleep(None)
            return
        now = self._clock.monotonic()
        batch = self._work.next_bisection() or await self._next_batch(now)
        if batch is not None:
            await self._send(batch)
            return
        await self._withdraw()
        next_at = self._work.next_ready_at()
        await self._sleep(None if next_at is None else max(0.0, next_at - now))

    async def _next_batch(self, now: float) -> RequestBatch | None:
        """What is to be asked next, according to a plan for all that is ready."""
        ready = self._work.ready(now)
        if not ready:
            return None
        planned = self._planned
        if now >= planned.until or not planned.packs or planned.packs[0][0] not in ready:
            await self._plan(ready, now)
        project, tweets = planned.packs.popleft()
        return RequestBatch(tuple(self._work.take(project, tweets, now)))

    async def _plan(self, ready: Mapping[str, int], now: float) -> None:
        names = list(ready)
        groups = [self._group(name, ready[name]) for name in names]
        quota = share_of(
            await self._store(self._ledger.state),
            self._runner,
            # Who starts together with this run probably has about as much to do as it had.
            newcomer=max(1, self._counters.total),
            request_tokens=max(group.tokens_of(group.tweets) for group in groups),
        )
        self._spare = quota.free
        began = self._clock.monotonic()
        planned = plan(
            groups,
            quota,
            concurrency=self._concurrency.limit,
            cap=max(map(self._cap, names)),
            latency=self._latency_model.latency,
            busy=[max(0.0, run.started + run.expected - now) for run in self._running.values()],
            exact=self._options.exact,
        )
        self._counters.expected_end = now + planned.makespan
        self._planned.packs = deque((names[pack.group], pack.tweets) for pack in planned.packs)
        self._planned.until = self._clock.monotonic() + (self._clock.monotonic() - began) / PLANNING_SHARE

    async def _await_peer_demand(self) -> None:
        """Who starts together with this run says in a moment how much it wants; a plan that knows is better."""
        deadline = self._clock.monotonic() + PEER_DEMAND_TIMEOUT_SECONDS
        while self._clock.monotonic() < deadline and not self._is_over():
            state = await self._store(self._ledger.state)
            if all(tweets is not None for _, tweets in state.demand):
                return
            await self._clock.sleep(PEER_DEMAND_TIMEOUT_SECONDS / 10)

    async def _send(self, batch: RequestBatch) -> None:
        """Ask the quota, and start the request if it is granted; else the batch goes back and time passes."""
        request = self._request(batch.items)
        price = self._price_of(request.model)
        ask = GrantRequest(
            request_id=uuid.uuid4().hex,
            runner=self._runner,
            tokens=self._latency_model.counted_tokens(request),
            cost_usd=self._latency_model.reserved_cost(request, price) if price else None,
            project=request.project.name,
            provider=self._client.provider,
            model=request.model,
            run_id=self._options.run_id,
            tweet_ids=request.tweet_ids,
            again=self._options.force,
            claim=self._options.claim,
        )
        remaining = len(self._work)
        if (early := self._next_start - self._clock.monotonic()) > 0:
            await self._clock.sleep(early)
        try:
            decision = await self._store(lambda: self._ledger.ask(ask, remaining=remaining))
        except QuotaError as error:
            await self._too_large(batch, error)
            return
        self._queued = isinstance(decision, Waiting)
        match decision:
            case Granted():
                self._spare -= 1
                expected = self._latency_model.latency.of(len(batch.items))
                task = asyncio.create_task(self._ask(batch, request, ask.request_id, price))
                self._running[task] = _Running(self._clock.monotonic(), expected)
                task.add_done_callback(self._ended)
                self._next_start = self._clock.monotonic() + self._stagger(expected)
            case Waiting(seconds=seconds):
                self._work.put_batch_first(batch)
                if self._last_failure and seconds > LONG_WAIT_SECONDS and not self._health.worth_waiting:
                    self._give_up(self._last_failure)
                else:
                    await self._sleep(seconds)
            case AlreadyClaimed(finished=finished, in_flight=in_flight):
                self._skip_claimed(batch, finished, in_flight)
            case Exhausted(reason=reason):
                self._work.put_batch_first(batch)
                if self._running:
                    # Estimates are given back: there may be something left when these have ended.
                    await self._sleep(None)
                else:
                    self._exhausted = reason

    def _stagger(self, expected: float) -> float:
        """Seconds until the next request of a burst, after one that should take so long."""
        limits = self._ledger.limits
        least = min(LEAST_STAGGER_SECONDS, limits.window_seconds / limits.max_requests)
        return max(least, min(STAGGER_SECONDS, STAGGER_SHARE * expected / self._concurrency.limit))

    async def _withdraw(self) -> None:
        """Nothing is ready to be sent: others need not wait behind this run."""
        if self._queued:
            await self._store(self._ledger.withdraw, self._runner)
            self._queued = False

    async def _too_large(self, batch: RequestBatch, error: QuotaError) -> None:
        """No state of the quota will ever allow this request: smaller ones, or not under these limits."""
        self._work.abandon_bisection(batch)
        if len(batch.items) > 1:
            for item in batch.items:
                item.largest_pack = max(1, len(batch.items) // 2)
            self._work.put_first(batch.items)
            return
        await self._finish([result_of(batch.items[0], "deferred", str(error))])
        if str(error) not in self._counters.report.notes:
            self._counters.report.notes.append(str(error))

    def _skip_claimed(self, batch: RequestBatch, finished: frozenset[str], in_flight: frozenset[str]) -> None:
        """Another run finished some of these tweets, or is asking about them: nothing is paid twice."""
        rest = []
        for item in batch.items:
            tweet_id = item.opportunity.tweet_id
            if tweet_id in finished:
                self._counters.already_done()
                self._counters.total -= 1
            elif tweet_id in in_flight:
                item.not_before = self._clock.monotonic() + CLAIMED_RECHECK_SECONDS
                self._work.put_back(item)
            else:
                rest.append(item)
        self._work.put_first(rest)
        self._work.abandon_bisection(batch)

    # ---- one request

    async def _ask(self, batch: RequestBatch, request: GenerationRequest, request_id: str, price: Price | None) -> None:
        """Send it, settle it with the ledger, and bring its tweets further."""
        started = self._clock.monotonic()
        self._counters.request_sent(request.opportunities)
        timeout = self._latency_model.timeout(len(batch.items))
        try:
            # The client has its own timeout; this one is for a client that does not keep it.
            answer = await self._clock.wait_for(
                self._client.generate(request, timeout_seconds=timeout), timeout * 1.2 + 5
            )
        except TimeoutError:
            await self._failed(
                batch, request, request_id, price, TransientProviderError(f"no answer within {timeout:.0f} s")
            )
        except ProviderError as error:
            await self._failed(batch, request, request_id, price, error)
        except asyncio.CancelledError:
            settlement = Settlement("failed", error="cancelled while under way")
            await asyncio.shield(self._store(self._ledger.settle, request_id, settlement))
            raise
        else:
            slow = self._latency_model.record_latency(len(batch.items), self._clock.monotonic() - started)
            self._concurrency.record(trouble=slow)
            await self._answered(batch, request, request_id, answer, price)

    async def _answered(
        self, batch: RequestBatch, request: GenerationRequest, request_id: str, answer: Answer, price: Price | None
    ) -> None:
        usage = answer.usage
        if usage is None:
            usage = Usage(request.estimated_input_tokens, request.estimated_output_tokens)
        else:
            self._latency_model.record_tokens(request, usage)
        cost = price.of(usage.input_tokens, usage.billed_output_tokens) if price else None
        settlement = Settlement(
            "answered",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thought_tokens=usage.thought_tokens,
            cost_usd=cost,
            raw_answer=answer.text,
            finish_reason=answer.finish_reason,
            http_status=200,
        )
        await self._store(self._ledger.settle, request_id, settlement)
        self._health.answered(self._clock.monotonic())
        self._counters.paid(request.opportunities, usage, cost)
        poison = self._work.bisect_passed(batch)
        if answer.finish_reason == "MAX_TOKENS":
            for item in batch.items:
                item.largest_pack = max(1, len(batch.items) // 2)
        processed = self._processor.process(
            batch.items,
            answer.text,
            source=AnswerSource(request_id, self._client.provider, request.model),
            spare_quota=self._spare > 0 and not len(self._work),
        )
        await self._apply_outcome(processed, parsed_request=request_id)
        await self._end_poison_item(poison)

    async def _apply_outcome(self, processed: AnswerOutcome, *, parsed_request: str | None = None) -> None:
        """Save what has ended, and queue what is asked again."""
        await self._save_outcome(processed, parsed_request=parsed_request)
        for item in processed.again:
            self._work.put_back(item)

    async def _save_outcome(self, processed: AnswerOutcome, *, parsed_request: str | None) -> None:
        for opportunity, rule in processed.rejections:
            self._counters.rejected(opportunity, rule)
        await self._finish(processed.ended, partial=processed.partial, parsed_request=parsed_request)

    async def _failed(
        self,
        batch: RequestBatch,
        request: GenerationRequest,
        request_id: str,
        price: Price | None,
        error: ProviderError,
    ) -> None:
        """A request without an answer: whose fault it is decides what happens to its tweets."""
        self._counters.request_failed()
        settlement, usage = _settled_failure(error, price)
        await self._store(self._ledger.settle, request_id, settlement)
        if usage is not None:
            self._counters.paid(request.opportunities, usage, settlement.cost_usd)
        match error:
            case RateLimitedError():
                await self._refused(batch, error)
            case FatalProviderError():
                self._fatal = self._fatal or error
                self._work.put_batch_first(batch)
            case BlockedAnswerError() | RejectedRequestError():
                await self._unanswerable(batch, error)
            case _:
                await self._transient(batch, error)

    async def _refused(self, batch: RequestBatch, error: RateLimitedError) -> None:
        """The service's quota is used up: nobody asks until it is free again. The tweets were not read."""
        self._work.put_batch_first(batch)
        if error.per_day:
            seconds = await self._store(self._ledger.block_today, "the service's quota of the day is used up")
            self._exhausted = f"the service's quota of the day is used up, it is free again in {seconds / 3600:.1f} h"
            return
        window = self._ledger.limits.window_seconds
        wait, hopeless = self._health.refused(error.retry_after_seconds, self._clock.monotonic(), window)
        reason = "the service refused a request (429)"
        await self._store(lambda: self._ledger.block(wait, reason, count_as_limit=not error.per_tokens))
        if hopeless:
            self._exhausted = f"the service refuses every request: {error}"
        log.info("The service refused a request (429): nothing is asked for %.1f s.", wait)

    async def _unanswerable(self, batch: RequestBatch, error: ProviderError) -> None:
        """One of these tweets is the cause: look for it; the others are asked again without it."""
        for item in batch.items:
            item.attempts += 1
        poison = self._work.bisect_failed(batch, error)
        await self._end_poison_item(poison)
        if poison is not None and isinstance(error, RejectedRequestError):
            self._give_up_if_hopeless(error, trouble=False)

    async def _end_poison_item(self, poison: PoisonItem | None) -> None:
        """The end for a tweet that makes requests fail."""
        if poison is not None:
            outcome: Outcome = "blocked" if isinstance(poison.error, BlockedAnswerError) else "failed"
            await self._finish([result_of(poison.item, outcome, str(poison.error))])

    async def _transient(self, batch: RequestBatch, error: ProviderError) -> None:
        """The service had a problem: the tweets wait a little, all but those that have waited too often."""
        self._concurrency.record(trouble=True)
        self._work.abandon_bisection(batch)
        if self._health.healthy:
            # Others are answered. Who fails again and again is asked about in smaller company, in the end alone.
            for item in batch.items:
                if item.failures:
                    item.largest_pack = max(1, len(batch.items) // 2)
        last_answer = self._health.last_answer
        await self._apply_outcome(self._processor.unanswered(batch.items, str(error), last_answer=last_answer))
        self._give_up_if_hopeless(error, trouble=error.http_status is not None)

    def _give_up_if_hopeless(self, error: ProviderError, *, trouble: bool) -> None:
        self._last_failure = error
        if self._health.failed(self._clock.monotonic(), trouble=trouble):
            self._give_up(error)

    def _give_up(self, error: ProviderError) -> None:
        if self._fatal is None:
            self._fatal = type(error)(f"{error}; gave up after several attempts without one answer, nothing is lost")

    # ---- beginning and end

    async def _unfinished(self, opportunities: Sequence[Opportunity]) -> dict[TweetKey, Item]:
        """What is left to do after what earlier runs have done."""
        items: dict[TweetKey, Item] = {}
        by_project: dict[str, list[Opportunity]] = {}
        for opportunity in opportunities:
            self._counters.offered(opportunity)
            by_project.setdefault(opportunity.project, []).append(opportunity)
        for project, wanted in by_project.items():
            known = Known()
            if not self._options.force:
                known = await self._store(self._results.known, project, [each.tweet_id for each in wanted])
            for opportunity in wanted:
                have = known.suggestions.get(opportunity.tweet_id, {})
                missing = tuple(kind for kind in opportunity.suggestion_types if kind not in have)
                item = Item(replace(opportunity, suggestion_types=missing))
                if opportunity.tweet_id in known.finished or not missing or item.key in items:
                    self._counters.already_done()
                    continue
                self._processor.remember(project, list(have.values()))
                items[item.key] = item
        return items

    async def _recover(self, items: dict[TweetKey, Item]) -> None:
        """Parse the answers that a killed run had paid for and stored; queue what is still to be asked then."""
        for project in {project for project, _ in items} if not self._options.force else ():
            for answer in await self._store(self._ledger.unparsed, project):
                concerned = [items.pop(key) for each in answer.tweet_ids if (key := (project, each)) in items]
                mine = {item.opportunity.tweet_id for item in concerned}
                others = [tweet_id for tweet_id in answer.tweet_ids if tweet_id not in mine]
                known = await self._store(self._results.known, project, others)
                # Tweets of another window wait for a run that asks about them.
                complete = known.finished.issuperset(others)
                processed = AnswerOutcome()
                if concerned:
                    self._counters.report.recovered_answers += 1
                    source = AnswerSource(answer.request_id, answer.provider, answer.model)
                    processed = self._processor.process(concerned, answer.raw_answer, source=source, spare_quota=True)
                await self._save_outcome(processed, parsed_request=answer.request_id if complete else None)
                items.update({item.key: item for item in processed.again})
        for item in items.values():
            self._work.put_back(item)

    async def _defer_rest(self) -> None:
        reason = self._exhausted or (str(self._fatal) if self._fatal else "the run was stopped")
        rest = [result_of(item, "deferred", reason) for item in self._work.drain()]
        if rest:
            await self._finish(rest)
            self._counters.report.notes.append(f"{len(rest)} tweets are left for a later run: {reason}")

    async def _finish(
        self,
        ended: Sequence[TweetResult],
        *,
        partial: Sequence[TweetResult] = (),
        parsed_request: str | None = None,
    ) -> None:
        """Save how tweets ended and tell about it."""
        if not ended and not partial and parsed_request is None:
            return
        force = self._options.force
        saved = await self._store(
            lambda: self._results.save(ended, partial=partial, parsed_request=parsed_request, replace=force)
        )
        for result in ended:
            self.results[(result.opportunity.project, result.opportunity.tweet_id)] = result
        self._counters.ended(ended, saved)

    # ---- small things

    def _request(self, items: Sequence[Item]) -> GenerationRequest:
        project = self._projects[items[0].opportunity.project]
        return build_request(project, [still_asked(item) for item in items], model=self._options.model)

    def _cap(self, project: str) -> int:
        return self._options.exact or self._projects[project].generation.max_tweets_per_request

    def _group(self, project: str, tweets: int) -> Group:
        sample = [still_asked(item) for item in self._work.sample(project, self._cap(project))]
        return self._latency_model.group(self._projects[project], sample, tweets, model=self._options.model)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.pop(task, None)
        self._check(task)
        self._wake.set()

    def _check(self, task: asyncio.Task[None]) -> None:
        """What is raised in a task is not the provider's, but the database's or a bug: the run must not go on as if
        nothing had happened."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken = self._broken or error
            self._wake.set()

    async def _sleep(self, seconds: float | None) -> None:
        """Until so much time has passed, a request has ended, or the run is to stop."""
        with contextlib.suppress(TimeoutError):
            await self._clock.wait_for(self._wake.wait(), seconds)

    async def _heartbeat(self) -> None:
        while True:
            await self._clock.sleep(HEARTBEAT_SECONDS)
            await self._store(self._ledger.join, self._runner, len(self._work))

    async def _watch_stop(self) -> None:
        """A thread may set the event; asyncio has no way to wait for that but to look."""
        while not self._stop.is_set():
            await self._clock.sleep(STOP_CHECK_SECONDS)
        self._wake.set()

    async def _store(self, call: Callable[..., T], *arguments: object) -> T:
        """Run a call of the ledger or the results outside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._storage, call, *arguments)


def _settled_failure(error: ProviderError, price: Price | None) -> tuple[Settlement, Usage | None]:
    """What is known of a request without an answer. A blocked one is paid for all the same."""
    status: Literal["refused", "failed"] = "refused" if isinstance(error, RateLimitedError) else "failed"
    settlement = Settlement(status, error=str(error)[:ERROR_LENGTH], http_status=error.http_status)
    if not isinstance(error, BlockedAnswerError) or error.input_tokens is None:
        return settlement, None
    usage = Usage(error.input_tokens, error.output_tokens or 0, error.thought_tokens or 0)
    return replace(
        settlement,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        thought_tokens=usage.thought_tokens,
        cost_usd=price.of(usage.input_tokens, usage.billed_output_tokens) if price else None,
    ), usage
