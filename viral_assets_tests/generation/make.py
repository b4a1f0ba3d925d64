"""Small values for the tests of this package."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project

HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
TYPES = ("add_value", "ask_question", "mirror_reframe")


def project(name: str = "calm", *, voice: dict[str, Any] | None = None, **fields: Any) -> Project:
    return Project.model_validate(
        {
            "name": name,
            "taxonomy": [{"label": "Screen time", "description": "How families handle phones and tablets."}],
            "voice": {
                "persona": "A warm, practical parent who works on an app that helps families put the phone away.",
                "constraints": ["Never shame anyone for their habits.", "No medical advice."],
                "good_examples": ["We charge ours in the hallway; the first week felt odd, now nobody asks."],
                **(voice or {}),
            },
            **fields,
        }
    )


def opportunity(
    tweet_id: str = "1992412345678901230",
    text: str = "My ten year old hides the tablet under the blanket and I only find out at breakfast.",
    types: Sequence[str] = TYPES,
    **fields: Any,
) -> Opportunity:
    known: dict[str, Any] = {"project": "calm", "window_start": HOUR, "topic": "Screen time"} | fields
    return Opportunity(tweet_id=tweet_id, text=text, suggestion_types=tuple(types), **known)


def pack(size: int) -> list[Opportunity]:
    """Tweets as they come: different, and about as long as most."""
    texts = [
        "Dinner without phones lasted eleven minutes tonight, which is a new family record. How do others do this?",
        "Hot take: the problem is not kids and phones, it is parents who answer work mail at the playground.",
        "Week two of no screens before school. Mornings are calmer but the bus ride is pure negotiation.",
        "Is there a single study on teenagers and sleep that controls for homework? I keep finding the opposite.",
        "We tried the grey screen trick and my daughter simply learned to love black and white videos.",
        "Anyone else using an old alarm clock so that the phone can stay out of the bedroom? Looking for tips.",
        "Deleted the app on Monday, reinstalled it on Thursday. Willpower is a myth and I am living proof of it.",
    ]
    return [opportunity(str(1992412345678901230 + 7919 * i), texts[i % len(texts)]) for i in range(size)]


def answer_text(suggestions: dict[str, dict[str, str]], **dumps: Any) -> str:
    """The answer that carries these suggestions, as the schema wants it."""
    items = [
        {"id": tweet_id, "suggestions": [{"type": kind, "text": text} for kind, text in texts.items()]}
        for tweet_id, texts in suggestions.items()
    ]
    return json.dumps(items, **dumps)
