"""Revisions of suggestions: what a person asks to have changed, what was written, and what became of it.

Of a suggestion, at most one revision is asked for and one is offered and to be decided about, which the other goes on
from. Both are about the text that the suggestion had then; once that is another one, they are open no longer. Having
it written is in ``generation.revising``, how far that has come in ``revision_progress``. All functions that write want
the connection of ``Database.begin``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from viral_assets.store.audit import bounded, name_of
from viral_assets.store.bulk import one_of
from viral_assets.store.conditions import same_suggestion
from viral_assets.store.decision_changes import Decided
from viral_assets.store.decisions import decide_about_revision
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import NotAllowed, unchanged
from viral_assets.store.suggestion_status import after_revision, refusal
from viral_assets.store.tables import comment_suggestions, suggestion_revisions
from viral_assets.vocabulary import (
    ASKED,
    DROPPED,
    KEPT,
    OFFERED,
    TAKE_REVISION,
    TAKEN,
    RevisionAction,
)

LONGEST_WISH = 300
"""Characters. A sentence or two; who has more to say edits."""

_OPEN = (ASKED, OFFERED)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision as it stands.

    ``wish`` is what should change, in the words of ``asked_by``. ``standing_text`` is what the suggestion said then and
    ``draft`` what is revised: the same, or the revision that was offered before. ``text``, of ``weighted_length``, is
    there once ``provider`` and ``model`` have written it; ``reason`` says why it is not (yet).
    """

    id: str
    key: SuggestionKey
    asked_at: datetime
    asked_by: str
    wish: str
    standing_text: str
    draft: str
    state: str
    text: str | None
    weighted_length: int | None
    provider: str
    model: str
    reason: str
    ended_at: datetime | None
    held_until: datetime | None
    decided_at: datetime | None
    decided_by: str | None

    @property
    def offered(self) -> bool:
        return self.state == OFFERED

    def is_held(self, now: datetime) -> bool:
        """Somebody has it written right now."""
        return self.state == ASKED and self.held_until is not None and self.held_until > now


def ask(
    connection: sa.Connection,
    key: SuggestionKey,
    *,
    version: int,
    wish: str,
    who: str,
    at: datetime,
    shown: str = "",
) -> Revision:
    """Ask for a revision. What is asked for twice is asked for once; another wish takes the place of one that nobody
    has written yet.

    Args:
        version: of the suggestion when it was looked at.
        wish: in a person's words.
        shown: the offered revision that this one goes on from; empty where none was shown.

    Returns:
        The new revision, the same one where it was asked for already, or the one that was offered meanwhile.

    Raises:
        Conflict: the suggestion has changed since it was looked at.
        NotAllowed: no wish, too long a one, a suggestion that is not revised in its status, or that somebody has
            revised right now.
    """
    words = words_of(wish)
    if not words:
        raise NotAllowed("say what should change, like “shorter”")
    if len(words) > LONGEST_WISH:
        raise NotAllowed(f"a wish has at most {LONGEST_WISH} characters; say it shorter, or edit the text yourself")
    row = unchanged(connection, key, version)
    if after_revision(row.status) is None:
        raise NotAllowed(f"it cannot be revised: {refusal(row.status, TAKE_REVISION)}")
    draft: str = row.text
    for revision in _open_ones(connection, key):
        if revision.standing_text == row.text:
            if revision.offered and revision.id == shown:
                draft = revision.text or draft
                # It stays until there is a new one.
                continue
            if revision.offered or revision.wish == words:
                return revision
            if revision.is_held(at):
                raise NotAllowed(f"it is being revised already: “{revision.wish}”; wait for that")
        drop(connection, revision.id, who=who, at=at)
    new_id = uuid.uuid4().hex
    asked = {
        "id": new_id,
        "project": key.project,
        "tweet_id": key.tweet_id,
        "suggestion_type": key.suggestion_type,
        "asked_at": at,
        "asked_by": name_of(who),
        "wish": words,
        "standing_text": row.text,
        "draft": draft,
        "state": ASKED,
    }
    connection.execute(sa.insert(suggestion_revisions).values(asked))
    return _known(connection, new_id)


def words_of(wish: str) -> str:
    """What a person wishes, as it is kept; one that is too long is not cut to what is allowed, and so refused."""
    return bounded(wish, LONGEST_WISH + 1)


def read_revision(connection: sa.Connection, revision_id: str) -> Revision | None:
    """One revision; None where there is none."""
    row = connection.execute(_ALL.where(suggestion_revisions.c.id == revision_id)).one_or_none()
    return None if row is None else _revision(row)


def open_revisions(connection: sa.Connection, tweets: Iterable[tuple[str, str]]) -> Mapping[SuggestionKey, Revision]:
    """The open revisions of suggestions for these tweets (project and id): the offered one, where there is one."""
    table, suggestion = suggestion_revisions.c, comment_suggestions.c
    wanted = set(tweets)
    query = (
        _ALL.join(comment_suggestions, same_suggestion(comment_suggestions, suggestion_revisions))
        .where(
            one_of(connection, table.tweet_id, sorted({tweet_id for _, tweet_id in wanted})),
            table.state.in_(_OPEN),
            suggestion.text == table.standing_text,
        )
        .order_by(table.asked_at, table.id)
    )
    found = [_revision(row) for row in connection.execute(query)]
    found.sort(key=lambda each: each.offered)
    return {each.key: each for each in found if (each.key.project, each.key.tweet_id) in wanted}


def revisions_of(connection: sa.Connection, project: str, tweet_id: str) -> list[Revision]:
    """All that was asked for about the suggestions for a tweet, newest first."""
    table = suggestion_revisions.c
    query = _ALL.where(table.tweet_id == tweet_id, table.project == project)
    return [_revision(row) for row in connection.execute(query.order_by(table.asked_at.desc(), table.id))]


def drop(connection: sa.Connection, revision_id: str, *, who: str, at: datetime) -> None:
    """Nobody wants it any more."""
    table = suggestion_revisions.c
    changes = {"state": DROPPED, "held_until": None, "decided_at": at, "decided_by": name_of(who)}
    these = sa.update(suggestion_revisions).where(table.id == revision_id, table.state.in_(_OPEN))
    connection.execute(these.values(changes))


def decide_revision(
    connection: sa.Connection,
    revision_id: str,
    action: RevisionAction,
    *,
    who: str,
    at: datetime,
    version: int,
    second: SecondApproval = NOWHERE,
) -> Decided:
    """Take the offered revision, or keep the text as it is. Either is in the audit, with the wish as its reason, and
    an undo offers the revision again.

    Args:
        version: of the suggestion when it was looked at.
        second: where the approval of two people is asked for.

    Raises:
        Conflict: the suggestion has changed since.
        NotAllowed: it is not offered (any more), or the suggestion is of a status in which it is not revised.
    """
    revision = read_revision(connection, revision_id)
    if revision is None or not revision.offered or revision.text is None:
        raise NotAllowed("this revision is decided about already, or gone; look at it again")
    done = decide_about_revision(
        connection,
        revision.key,
        action,
        who=who,
        at=at,
        version=version,
        standing=revision.standing_text,
        text=revision.text,
        written_by=revision.model,
        wish=revision.wish,
        second=second,
    )
    changes = {
        "state": TAKEN if action == TAKE_REVISION else KEPT,
        "decided_at": at,
        "decided_by": name_of(who),
        "event_id": done.event_id,
    }
    connection.execute(sa.update(suggestion_revisions).where(suggestion_revisions.c.id == revision_id).values(changes))
    return done


_COLUMNS = (
    *("id", "project", "tweet_id", "suggestion_type", "asked_at", "asked_by", "wish", "standing_text", "draft"),
    *("state", "text", "weighted_length", "provider", "model", "reason", "ended_at", "held_until"),
    *("decided_at", "decided_by"),
)
_ALL = sa.select(*(suggestion_revisions.c[name] for name in _COLUMNS))


def _revision(row: sa.Row[Any]) -> Revision:
    revision_id, project, tweet_id, suggestion_type, *rest = tuple(row)
    return Revision(revision_id, SuggestionKey(project, tweet_id, suggestion_type), *rest)


def _known(connection: sa.Connection, revision_id: str) -> Revision:
    return _revision(connection.execute(_ALL.where(suggestion_revisions.c.id == revision_id)).one())


def _open_ones(connection: sa.Connection, key: SuggestionKey) -> list[Revision]:
    table = suggestion_revisions.c
    query = _ALL.where(
        table.tweet_id == key.tweet_id,
        table.project == key.project,
        table.suggestion_type == key.suggestion_type,
        table.state.in_(_OPEN),
    )
    return [_revision(row) for row in connection.execute(query.order_by(table.asked_at, table.id))]
