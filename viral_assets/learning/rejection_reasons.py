"""Whether a rejection was about the tweet or about the wording of the reply.

The common reasons say so themselves (``vocabulary``); what a person typed is looked through for words.
"""

from __future__ import annotations

import re

from viral_assets.vocabulary import REJECTION_REASONS

_ABOUT = {reason.key: reason.about for reason in REJECTION_REASONS}

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
    if reason in _ABOUT:
        return _ABOUT[reason] == "wording"
    return bool(_WORDING.search(reason)) and not _TWEET.search(reason)
