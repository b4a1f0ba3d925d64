"""A tweet that is worth a reply, with just what the prompt and the bookkeeping need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from viral_assets.context import NO_CONTEXT, Context

TweetKey = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class DraftToRevise:
    """A reply that a person wants changed: what it says, and the person's ``wish``."""

    text: str
    wish: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What a model had drafted, and what a person made of it: the same ``text`` where nothing was changed."""

    draft: str
    text: str


@dataclass(frozen=True, slots=True)
class Study:
    """What a model is to learn from edits: rules that they have in common, or, of ``rules`` that there are, which each
    of them follows."""

    edits: tuple[Edit, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One thing to ask about.

    ``suggestion_types`` are the names still wanted, in the project's order. ``window_start`` is aware and in UTC.
    ``context`` is what is known around the tweet, and ``edits`` what people made of drafts about tweets like it. With a
    ``revision`` nothing new is wanted, but that draft of the one suggestion type as the person wishes it. With a
    ``study`` there is no tweet at all, but edits to learn from; its answer comes as the text of the one type.
    """

    project: str
    tweet_id: str
    window_start: datetime
    text: str
    topic: str
    suggestion_types: tuple[str, ...]
    author_handle: str = ""
    lang: str | None = None
    context: Context = NO_CONTEXT
    revision: DraftToRevise | None = None
    edits: tuple[Edit, ...] = ()
    study: Study | None = None

    @property
    def key(self) -> TweetKey:
        return (self.project, self.tweet_id)
