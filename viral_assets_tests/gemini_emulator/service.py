"""What the service makes of a request, without the server around it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.responses import JSONResponse, Response

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets_tests.gemini_emulator.access import key_denied, model_denied
from viral_assets_tests.gemini_emulator.answers import Asked
from viral_assets_tests.gemini_emulator.arrivals import Arrival, answered, most_within
from viral_assets_tests.gemini_emulator.batches import Batches
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.connections import BrokenConnection
from viral_assets_tests.gemini_emulator.embeddings import embed, embed_many
from viral_assets_tests.gemini_emulator.faults import OK, answer
from viral_assets_tests.gemini_emulator.holding import Hold
from viral_assets_tests.gemini_emulator.prompts import texts, tokens
from viral_assets_tests.gemini_emulator.quotas import Quotas
from viral_assets_tests.gemini_emulator.refusals import REFUSALS, error, too_long
from viral_assets_tests.gemini_emulator.script import Script
from viral_assets_tests.gemini_emulator.thinking import think
from viral_assets_tests.gemini_emulator.tiers import SHED, choose_tier, latency, shed
from viral_assets_tests.waiting import PATIENCE


class GeminiService:
    """See :class:`viral_assets_tests.gemini_emulator.GeminiEmulator`; its ``config`` may be changed while it runs.

    Args:
        config: how it behaves.
        clock: what windows, latency and batches are measured by.
    """

    def __init__(self, config: EmulatorConfig | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.config = config or EmulatorConfig()
        self.clock = clock
        self.arrivals: list[Arrival] = []
        self.bodies: deque[dict[str, Any]] = deque(maxlen=100)
        self.batches = Batches(self.config.seed)
        self._script, self._creations = Script(self.config.seed), Script()
        # Of its own, so that it changes nothing about which fault a request meets.
        self._spread = Script(self.config.seed)
        self._quotas = Quotas()
        self._hold: Hold | None = None
        self._together = self._under_way = 0

    def script(self, *faults: str) -> None:
        """The next generating requests meet these, one each, in order of arrival; ``ok`` is none."""
        self._script.add(*faults)
        self._together += faults.count("together")

    def script_batches(self, *faults: str) -> None:
        """The next requests for a batch meet these. With ``reset`` and ``hang`` it is made, and nobody is told."""
        self._creations.add(*faults)

    def reset(self) -> None:
        """Forget what arrived, quotas and batches included."""
        self.arrivals.clear()
        self.bodies.clear()
        for part in (self._script, self._creations, self._quotas, self.batches):
            part.clear()
        self._together = 0

    @contextmanager
    def holding(self, after: int = 0, *, about: Container[str] | None = None) -> Iterator[Hold]:
        """Hold every request that would be answered now, but for the first ones, until released or to the end.

        Args:
            after: how many are answered before.
            about: of which tweets, in case others are asked about at the same time; None for all requests.
        """
        if self._hold is not None:
            raise RuntimeError("requests are held already")
        self._hold = hold = Hold(after, about)
        try:
            yield hold
        finally:
            self._hold = None
            hold.release()

    def generated(self, *, served: bool = False) -> list[Arrival]:
        """Requests for content; with ``served`` without those refused for a quota."""
        return [each for each in self.arrivals if each.kind == "generate" and not (served and each.status == 429)]

    def answered(self) -> Counter[str]:
        """How many requests about each tweet were answered, and so paid for, within batches too."""
        self.batches.go_on(self.config.batches, self.clock.monotonic(), self.clock.time())
        return answered(self.arrivals)

    def wait_for_arrivals(self, count: int, seconds: float = PATIENCE) -> None:
        """Until so many requests have arrived."""
        until = time.monotonic() + seconds
        while len(self.arrivals) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"only {len(self.arrivals)} of {count} requests arrived")
            time.sleep(0.002)

    def max_in_any_window(self, seconds: float | None = None) -> int:
        """Most requests for content that arrived within a window, wherever it begins. Refused ones count."""
        return most_within((each.at for each in self.generated()), seconds or self.config.window_seconds)

    async def respond(self, call: str, key: str, body: dict[str, Any], *, at: float) -> Response:
        """What the service makes of a request that arrived at this time of its clock.

        Args:
            call: ``model:method``.
        """
        model, _, method = call.partition(":")
        self.bodies.append(body)
        handler = {
            "generateContent": self._generate,
            "batchGenerateContent": self._create_batch,
            "embedContent": self._embed,
            "batchEmbedContents": self._embed_many,
            "countTokens": self._count_tokens,
        }.get(method)
        if handler is None:
            return error(404, "NOT_FOUND", f"Method {method} is not found.")
        kind = "generate" if method == "generateContent" else method
        arrival = Arrival(at, kind, key, model, [], tokens(texts(body)))
        self.arrivals.append(arrival)
        response = key_denied(key) or model_denied(model, self.config.models) or await handler(arrival, body)
        arrival.status = response.status_code
        return response

    async def respond_about_batches(
        self, method: str, key: str, *, at: float, name: str = "", size: int = 50, token: str = ""
    ) -> Response:
        """What the service makes of a question about batches.

        Args:
            method: ``get``, ``list``, ``cancel`` or ``delete``.
            name: ``batches/...``; all but ``list`` are about one.
            size: of a page of the list.
            token: which page; the first without.
        """
        arrival = Arrival(at, f"{method}Batch", key, "", [], 0, batch=name)
        self.arrivals.append(arrival)
        config, now = self.config.batches, self.clock.time()
        self.batches.go_on(config, at, now)
        if (response := key_denied(key)) is None:
            if method == "list":
                response = self.batches.list(key, size, token)
            elif method == "cancel":
                response = self.batches.cancel(name, key, kept=config.kept, now=now)
            else:
                response = (self.batches.get if method == "get" else self.batches.delete)(name, key)
        arrival.status = response.status_code
        return response

    async def _generate(self, arrival: Arrival, body: Mapping[str, Any]) -> Response:
        config = self.config
        asked = Asked.of(config, arrival, body)
        fault = self._script.next(config.fault_of(arrival.model, asked.tweets), config.faults)
        arrival.fault = "" if fault == OK else fault
        rejected = think(config, arrival, body.get("generationConfig", {})) or choose_tier(arrival, body)
        if rejected is not None:
            return rejected
        if config.input_limit is not None and arrival.input_tokens > config.input_limit:
            return too_long(arrival.input_tokens, config.input_limit)
        if fault in REFUSALS:
            return REFUSALS[fault]()
        if config.at_once is not None and self._under_way >= config.at_once:
            return REFUSALS["429_no_details"]()
        if (refusal := self._quotas.refusal(config, arrival, self.clock.time())) is not None:
            return refusal
        if arrival.tier == "flex" and (fault == SHED or self._script.happens(config.flex.shed)):
            arrival.fault = SHED
            return shed(config)
        self._under_way += 1
        try:
            await self._let_by(arrival)
            await self.clock.sleep(latency(config, arrival) * self._spread.spread(config.latency_spread))
            await self._tarry(fault)
        finally:
            self._under_way -= 1
        return answer(asked, fault)

    async def _let_by(self, arrival: Arrival) -> None:
        if self._hold is not None:
            await self._hold.let_by(arrival.tweet_ids)

    async def _tarry(self, fault: str) -> None:
        if fault in {"hang", "slow"}:
            await self.clock.sleep(3600 if fault == "hang" else self.config.slow_seconds)
        while fault == "together" and sum(each.fault == fault for each in self.arrivals) < self._together:
            await self.clock.sleep(0.005)

    async def _create_batch(self, arrival: Arrival, body: Mapping[str, Any]) -> Response:
        fault = self._creations.next(None, {})
        arrival.fault = "" if fault == OK else fault
        if fault not in {OK, "reset", "hang"}:
            return answer(Asked.of(self.config, arrival, {}), fault)
        made, asked = self.batches.create(self.config, arrival, body, self.clock.time())
        self.arrivals.extend(asked)
        await self._tarry(fault)
        return BrokenConnection(made, None) if fault == "reset" else made

    async def _embed(self, arrival: Arrival, body: Mapping[str, Any]) -> Response:
        return embed(body, self.config.dimensions)

    async def _embed_many(self, arrival: Arrival, body: Mapping[str, Any]) -> Response:
        if (refusal := self._quotas.refusal(self.config, arrival, self.clock.time())) is not None:
            return refusal
        await self._let_by(arrival)
        return embed_many(body, self.config.dimensions)

    async def _count_tokens(self, arrival: Arrival, body: Mapping[str, Any]) -> Response:
        return JSONResponse({"totalTokens": arrival.input_tokens})
