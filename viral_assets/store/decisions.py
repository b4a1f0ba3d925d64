"""Decisions about suggestions, each with its place in the audit. What is possible when is in ``suggestion_status``,
what happens when two decide at once in ``suggestion_locks``.

All functions want the connection of ``Database.begin``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from viral_assets.store.audit import name_of
from viral_assets.store.decision_changes import BATCH, Change, Decided, changed, checked_text, model_text_of, write
from viral_assets.store.second_approval import NOWHERE, OneIsNotEnough, SecondApproval, with_two
from viral_assets.store.suggestion_keys import SuggestionKey, in_order
from viral_assets.store.suggestion_locks import NotAllowed, conflict_with, locked, unchanged
from viral_assets.store.suggestion_status import after, after_revision, refusal
from viral_assets.vocabulary import (
    ACTIONS,
    APPROVE,
    AWAITING,
    EDIT,
    EDITED,
    PENDING,
    POST,
    TAKE_REVISION,
    RevisionAction,
)


def decide(
    connection: sa.Connection,
    key: SuggestionKey,
    action: str,
    *,
    who: str,
    at: datetime,
    version: int,
    text: str | None = None,
    reason: str = "",
    second: SecondApproval = NOWHERE,
) -> Decided:
    """Decide about one suggestion.

    Args:
        action: one of :data:`~viral_assets.vocabulary.ACTIONS`.
        who: name of a person, or of a program (``export``).
        at: aware.
        version: of the suggestion when it was looked at.
        text: for ``edit``, and only then: what the suggestion should say.
        reason: for the audit; bounded, may be empty.
        second: where the approval of two people is asked for.

    Raises:
        Conflict: it has changed since.
        NotAllowed: not possible in its status, to this person, or with this text, or there is no such suggestion (any
            more).
    """
    if (text is not None) != (action == EDIT):
        raise ValueError("a text is for an edit, and an edit needs one")
    written = checked_text(text) if text is not None else None
    row = unchanged(connection, key, version)
    status = after(row.status, action)
    if status is None:
        raise NotAllowed(f"{action} is not possible: {refusal(row.status, action)}")
    takes_two = second.among(connection, [(key.project, key.tweet_id)])
    status = _reached(row, action, status, who=who, takes_two=bool(takes_two))
    return write(connection, [changed(row, action, status, who=who, at=at, text=written)], who, at, reason)[0]


def decide_about_revision(
    connection: sa.Connection,
    key: SuggestionKey,
    action: RevisionAction,
    *,
    who: str,
    at: datetime,
    version: int,
    standing: str,
    text: str,
    written_by: str,
    wish: str,
    second: SecondApproval = NOWHERE,
) -> Decided:
    """Put a revision in the place of what a suggestion says, or record that a person kept that.

    Args:
        standing: what the suggestion said when the revision was asked for.
        text: the revision.
        written_by: the model that wrote it.
        wish: what the person had asked for; the audit's reason.
        second: where the approval of two people is asked for.

    Raises:
        Conflict: the suggestion has changed since, or says something else.
        NotAllowed: not possible in its status, or there is no such suggestion (any more).
    """
    row = unchanged(connection, key, version)
    if row.text != standing:
        raise conflict_with(connection, row)
    if action != TAKE_REVISION:
        change = Change(row, action, row.status, row.text, row.decided_at, row.decided_by)
        return write(connection, [change], who, at, wish)[0]
    status = after_revision(row.status)
    if status is None:
        raise NotAllowed(f"this revision cannot be taken: {refusal(row.status, action)}")
    takes_two = second.among(connection, [(key.project, key.tweet_id)])
    status = _reached(row, action, status, who=who, takes_two=bool(takes_two))
    # Taken is not approved: somebody still has to stand behind it, unless somebody did so already.
    by, when = (row.decided_by, row.decided_at) if status == PENDING else (name_of(who), at)
    change = Change(row, action, status, checked_text(text), when, by, revision=(text, written_by))
    return write(connection, [change], who, at, wish)[0]


def decide_many(
    connection: sa.Connection,
    keys_with_versions: Iterable[tuple[SuggestionKey, int]],
    action: str,
    *,
    who: str,
    at: datetime,
    reason: str = "",
    second: SecondApproval = NOWHERE,
) -> tuple[list[Decided], list[SuggestionKey]]:
    """Decide the same about many suggestions: any action but ``edit``, batch by batch, in the one transaction.

    Args:
        second: where the approval of two people is asked for.

    Returns:
        What was decided, and the keys of what was left alone: changed since, gone, not in a status for it, or waiting
        for somebody else. Both in the order of the keys.
    """
    if action == EDIT or action not in ACTIONS:
        raise ValueError(f"{action!r} cannot be decided about many")
    wanted = sorted(dict(keys_with_versions).items(), key=lambda item: in_order(item[0]))
    decided: list[Decided] = []
    left: list[SuggestionKey] = []
    rest = iter(wanted)
    while batch := list(islice(rest, BATCH)):
        rows = locked(connection, [key for key, _ in batch])
        takes_two = second.among(connection, {(key.project, key.tweet_id) for key, _ in batch})
        changes = []
        for key, version in batch:
            if (possible := _possible(rows, key, version, action)) is None:
                left.append(key)
                continue
            row, status = possible
            try:
                two = (key.project, key.tweet_id) in takes_two
                status = _reached(row, action, status, who=who, takes_two=two)
            except NotAllowed:
                left.append(key)
            else:
                changes.append(changed(row, action, status, who=who, at=at))
        decided += write(connection, changes, who, at, reason, batch=decided[0].event_id if decided else None)
    return decided, left


@dataclass(frozen=True, slots=True)
class PostedSuggestion:
    """A suggestion that was found posted.

    Args:
        version: of the suggestion when it was looked at.
        at: when it was posted.
        text: as it was posted; None where that is as the suggestion says, or nobody knows.
    """

    key: SuggestionKey
    version: int
    at: datetime
    text: str | None = None


def mark_posted(
    connection: sa.Connection, found: Iterable[PostedSuggestion], *, who: str, at: datetime
) -> tuple[list[Decided], list[SuggestionKey]]:
    """Mark suggestions as posted with the texts that they were posted with, all as what was decided in one go.

    Args:
        found: each with a text within X's limit of length.
        who: name of the program that found them.
        at: when that was; who stands behind a reply did so when it was posted.

    Returns:
        As :func:`decide_many`.
    """
    wanted = sorted(found, key=lambda each: in_order(each.key))
    rows = locked(connection, [each.key for each in wanted])
    changes: list[Change] = []
    left: list[SuggestionKey] = []
    for each in wanted:
        if (possible := _possible(rows, each.key, each.version, POST)) is None:
            left.append(each.key)
        else:
            row, status = possible
            changes.append(changed(row, POST, status, who=who, at=min(each.at, at), text=each.text))
    return write(connection, changes, who, at, ""), left


def _reached(row: sa.Row[Any], action: str, status: str, *, who: str, takes_two: bool) -> str:
    """The status that an action leads to.

    Args:
        status: what it leads to where one person is enough.

    Raises:
        NotAllowed: another person has to approve first.
    """
    if row.status == AWAITING and action == APPROVE and row.text != (row.revised_text or model_text_of(row)):
        status = EDITED  # what the first person typed
    if not takes_two:
        return status
    try:
        decided, first = row.decided_at is not None, row.decided_by or ""
        return with_two(action, row.status, status, decided=decided, first=first, who=name_of(who))
    except OneIsNotEnough as why:
        raise NotAllowed(f"{action} is not possible: {why}") from None


def _possible(
    rows: Mapping[SuggestionKey, sa.Row[Any]], key: SuggestionKey, version: int, action: str
) -> tuple[sa.Row[Any], str] | None:
    """The row, and its status after the action; None where it has changed since, is gone, or has none for it."""
    row = rows.get(key)
    status = after(row.status, action) if row is not None and row.version == version else None
    return None if row is None or status is None else (row, status)
