"""A client with its SDK, threads and sockets for a run on virtual time, which stands still while a request is on its
way; how long the service takes passes afterwards. So what comes over HTTP is real, and nobody has to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.base import GenerationClient
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.types import Answer
from viral_assets_tests.gemini_emulator import GeminiEmulator

LONGEST_SECONDS = 300.0
"""A request takes milliseconds."""


class OverHttp:
    """See :class:`viral_assets.generation.clients.base.GenerationClient`.

    Args:
        client: used in a loop that runs in another thread.
        service: at the other end, on the clock of the run and without latency.
        latency: seconds for a request, and for each of its tweets; a refusal comes back at once.
    """

    batches = None

    def __init__(
        self,
        client: GenerationClient,
        loop: asyncio.AbstractEventLoop,
        service: GeminiEmulator,
        latency: tuple[float, float],
    ) -> None:
        self.provider, self.key_fingerprint, self.tiers = client.provider, client.key_fingerprint, client.tiers
        self._client, self._loop, self._clock, self._latency = client, loop, service.clock, latency

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        while turn is not None and turn.is_over():
            await turn.renew()
        asked = asyncio.run_coroutine_threadsafe(
            self._client.generate(request, timeout_seconds=LONGEST_SECONDS), self._loop
        )
        answer = asked.result(LONGEST_SECONDS)
        await self._clock.sleep(self._latency[0] + self._latency[1] * len(request.tweet_ids))
        return answer

    async def close(self) -> None:
        """Whoever made it closes it."""


@contextmanager
def over_http(provider: str, service: GeminiEmulator, latency: tuple[float, float]) -> Iterator[OverHttp]:
    """Of a service that listens."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    client = build_client(provider, api_key="test-key", endpoint=service.url, max_workers=4)
    try:
        yield OverHttp(client, loop, service, latency)
    finally:
        asyncio.run_coroutine_threadsafe(client.close(), loop).result(LONGEST_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
