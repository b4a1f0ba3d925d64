"""What the model writes: sentences that depend on tweet, type and wish only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

Tweets = Mapping[str, Sequence[str]]
"""The types that each tweet asks for, by its id."""


Wishes = Mapping[str, str]
"""What should change in the draft of a tweet, by its id."""


def items(tweets: Tweets, wishes: Wishes) -> list[dict[str, Any]]:
    return [
        {
            "id": tweet_id,
            "suggestions": [
                {"type": kind, "text": suggestion(tweet_id, kind, wishes.get(tweet_id, ""))} for kind in types
            ],
        }
        for tweet_id, types in tweets.items()
    ]


_VERBS = """
    moving | hiding | sharing | naming | timing | parking | counting | trading | planning | muting
"""
_THINGS = """
    charger | alarm clock | homework pile | dinner table | night light | group chat | spare tablet | bookshelf |
    school bag | calendar | garden chair | board game | train ride | weekend list | kitchen timer | bus stop |
    swim class | paper map | old radio | front door
"""
_ENDINGS = """
    took the pressure off | started a real talk | cost nothing at all | changed the whole evening | felt odd for
    two days | made everyone laugh | settled the argument | gave us an extra hour | was easier than a rule |
    surprised all of us
"""


def suggestion(tweet_id: str, kind: str, wish: str = "") -> str:
    """A sentence that depends on tweet, type and wish only, and is like no other: three of its names are its own."""
    digest = hashlib.sha256(f"{tweet_id} {kind}{wish and ' ' + wish}".encode()).digest()
    verb, first, second, third, ending = (
        _picked(words, digest[4 * i : 4 * i + 4])
        for i, words in enumerate((_VERBS, _THINGS, _THINGS, _THINGS, _ENDINGS))
    )
    given, family, town = (_name(digest[20 + 4 * i : 24 + 4 * i]) for i in range(3))
    told = "ask" if kind == "ask_question" else "think"
    return (
        f"I {told} because {verb} the {first} next to the {second} {ending}, "
        f"and {given} {family} of {town} still tells that story about the {third}."
    )


def _name(chance: bytes) -> str:
    return "".join("bdfgklmnprstvz"[byte % 14] + "aeiou"[byte % 5] for byte in chance).capitalize()


def _picked(words: str, chance: bytes) -> str:
    choices = words.split("|")
    return choices[int.from_bytes(chance) % len(choices)].strip()
