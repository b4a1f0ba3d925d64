"""Text as X counts and reads it: weighted length, links, handles and hashtags. No judgement here.

Rules of X: https://docs.x.com/resources/fundamentals/counting-characters, implemented by twitter-text-parser.
"""

from __future__ import annotations

import functools
import pkgutil
import re
import sys
import unicodedata
from types import ModuleType
from typing import Any

LINK_WEIGHT = 23
"""X shortens every link to this."""

POST_WEIGHT = 280
"""The longest post, in weighted characters."""

_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://[^\s<>\"']+[^\s<>\"'.,;:!?)]"
    r"|\bwww\.[^\s<>\"']+[^\s<>\"'.,;:!?)]"
    r"|(?<![@\w.-])[\w-]+(?:\.[\w-]+)*\."
    r"(?:[a-z]{2,24}/(?:[^\s<>\"']*[^\s<>\"'.,;:!?)])|(?:example|invalid|onion|test)\b)",
    re.IGNORECASE,
)
# Most texts have neither; looking for addresses thoroughly takes a hundred times as long.
_LINKABLE = re.compile(r"[.:。．․]\S")
_HANDLE = re.compile(r"(?<![A-Za-z0-9_!#$%&*.])[@＠]([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")
# Hashtags, and cashtags, which link in the same way; a number is neither.
_HASHTAG = re.compile(r"(?<![\w&])(?:[#＃](?=\w*[^\W\d_])|[$](?=[A-Za-z]{1,6}\b))(\w+)")


@functools.cache
def _twitter_text() -> Any:
    """The parser, imported without ``pkg_resources``.

    twitter-text-parser 3.0.0 reads its table of emoji with it, and setuptools 82 removed it. One function stands in
    while the parser is imported.
    """
    if "pkg_resources" in sys.modules:
        import twitter_text

        return twitter_text
    stand_in = ModuleType("pkg_resources")
    stand_in.resource_string = lambda module, name: pkgutil.get_data(  # type: ignore[attr-defined]
        module.rpartition(".")[0], name
    )
    sys.modules["pkg_resources"] = stand_in
    try:
        import twitter_text
    finally:
        del sys.modules["pkg_resources"]
    return twitter_text


@functools.lru_cache(maxsize=4096)
def text_weight(text: str) -> int:
    """X's weighted length: most characters 1, CJK and an emoji 2, a link 23; a post may have 280."""
    if not text.isascii():
        return int(_twitter_text().parse_tweet(text).weightedLength)
    # The same count, a hundred times faster.
    found = _urls(text) if _LINKABLE.search(text) else []
    return len(text.replace("\r\n", "\n")) + sum(LINK_WEIGHT - len(link) for link in found)


def links(text: str) -> list[str]:
    """Addresses: what X would make a link of, and what only a person would read as one.

    The latter are addresses with a scheme or ``www.`` in domains that do not exist, and look-alike dots.
    """
    if not _LINKABLE.search(text):
        return []
    plain = unicodedata.normalize("NFKC", text)
    return list(dict.fromkeys([*_ADDRESS.findall(plain), *_urls(text), *_urls(plain)]))


@functools.lru_cache(maxsize=1024)
def _urls(text: str) -> tuple[str, ...]:
    return tuple(_twitter_text().extract_urls(text))


def handles(text: str) -> list[str]:
    """Accounts mentioned, lower case and without ``@``."""
    return [match.lower() for match in _HANDLE.findall(text)] if "@" in text or "＠" in text else []


def hashtags(text: str) -> list[str]:
    """Hashtags and cashtags, lower case and without their sign."""
    return [match.lower() for match in _HASHTAG.findall(text)] if "#" in text or "＃" in text or "$" in text else []
