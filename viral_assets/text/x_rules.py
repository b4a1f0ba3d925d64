"""Text as X counts and reads it: weighted length, links, handles, hashtags, and what is invisible. No judgement here.

Rules of X: https://docs.x.com/resources/fundamentals/counting-characters, implemented by twitter-text-parser.
"""

from __future__ import annotations

import functools
import html
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

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls, white space excepted
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers and marks without a shape
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, directions
    "\ud800-\udfff"  # halves of surrogate pairs, which no encoding can store
    "\U000e0000-\U000e007f"  # tags: text that only a model sees
    "]"
)
# A joiner is part of emoji sequences and of some scripts; anywhere else it only hides something.
_STRAY_JOINER = re.compile(r"(?<![^\x00-\u02ff])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\u02ff])")
_WHITE_SPACE = re.compile(r"\s+")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
_QUOTES = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("«", "»"), ("„", "“"), ("`", "`"))

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
    return [match.lower() for match in _HANDLE.findall(text)]


def hashtags(text: str) -> list[str]:
    """Hashtags and cashtags, lower case and without their sign."""
    return [match.lower() for match in _HASHTAG.findall(text)]


def storable(text: str) -> str:
    """The text without what a database refuses: NUL and halves of surrogate pairs."""
    return re.sub("[\x00\ud800-\udfff]", "", text)


def visible_text(text: str) -> str:
    """One line of what a reader sees, in NFC: invisible and direction-changing characters go."""
    text = unicodedata.normalize("NFC", text)
    text = _STRAY_JOINER.sub("", _INVISIBLE.sub("", text))
    return _WHITE_SPACE.sub(" ", text).strip()


def person_text(text: str) -> str:
    """A reply as a person wrote it: visible text, with its line breaks (at most one blank line in a row) and quotes."""
    paragraphs = (visible_text(line) for line in _LINE_BREAK.split(text))
    return _BLANK_LINES.sub("\n\n", "\n".join(paragraphs)).strip()


def clean_text(text: str) -> str:
    """A suggestion as it should be read and posted: visible text, no HTML entities, no quotes around the whole."""
    text = visible_text(html.unescape(text))
    for opening, closing in _QUOTES:
        inner = text[1:-1]
        if text == opening + inner + closing and inner and opening not in inner and closing not in inner:
            return inner.strip()
    return text
