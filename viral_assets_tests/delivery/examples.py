"""Opportunities as they look on a good day, and a way to put them into a database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from viral_assets.hours import HourRange, floor_hour
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.safety.flag import flags_as_text
from viral_assets.store import tables
from viral_assets.store.bulk import insert_ignore

HOUR = datetime(2026, 11, 21, 20, tzinfo=UTC)
WINDOW = HourRange(HOUR, HOUR + timedelta(hours=1))
DAY = HourRange(HOUR.replace(hour=0), HOUR.replace(hour=0) + timedelta(days=1))
GENERATED = datetime(2026, 11, 21, 21, 4, tzinfo=UTC)
TYPES = ("add_value", "ask_question", "mirror_reframe")


def suggestion(text: str, **changes: Any) -> SuggestionView:
    plain = SuggestionView(
        type_name="add_value",
        text=text,
        weighted_length=len(text),
        status="pending",
        provider="google-generativeai",
        model="gemini-2.5-flash-lite",
    )
    return replace(plain, **changes)


def opportunity(**changes: Any) -> OpportunityView:
    created_at = changes.pop("created_at", HOUR + timedelta(minutes=14, seconds=9))
    plain = OpportunityView(
        rank=1,
        priority_score=78.4,
        project="unplugged",
        tweet_id="1991963442881839105",
        window_start=floor_hour(created_at),
        created_at=created_at,
        collected_at=created_at + timedelta(minutes=35),
        text="Our evening rule is no phones after eight. How do you make it stick with teenagers?",
        lang="en",
        author_handle="mara_writes",
        author_name="Mara Lindqvist",
        author_followers=48_213,
        author_verified=True,
        likes=1_204,
        replies=187,
        retweets=96,
        quotes=14,
        views=182_440,
        total=0.784,
        label="green",
        topic="Kids and phones",
        why="1.2K likes in the first 55 min · Kids and phones (84 %) · asks a question · 48K followers",
        velocity=0.81,
        relevance=0.84,
        openness=0.9,
        author_quality=0.5,
        suggestions=(
            suggestion("Put the charger in the kitchen, yours included. It is the only version that lasted for us."),
            suggestion("Which part do they push back on: the hour, or that it is you who decides?", type_name=TYPES[1]),
        ),
        outcome="done",
    )
    return replace(plain, **changes)


@dataclass
class Stored:
    """Rows of opportunities and what hangs on them, in the shape of the tables."""

    tweets: list[dict[str, Any]] = field(default_factory=list)
    tweet_projects: list[dict[str, Any]] = field(default_factory=list)
    tweet_scores: list[dict[str, Any]] = field(default_factory=list)
    comment_opportunities: list[dict[str, Any]] = field(default_factory=list)
    comment_suggestions: list[dict[str, Any]] = field(default_factory=list)
    generation_outcomes: list[dict[str, Any]] = field(default_factory=list)


def store(
    connection: Connection,
    views: Sequence[OpportunityView],
    *,
    request_id: str = "r1",
    generated_at: datetime = GENERATED,
) -> None:
    """Write what reading should give back."""
    stored = Stored()
    known: set[str] = set()
    for view in views:
        key = {"project": view.project, "tweet_id": view.tweet_id}
        place = {**key, "window_start": view.window_start}
        judged = {name: getattr(view, name) for name in ("total", "label", "topic", "why")}
        if view.tweet_id not in known:
            known.add(view.tweet_id)
            stored.tweets.append(_tweet(view))
        stored.tweet_projects.append(key)
        if view.velocity is not None:
            parts = {name: getattr(view, name) for name in ("velocity", "relevance", "openness", "author_quality")}
            flags = {"unsafe": "", "flags": flags_as_text(view.flags)}
            stored.tweet_scores.append({**place, **judged, **parts, "gate": "pass", **flags})
        author = {"from_id": view.author_id, "from_handle": view.author_handle.lower() or None}
        stored.comment_opportunities.append({**place, **judged, **author, "rank": view.rank})
        for position, one in enumerate(view.suggestions):
            stored.comment_suggestions.append(
                {
                    **place,
                    "suggestion_type": one.type_name,
                    "position": position,
                    "text": one.text,
                    "weighted_length": one.weighted_length,
                    "provider": one.provider,
                    "model": one.model,
                    "request_id": request_id,
                    "created_at": generated_at,
                    "status": one.status,
                    "decided_at": one.decided_at,
                    "decided_by": one.decided_by,
                }
            )
        if view.outcome is not None:
            ended = {"outcome": view.outcome, "reason": view.reason, "attempts": 1, "updated_at": GENERATED}
            stored.generation_outcomes.append({**place, **ended})
    for name, rows in vars(stored).items():
        if rows:
            insert_ignore(connection, getattr(tables, name), rows)


def request(request_id: str, tweet_ids: Sequence[str], cost_usd: float | None) -> dict[str, Any]:
    return {
        "id": request_id,
        "quota_key": "k",
        "purpose": "generate",
        "project": "unplugged",
        "provider": "google-generativeai",
        "model": "gemini-2.5-flash-lite",
        "run_id": "run",
        "status": "answered",
        "granted_at": GENERATED.timestamp(),
        "counted_tokens": 900,
        "counted_cost_usd": cost_usd,
        "tweet_ids": list(tweet_ids),
    }


def _tweet(view: OpportunityView) -> dict[str, Any]:
    return {
        **{
            name: getattr(view, name)
            for name in (
                "tweet_id",
                "window_start",
                "created_at",
                "collected_at",
                "author_id",
                "author_handle",
                "author_name",
                "author_followers",
                "author_verified",
                "text",
                "lang",
            )
        },
        "text_sha256": hashlib.sha256(view.text.encode()).hexdigest(),
        "is_retweet": False,
        "is_reply": False,
        "is_quote": False,
        "is_promoted": False,
        "like_count": view.likes,
        "reply_count": view.replies,
        "retweet_count": view.retweets,
        "quote_count": view.quotes,
        "view_count": view.views,
    }
