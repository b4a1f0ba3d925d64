"""Whether a rejection was about the tweet or about the wording of the reply."""

from __future__ import annotations

import re

TWEET_REASONS = ("off topic", "not for us", "too old", "spam", "sensitive", "author")
WORDING_REASONS = ("wording", "too generic", "tone", "wrong facts", "too salesy", "duplicate")
"""What a page may offer to choose from. Other reasons are looked through for words that are about writing."""

_WORDING = re.compile(
    r"\b(?:wording|worded|phras\w*|tone|voice|style|generic|bland|boring|clich\w*|salesy|pushy|wrong facts?|facts?|"
    r"incorrect|made.?up|hallucinat\w*|duplicate|repetitive|repeats?|grammar|typos?|spelling|too (?:long|short)|"
    r"robotic|sounds? like|emojis?|hashtags?|joke|not funny|unclear|awkward|cringe\w*|rude|reply is|suggestion is)\b",
    re.IGNORECASE,
)
_TWEET = re.compile(
    r"\b(?:off.?topic|topic|not for us|irrelevant|relevance|too old|old tweet|stale|late|spam\w*|bots?|sensitive|"
    r"political|politics|tragedy|author|account|competitor|language|tweet|thread)\b",
    re.IGNORECASE,
)


def concerns_wording(reason: str) -> bool:
    """The reason speaks of how the reply is written, and not of the tweet. No reason speaks of neither."""
    return bool(_WORDING.search(reason)) and not _TWEET.search(reason)
