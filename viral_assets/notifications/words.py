"""What a message says. Pure: from opportunities and a time to a title and a text.

The texts of tweets and drafts are untrusted; they pass through ``text.chats``, handles and topics too. Addresses are
ours, and stay as they are.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.text.amounts import how_many, percent, short_count
from viral_assets.text.chats import text_for_chat
from viral_assets.text.display import clipped, kind, one_line
from viral_assets.vocabulary import LABELS, PENDING, SENSITIVE_CATEGORIES

TWEET_CHARACTERS = 280
REPLY_CHARACTERS = 280


@dataclass(frozen=True, slots=True)
class Message:
    """A title without anything of a tweet, and a text in plain words."""

    title: str
    text: str


def message(
    views: Sequence[OpportunityView],
    now: datetime,
    *,
    project: str,
    project_title: str,
    review_url: str,
    at_most: int,
    room: int,
) -> Message:
    """What is said of some opportunities of a project, the best of which comes first.

    Args:
        review_url: where people find the review page.
        at_most: opportunities that are shown; the others are counted.
        room: size of title and text together, as :func:`size` has it; fewer are shown where they take more.
    """
    title = f"{one_line(project_title) or project}: {headline(views, now)}"
    shown = min(at_most, len(views))
    made = Message(title, _text(views, shown, now, project, review_url))
    while shown and size(made) > room:
        shown -= 1
        made = Message(title, _text(views, shown, now, project, review_url))
    return made


def trial_message(channel: str) -> Message:
    """What is said where somebody wants to know whether a channel works."""
    return Message("viral_assets: a test", f"The channel {channel} works. There is nothing to decide about.")


def headline(views: Sequence[OpportunityView], now: datetime) -> str:
    """``4 greens and 1 yellow, the best is 12 minutes old``."""
    counts = Counter(view.label for view in views)
    parts = [how_many(counts[label], label) for label in LABELS if counts[label]]
    age = age_in_words(now - views[0].created_at)
    return f"{_listed(parts)}, {age} old" if len(views) == 1 else f"{_listed(parts)}, the best is {age} old"


def age_in_words(age: timedelta) -> str:
    """``12 minutes``, ``1 hour``, ``5 hours``, ``2 days``: cut off, never rounded up."""
    minutes = max(0, int(age.total_seconds() // 60))
    number, unit = (minutes, "minute") if minutes < 60 else (minutes // 60, "hour")
    number, unit = (number, unit) if minutes < 48 * 60 else (minutes // (24 * 60), "day")
    return how_many(number, unit)


def flags(view: OpportunityView, draft: SuggestionView | None) -> list[str]:
    """What a person should know before answering, in words."""
    found = [SENSITIVE_CATEGORIES.get(flag.category, flag.category) for flag in view.flags]
    said = [f"sensitive: {', '.join(dict.fromkeys(found))}"] if found else []
    unknown = ["followers"] * (view.author_followers is None) + list(view.unknown_counts)
    if unknown:
        said.append(f"{', '.join(unknown)} unknown")
    if draft is not None and draft.offline and not draft.rewritten:
        said.append("recorded draft" if draft.recorded else "offline draft, no language model wrote it")
    return said


def size(made: Message) -> int:
    """UTF-16 units of title and text, with what escaping adds: no service counts more."""
    return sum(len(html.escape(part).encode("utf-16-le")) // 2 for part in (made.title, made.text))


def tweet_address(review_url: str, project: str, tweet_id: str) -> str:
    """The review page of one tweet."""
    return f"{review_url.rstrip('/')}/tweet?{urlencode({'project': project, 'tweet_id': tweet_id})}"


def list_address(review_url: str, project: str) -> str:
    """The review page of a project's tweets to decide about."""
    return f"{review_url.rstrip('/')}/?{urlencode({'project': project})}"


def _text(views: Sequence[OpportunityView], shown: int, now: datetime, project: str, review_url: str) -> str:
    entries = [_entry(number, view, now, review_url) for number, view in enumerate(views[:shown], start=1)]
    rest = len(views) - shown
    where = list_address(review_url, project)
    if rest or shown > 1:
        entries.append(f"{f'And {rest:,} more: ' if rest and shown else 'Decide about them: '}{where}")
    return "\n\n".join(entries)


def _entry(number: int, view: OpportunityView, now: datetime, review_url: str) -> str:
    draft = next((each for each in view.suggestions if each.status == PENDING), None)
    seen = []
    if view.author_followers is not None:
        seen.append(f"{short_count(view.author_followers)} followers")
    if view.views is not None:
        seen.append(f"{short_count(view.views)} views")
    facts = f"{view.label} {percent(view.total)} %, {age_in_words(now - view.created_at)} old"
    who = text_for_chat(f"@{view.author_handle}") + (f" ({', '.join(seen)})" if seen else "")
    lines = [
        f"{number}. {facts}, {who}, on {text_for_chat(view.topic)}",
        f"“{_clipped(view.text, TWEET_CHARACTERS)}”",
    ]
    if draft is not None:
        lines.append(f"Reply ({kind(draft.type_name).lower()}): “{_clipped(draft.text, REPLY_CHARACTERS)}”")
    if said := flags(view, draft):
        lines.append(f"Mind: {'; '.join(said)}")
    lines.append(f"Decide: {tweet_address(review_url, view.project, view.tweet_id)}")
    lines.append(f"On X: {view.url}")
    return "\n".join(lines)


def _clipped(text: str, characters: int) -> str:
    """Cut first, as what makes a text harmless makes it longer and must not be cut in two."""
    return text_for_chat(clipped(text, characters))


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
