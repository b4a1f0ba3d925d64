"""Which suggestion: the key that decisions, revisions and posted replies are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True, order=True)
class SuggestionKey:
    """Which suggestion."""

    project: str
    tweet_id: str
    suggestion_type: str


def in_order(key: SuggestionKey) -> tuple[str, str, str]:
    return key.project, key.tweet_id, key.suggestion_type


def key_of(row: sa.Row[Any]) -> SuggestionKey:
    return SuggestionKey(row.project, row.tweet_id, row.suggestion_type)


def tweets_by_project(keys: Iterable[SuggestionKey]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for key in sorted(keys, key=in_order):
        found.setdefault(key.project, {})[key.tweet_id] = None
    return {project: list(tweet_ids) for project, tweet_ids in found.items()}
