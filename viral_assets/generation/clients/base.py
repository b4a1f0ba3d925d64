"""What a client for a language model is asked and what it answers. No provider's SDK is imported here.

A client makes exactly one HTTP request for one :meth:`GenerationClient.generate` and never repeats it: every attempt
has to be granted by the quota first, and the executor decides which failure deserves another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from viral_assets.errors import ProviderError
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.tiers import Tier
from viral_assets.llm.types import Answer


@dataclass(frozen=True, slots=True)
class BatchAtService:
    """A batch as the service shows it.

    Args:
        name: by which it is asked for.
        state: in the service's words, for people.
        has_ended: nothing more comes.
        replies: by the ids of the requests, whatever their order; requests without an answer may be missing.
    """

    name: str
    state: str
    has_ended: bool
    replies: Mapping[str, Answer | ProviderError] = field(default_factory=dict)


class BatchClient(Protocol):
    """A provider that answers many requests together, later and for less. Each method is one HTTP request, but for
    :meth:`find`, which is one a page.

    Raises:
        TransientProviderError: no usable answer; a batch may have been made all the same.
        ProviderError: any other error means that nothing was made or changed.
    """

    async def create(self, batch_id: str, model: str, requests: Mapping[str, GenerationRequest]) -> BatchAtService:
        """Send requests, by their ids, under an id that the service keeps."""

    async def find(self, batch_id: str) -> BatchAtService | None:
        """The batch that was sent under this id; None where the service has none."""

    async def get(self, name: str, model: str) -> BatchAtService | None:
        """The batch as it is now; None where the service has none of this name.

        Args:
            model: that was asked.
        """

    async def cancel(self, name: str) -> None:
        """Have it end soon. One that has ended stays as it is."""


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

    @property
    def batches(self) -> BatchClient | None:
        """None where it has none."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        """Ask once.

        Args:
            turn: to be looked at just before the request is written; None where no quota has granted it.

        Raises:
            TurnOverError: as the turn says; nothing was sent.
            RateLimitedError: HTTP 429.
            NoRoomError: the request's tier, a cheaper one, is too busy.
            TransientProviderError: 5xx, no or a broken connection, no answer in time, a body that is not the API's.
            RejectedRequestError: HTTP 400 for this request's content.
            BlockedAnswerError: a safety filter withheld prompt or answer.
            FatalProviderError: key, model or endpoint are wrong; no request will work.
        """

    async def close(self) -> None:
        """Let go of connections and threads. The client cannot be used afterwards; closing twice is fine."""
