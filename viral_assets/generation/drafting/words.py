"""The words of a text, as the quality rules compare texts: without case, punctuation and emoji."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['_-][^\W_]+)*")
_IN_NO_WORD = {code: " " for code in range(128) if not (chr(code).isalnum() or chr(code) in "'_-")}


@lru_cache(maxsize=1024)
def words_of(text: str) -> tuple[str, ...]:
    """Words without case, accents' composition and punctuation; emoji are none."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    if not text.isascii():
        return tuple(_WORD.findall(text))
    # The same, in a third of the time.
    words: list[str] = []
    for part in text.translate(_IN_NO_WORD).split():
        if part.isalnum():
            words.append(part)
        else:
            words += _WORD.findall(part)
    return tuple(words)


def runs(words: Sequence[str], length: int) -> Iterator[tuple[str, ...]]:
    """Every ``length`` words in a row."""
    return zip(*(words[start:] for start in range(length)), strict=False)


def shortened(text: str) -> str:
    """For a message of one line."""
    return text if len(text) <= 60 else text[:59] + "…"
