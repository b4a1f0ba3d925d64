"""Wishes that can be fulfilled without a model, because they can be counted: shorter, and without what has a sign.

Pure. A wish that is not understood as a whole is not fulfilled in part: it is said what a model is needed for.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from viral_assets.text.parts import ends_as_question, sentences_of, without_emoji
from viral_assets.text.x_rules import text_weight

SHORTER_BY = 0.25
"""Of the length; what a person would notice."""

NEEDS_A_MODEL = (
    "without a key only what can be counted is done: “shorter”, and “without” hashtags, emoji, exclamation marks or a "
    "question; for this wish set GEMINI_API_KEY and start again"
)

_AND = re.compile(r"\s*(?:,|;|\.|&|\band\b)\s*")
_SHORTER = re.compile(
    r"(?:please |make it |a )*(?:little |bit |lot |much )*(?:shorter|short|briefer|more concise|trim it)"
)
_WITHOUT = re.compile(
    r"(?:please |and )*(?:without|no|remove|drop|leave out|less|fewer) (?:the |any |a |all )*"
    r"(hashtags?|emojis?|exclamation (?:marks?|points?)|questions?(?: marks?)?)"
)
_HASHTAG = re.compile(r"(?<![\w&])[#＃]\w+")


class CannotFulfil(Exception):  # noqa: N818 - it is an answer, no error
    """The wish cannot be fulfilled here; the message says why, for a person."""


def fulfil(wish: str, draft: str, *, shortest: int) -> str:
    """The draft as somebody wishes it.

    Args:
        wish: in English.
        shortest: weighted characters that have to stay.

    Raises:
        CannotFulfil: the wish needs a model, or there is nothing to do it with.
    """
    parts = [part for part in _AND.split(wish.strip().casefold()) if part]
    # What is to go is looked for in all of the draft, and what is left then becomes shorter.
    steps = sorted((_step(part) for part in parts), key=lambda step: step is _shorter)
    if not steps:
        raise CannotFulfil(NEEDS_A_MODEL)
    text = draft
    for step in steps:
        text = step(text, shortest)
    return text


def _step(part: str) -> Callable[[str, int], str]:
    if _SHORTER.fullmatch(part):
        return _shorter
    without = _WITHOUT.fullmatch(part)
    if without is None:
        raise CannotFulfil(NEEDS_A_MODEL)
    what = without[1]
    if what.startswith("hashtag"):
        return lambda text, _: _tidied(text, _HASHTAG.sub("", text), "a hashtag")
    if what.startswith("emoji"):
        return lambda text, _: _tidied(text, without_emoji(text), "an emoji")
    if what.startswith("exclamation"):
        return lambda text, _: _tidied(text, re.sub(r"!+", ".", text), "an exclamation mark")
    return _without_questions


def _shorter(text: str, shortest: int) -> str:
    """Without its last sentences, as many as it takes."""
    sentences = sentences_of(text)
    most = text_weight(text) * (1 - SHORTER_BY)
    while len(sentences) > 1 and text_weight("".join(sentences).strip()) > most:
        sentences.pop()
    shorter = "".join(sentences).strip()
    if shorter == text or text_weight(shorter) > most:
        raise CannotFulfil(
            "it is a single sentence, which is not shortened without a model; set GEMINI_API_KEY and start again"
        )
    if text_weight(shorter) < shortest:
        raise CannotFulfil(
            f"without its last sentence it would have {text_weight(shorter)} characters, and the project wants "
            f"{shortest}; for another way to say it set GEMINI_API_KEY and start again"
        )
    return shorter


def _without_questions(text: str, shortest: int) -> str:
    sentences = sentences_of(text)
    kept = [each for each in sentences if not ends_as_question(each) and "?" not in each]
    if len(kept) == len(sentences):
        raise CannotFulfil("there is no question in it")
    left = "".join(kept).strip()
    if text_weight(left) < shortest:
        raise CannotFulfil("the question is most of it; for another way to say it set GEMINI_API_KEY and start again")
    return left


def _tidied(text: str, without: str, what: str) -> str:
    if without == text:
        raise CannotFulfil(f"there is not {what} in it")
    return re.sub(r"\s+([.,;:!?…])", r"\1", " ".join(without.split()))
