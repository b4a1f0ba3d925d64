"""What the model makes of edits that it is to learn from: it knows a few words that people may want to do without."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

RULES = {
    "honestly": "Say it without hedging first.",
    "dollars": "Leave prices out of it.",
    "folks": "Speak to one person, not to a crowd.",
}
"""The rules it knows, by the word that breaks each."""


def study_items(prompt: str) -> list[dict[str, Any]] | None:
    """The good answer about the edits of a prompt; None for a prompt about tweets."""
    with contextlib.suppress(ValueError, TypeError, LookupError):
        asked = json.loads(prompt)
        rules = asked.get("rules")
        answer = _found if rules is None else lambda pairs: _verdict(pairs[0], rules)
        kind = "rules" if rules is None else "verdict"
        return [
            {"id": each["id"], "suggestions": [{"type": kind, "text": answer(each["pairs"])}]}
            for each in asked["groups"]
        ]
    return None


def _found(pairs: list[Mapping[str, str]]) -> str:
    learnt = [rule for word, rule in RULES.items() if sum(_follows(pair, word) for pair in pairs) > 1]
    return " | ".join(learnt) or "none"


def _verdict(pair: Mapping[str, str], rules: Mapping[str, str]) -> str:
    words = {number: word for number, rule in rules.items() for word, known in RULES.items() if rule == known}
    follows = ",".join(number for number, word in words.items() if _follows(pair, word))
    breaks = ",".join(number for number, word in words.items() if word in pair["final"].casefold())
    return f"+{follows} -{breaks}"


def _follows(pair: Mapping[str, str], word: str) -> bool:
    return word in pair["draft"].casefold() and word not in pair["final"].casefold()
