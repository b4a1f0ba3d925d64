"""Templates and the words in them. Everything that came from a tweet, a file or a model is escaped by the template
engine and made readable by ``text.cleaning``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment

from viral_assets.delivery.formatting import page_templates, window_text
from viral_assets.queries.filters import ASSIGNED, RECENT, SORTS, STANDINGS, USUAL_HOURS, day_of
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.store.revisions import LONGEST_WISH
from viral_assets.store.suggestion_status import CHOSEN, after, after_revision
from viral_assets.store.teamwork import CardViewer
from viral_assets.text.display import one_line
from viral_assets.text.entities import linked
from viral_assets.text.names import same_person
from viral_assets.text.x_links import composer_link
from viral_assets.text.x_rules import POST_WEIGHT
from viral_assets.vocabulary import (
    APPROVE,
    AWAITING,
    COMMON_WISHES,
    LABELS,
    PENDING,
    POST,
    REJECTION_REASONS,
    TAKE_REVISION,
)

TINTS = 6
"""Colours of the circles that stand for people."""

STATUS_WORDS = {
    "awaiting": "Approved once",
    "approved": "Approved",
    "edited": "Edited and approved",
    "rejected": "Rejected",
    "exported": "Exported",
    "posted": "Posted",
    "pending": "Reopened",
}
ACTION_WORDS = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "export": "exported",
    "post": "marked as posted",
    "reopen": "reopened",
    "undo": "took back",
    "revise": "took a revision of",
    "keep": "kept the text of",
}


REVISION_WORDS = {
    "asked": "not written yet",
    "offered": "to be decided about",
    "taken": "taken",
    "kept": "the text was kept",
    "dropped": "no longer wanted",
    "failed": "not written",
}


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template filled in."""
    return _templates().get_template(template).render(values)


def anchor(view: OpportunityView) -> str:
    """An id for the card of an opportunity: fit for an address and a selector, different for different cards."""
    plain = f"{view.project}-{view.tweet_id}"
    if re.fullmatch(r"[A-Za-z0-9_-]+", plain):
        return f"o-{plain}"
    return f"o-{hashlib.sha256(plain.encode(errors='replace')).hexdigest()[:16]}"


def tweet_address(project: str, tweet_id: str, *, back: str = "") -> str:
    """The page of one tweet."""
    values = {"project": project, "tweet_id": tweet_id, **({"back": back} if back else {})}
    return f"/tweet?{urlencode(values)}"


def sentence(text: str) -> str:
    """One line with a capital letter and a full stop."""
    text = one_line(text)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def ago(instant: datetime, now: datetime) -> str:
    """``just now``, ``5 min ago``, ``3 h ago``, ``2 days ago``; a date when that says more."""
    past = now - instant
    minutes = int(past.total_seconds() // 60)
    if past < timedelta(0) or past > timedelta(days=30):
        return f"on {instant.astimezone(UTC).day} {instant:%b %Y}"
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{past.days} days ago"


def initials(view: OpportunityView) -> str:
    """One or two letters for a person, as address books show them."""
    words = re.findall(r"[^\W\d_]+", one_line(view.author_name or view.author_handle))
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()[:2] or "?"


def tint(view: OpportunityView) -> int:
    """Which of the colours: always the same for the same person."""
    return hashlib.sha256(view.author_handle.lower().encode(errors="replace")).digest()[0] % TINTS


def settled(view: OpportunityView) -> bool:
    """A reply has been chosen or posted; the others are only there to look at."""
    return any(suggestion.status in CHOSEN for suggestion in view.suggestions)


def undecided(view: OpportunityView) -> bool:
    """Something could be written anew: it is pending and nobody had it revised, or there is nothing at all."""
    return not view.suggestions or any(each.status == PENDING and not each.revised_text for each in view.suggestions)


def allowed(suggestion: SuggestionView, view: OpportunityView, who: str) -> frozenset[str]:
    """What ``who`` may do now."""
    decisions = {each for each in ("approve", "reject", "edit", "post", "reopen") if after(suggestion.status, each)}
    if view.takes_two and not view.may_go_out(suggestion):
        decisions.discard(POST)
        if suggestion.status == AWAITING and same_person(suggestion.decided_by or "", who):
            decisions.discard(APPROVE)
    return frozenset(decisions | ({TAKE_REVISION} if after_revision(suggestion.status) else set()))


def seen_by(view: OpportunityView, who: str) -> list[CardViewer]:
    """The others who have had the card open, who did last first."""
    return [each for each in view.teamwork.seen if not same_person(each.name, who)]


def seconds_text(seconds: float) -> str:
    """``23 s``, ``4 min``, ``3 h``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5_400 else f"{round(seconds / 3600)} h"


@cache
def static_address(name: str) -> str:
    """A file of ours under an address that changes with its content, so that browsers may keep it."""
    content = (files("viral_assets.web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def _templates() -> Environment:
    environment = page_templates("viral_assets.web")
    environment.filters.update(
        ago=ago,
        allowed=allowed,
        anchor=anchor,
        hours_text=window_text,
        initials=initials,
        linked=linked,
        seconds=seconds_text,
        seen_by=seen_by,
        sentence=sentence,
        settled=settled,
        tint=tint,
        undecided=undecided,
    )
    environment.globals.update(
        ACTION_WORDS=ACTION_WORDS,
        ASSIGNED=ASSIGNED,
        COMMON_WISHES=COMMON_WISHES,
        LABEL_CHOICES=[("", "All labels"), *((label, label.capitalize()) for label in LABELS)],
        LONGEST_WISH=LONGEST_WISH,
        MAX_LENGTH=POST_WEIGHT,
        RECENT=RECENT,
        USUAL_HOURS=USUAL_HOURS,
        REJECTION_REASONS=REJECTION_REASONS,
        REVISION_WORDS=REVISION_WORDS,
        SORTS=SORTS,
        STANDINGS=STANDINGS,
        STATUS_WORDS=STATUS_WORDS,
        composer_link=composer_link,
        day_of=day_of,
        static=static_address,
    )
    return environment
