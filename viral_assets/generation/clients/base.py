"""What a client for a language model is asked and what it answers. No provider's SDK is imported here.

A client makes exactly one HTTP request for one :meth:`GenerationClient.generate` and never repeats it: every attempt
has to be granted by the quota first, and the executor decides which failure deserves another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One request, for one or several tweets of one project.

    Args:
        project: whose voice, rules and suggestion types the answer follows.
        opportunities: what is asked about, in the order of the prompt; no tweet twice.
        model: the model's name without the leading ``models/``.
        system_instruction: everything this project's requests share; holds nothing from a tweet.
        prompt: the tweets as JSON data.
        response_schema: the answer's shape, in the subset of OpenAPI 3.0 that both Google SDKs accept.
        temperature: 0 to 2.
        max_output_tokens: hard cap on the answer, with room for a model that thinks before it writes.
        estimated_input_tokens: what prompt, instruction and schema will count, a little over.
        estimated_output_tokens: what the answer will probably count, thoughts not included.
    """

    project: Project
    opportunities: tuple[Opportunity, ...]
    model: str
    system_instruction: str
    prompt: str
    response_schema: Mapping[str, Any]
    temperature: float
    max_output_tokens: int
    estimated_input_tokens: int
    estimated_output_tokens: int

    @property
    def estimated_tokens(self) -> int:
        return self.estimated_input_tokens + self.estimated_output_tokens

    @property
    def tweet_ids(self) -> tuple[str, ...]:
        return tuple(opportunity.tweet_id for opportunity in self.opportunities)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. Thoughts are billed as output and not part of ``output_tokens``."""

    input_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens + self.thought_tokens

    @property
    def billed_output_tokens(self) -> int:
        return self.output_tokens + self.thought_tokens


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came. ``text`` may be empty, cut off or nonsense: ``answers`` makes sense of it.

    ``finish_reason`` is ``STOP`` for a complete answer, ``MAX_TOKENS`` for one cut off by its cap, ``EMPTY`` for an
    answer without any candidate, ``OTHER`` for anything else that is not a block. ``usage`` is None when the
    provider did not count: unknown, not zero.
    """

    text: str
    usage: Usage | None
    finish_reason: str


class GenerationClient(Protocol):
    """One provider with one key and one endpoint. Several may live in one process without mixing."""

    @property
    def provider(self) -> str:
        """Name as in ``VIRAL_ASSETS_PROVIDER``; goes into every row written."""

    @property
    def key_fingerprint(self) -> str:
        """Tells keys apart (they have quotas of their own) without telling the key."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float) -> Answer:
        """Ask once.

        Raises:
            RateLimitedError: HTTP 429.
            TransientProviderError: 5xx, no or a broken connection, no answer in time, a body that is not the API's.
            RejectedRequestError: HTTP 400 for this request's content.
            BlockedAnswerError: a safety filter withheld prompt or answer.
            FatalProviderError: key, model or endpoint are wrong; no request will work.
        """

    async def close(self) -> None:
        """Let go of connections and threads. The client cannot be used afterwards; closing twice is fine."""


def fingerprint(key: str) -> str:
    """Twelve hex digits that tell keys apart and tell nothing about them."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
