"""What a language model answers and what it counted, whichever provider it is. No SDK is imported here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from viral_assets.llm.tiers import Tier


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. Thoughts are billed as output and not part of ``output_tokens``;
    ``cached_tokens`` are part of ``input_tokens`` and may cost less."""

    input_tokens: int = 0
    output_tokens: int = 0
    thought_tokens: int = 0
    cached_tokens: int = 0

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
    provider did not count: unknown, not zero. ``model_version`` is the model that wrote it, as the provider names it,
    which need not be the one that was asked; None where it does not say. ``tier`` is the one at which it was served,
    None where the client does not know.
    """

    text: str
    usage: Usage | None
    finish_reason: str
    model_version: str | None = None
    tier: Tier | None = None

    @property
    def is_spent_on_thoughts(self) -> bool:
        """Cut off by its cap, of which thoughts took the most or all."""
        if self.finish_reason != "MAX_TOKENS":
            return False
        return not self.text or (self.usage is not None and self.usage.thought_tokens > self.usage.output_tokens)


def fingerprint(key: str) -> str:
    """Twelve hex digits that tell keys apart and tell nothing about them."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
