"""What a request asks: the tweets in its prompt, the types in its schema, its size."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ID = re.compile(r'"id"\s*:\s*"([^"\\]+)"')


def user_text(body: Mapping[str, Any]) -> str:
    """The user's turn."""
    return "\n".join(part.get("text", "") for content in body.get("contents", []) for part in content.get("parts", []))


def tweets_in(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Ids in the prompt, and which types each asks for if it says so."""
    text, types = user_text(body), _asked_types(body)
    with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError):
        listed = json.loads(text)["tweets"]
        return {each["id"]: list(each.get("types", types)) for each in listed}
    return {tweet_id: list(types) for tweet_id in _ID.findall(text)}


def wishes_in(body: Mapping[str, Any]) -> dict[str, str]:
    """What should change in the drafts of the prompt, by the id of their tweet."""
    with contextlib.suppress(ValueError, TypeError, LookupError, AttributeError):
        return {each["id"]: each["wish"] for each in json.loads(user_text(body))["drafts"]}
    return {}


def _asked_types(body: Mapping[str, Any]) -> Sequence[str]:
    config = body.get("generationConfig", {})
    return next(_enums(config.get("responseSchema") or config.get("responseJsonSchema") or {}), ["reply"])


def _enums(schema: Any) -> Iterator[list[str]]:
    if isinstance(schema, dict):
        # Whether to answer a tweet at all is an enum too.
        if schema.get("enum") and "yes" not in schema["enum"]:
            yield list(schema["enum"])
        for part in schema.values():
            yield from _enums(part)


def texts(value: Any) -> str:
    """All text of a request's contents and instruction."""
    if isinstance(value, dict):
        return "".join(
            part if key == "text" and isinstance(part, str) else texts(part)
            for key, part in value.items()
            if key != "generationConfig"
        )
    return "".join(map(texts, value)) if isinstance(value, list) else ""


def tokens(text: str) -> int:
    return math.ceil(len(text) / 4)
