"""What a language model answers and what it counted, whichever provider it is. No SDK is imported here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them. Thoughts are billed as output and not part of ``output_tokens``;
    ``cached_tokens`` are a part of the input that the service had read before."""

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
    provider did not count: unknown, not zero.
    """

    text: str
    usage: Usage | None
    finish_reason: str


def fingerprint(key: str) -> str:
    """Twelve hex digits that tell keys apart and tell nothing about them."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]
