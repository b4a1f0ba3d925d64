"""What a chosen tweet stands in: what it answers and quotes, and what its author was told before. For the prompt, and
for whoever is shown the tweet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from viral_assets.context import NO_CONTEXT, Context
from viral_assets.queries.contacts import OfAuthor, read_contacts
from viral_assets.queries.opportunity_view import Contact, OpportunityView
from viral_assets.store.references import read_contexts


@dataclass(frozen=True, slots=True)
class AskedTweet:
    """A tweet that a model is asked about. ``window_start`` is aware."""

    project: str
    tweet_id: str
    window_start: datetime
    author_id: str | None
    author_handle: str


def contexts_of(connection: sa.Connection, tweets: Sequence[OfAuthor]) -> list[tuple[Context, tuple[Contact, ...]]]:
    """The context of each tweet, and what was said to its author when, in their order."""
    found = read_contexts(connection, [tweet.tweet_id for tweet in tweets])
    return [
        (_with_told(found.get(tweet.tweet_id, NO_CONTEXT), contacts), contacts)
        for tweet, contacts in zip(tweets, read_contacts(connection, tweets), strict=True)
    ]


def _with_told(context: Context, contacts: tuple[Contact, ...]) -> Context:
    return replace(context, told=tuple(contact.text for contact in contacts)) if contacts else context


def with_context(connection: sa.Connection, views: Sequence[OpportunityView]) -> list[OpportunityView]:
    """The same opportunities with what they stand in."""
    return [
        # Most stand in nothing, and a copy of each takes as long as to read it.
        replace(view, context=context, contacts=contacts) if context or contacts else view
        for view, (context, contacts) in zip(views, contexts_of(connection, views), strict=True)
    ]
