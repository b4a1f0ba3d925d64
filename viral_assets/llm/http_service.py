"""A service that is asked over HTTP: how its failures are told without telling its key, whichever API it speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from viral_assets.errors import BlockedAnswerError, TransientProviderError
from viral_assets.llm.responses import quoted_line, root_cause, sentence_without_markup
from viral_assets.llm.tiers import Tier
from viral_assets.llm.types import Usage


class HttpService(ABC):
    """What all services have in common. ``api_key`` may be empty."""

    api_key: str

    @property
    @abstractmethod
    def place(self) -> str:
        """For messages: the address, and the variable it came from."""

    @property
    def advice(self) -> str:
        """For who cannot reach it."""
        return "check the address and that a server answers there"

    def quoted(self, text: object) -> str:
        """Somebody else's words in one short line, without the key and without what looks like any secret."""
        return quoted_line(text, self.api_key)

    def sentence(self, error: Mapping[str, Any], status: int) -> str:
        """What an error says of itself, as a sentence; else its status."""
        said = self.quoted(sentence_without_markup(str(error.get("message") or ""))) or f"HTTP {status}"
        return said if said[-1] in ".!?…" else said + "."

    def unreachable(self, cause: BaseException) -> TransientProviderError:
        """No connection: nothing was asked and nothing is billed."""
        message = f"cannot reach {self.place}: {self.quoted(root_cause(cause))}; {self.advice}"
        return TransientProviderError(message, reached=False)

    def broken_off(self, cause: BaseException) -> TransientProviderError:
        """A connection that ended before the answer did: the request may have been served and billed."""
        return TransientProviderError(f"{self.place} broke the connection off: {self.quoted(root_cause(cause))}")

    def timed_out(self, seconds: float) -> TransientProviderError:
        return TransientProviderError(f"{self.place} did not answer within {seconds:g} s")


def withheld(
    message: str, usage: Usage | None, model_version: str | None = None, tier: Tier | None = None
) -> BlockedAnswerError:
    """An answer that a filter keeps back. What it counted is billed all the same."""
    if usage is None:
        return BlockedAnswerError(message, model_version=model_version, tier=tier)
    return BlockedAnswerError(
        message,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        thought_tokens=usage.thought_tokens,
        cached_tokens=usage.cached_tokens,
        model_version=model_version,
        tier=tier,
    )
