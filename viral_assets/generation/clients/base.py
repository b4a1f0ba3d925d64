"""What a client for a language model is asked and what it answers. No provider's SDK is imported here.

A client makes exactly one HTTP request for one :meth:`GenerationClient.generate` and never repeats it: every attempt
has to be granted by the quota first, and the executor decides which failure deserves another one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.tiers import Tier
from viral_assets.llm.types import Answer


class GenerationClient(Protocol):
    """One provider with one key and one endpoint. Several may live in one process without mixing."""

    @property
    def provider(self) -> str:
        """Name as in ``VIRAL_ASSETS_PROVIDER``; goes into every row written."""

    @property
    def key_fingerprint(self) -> str:
        """Distinguishes keys, which have quotas of their own, without revealing them."""

    @property
    def tiers(self) -> Collection[Tier]:
        """Which tiers its SDK and its service know."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float) -> Answer:
        """Ask once.

        Raises:
            RateLimitedError: HTTP 429.
            NoRoomError: the request's tier, a cheaper one, is too busy.
            TransientProviderError: 5xx, no or a broken connection, no answer in time, a body that is not the API's.
            RejectedRequestError: HTTP 400 for this request's content.
            BlockedAnswerError: a safety filter withheld prompt or answer.
            FatalProviderError: key, model or endpoint are wrong; no request will work.
        """

    async def close(self) -> None:
        """Let go of connections and threads. The client cannot be used afterwards; closing twice is fine."""
