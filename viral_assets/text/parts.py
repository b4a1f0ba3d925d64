"""Parts of a text that people speak of: its sentences, its emoji, whether it ends as a question or exclaims."""

from __future__ import annotations

import re

# In scripts without spaces between words, none follows a sentence either.
_SENTENCE = re.compile(
    r".+?(?:[.!?…؟]+[\"'”’)\]»]*(?=\s|\Z)\s*|[。！？]+[」』”’)]*\s*|\Z)",
    re.DOTALL,
)
# Sequences with their joiners, skins and presentation selectors. An arrow is one only where that is asked for.
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|[\u2194-\u2199\u21a9\u21aa]\ufe0f"
    "|[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\u3030\u303d\u3297\u3299]"
    "(?:[\ufe0f\u200d\U0001f3fb-\U0001f3ff]|[\U0001f000-\U0001faff\u2600-\u27bf](?=[\ufe0f\u200d]))*"
)
_CLOSING = " \"'”’)»」』]"


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, in their order, each with the space that follows it: together they are the text."""
    return _SENTENCE.findall(text)


def has_several_sentences(text: str) -> bool:
    return sum(any(map(str.isalnum, each)) for each in sentences_of(text)) > 1


def has_emoji(text: str) -> bool:
    return _EMOJI.search(text) is not None


def without_emoji(text: str) -> str:
    return _EMOJI.sub("", text)


def ends_as_question(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith(("?", "？", "؟"))


def exclaims(text: str) -> bool:
    return any(mark in text for mark in "!！¡")
