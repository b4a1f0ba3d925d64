"""Decisions about suggestions, each with its place in the audit. What is possible when is in ``suggestion_status``.

A decision names the ``version`` of the suggestion that was looked at: one that has changed since is left alone, and
whoever came second gets the first in an error. The row is locked from reading to writing (on SQLite by the one writer
there is), so of two decisions at once exactly one wins. All functions that write want the connection of
``Database.begin``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from viral_assets.errors import ViralAssetsError
from viral_assets.store.bulk import insert_columns, one_of, update_columns
from viral_assets.store.revision_rows import offer_again, taken_before
from viral_assets.store.second_approval import NOWHERE, OneIsNotEnough, SecondApproval, with_two
from viral_assets.store.suggestion_status import after, after_revision, in_words, refusal
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.text.cleaning import persons_reply, text_for_prompt
from viral_assets.text.x_rules import POST_WEIGHT, text_weight
from viral_assets.vocabulary import (
    ACTIONS,
    APPROVE,
    AWAITING,
    EDIT,
    EDITED,
    PENDING,
    POST,
    REVISION_ACTIONS,
    TAKE_REVISION,
    UNDO,
    RevisionAction,
)

BATCH = 5_000
"""Suggestions looked at and written together: what bounds the memory of a decision about many."""

LONGEST_DRAFT = 4_000
"""Characters above which a text is refused without measuring it: only absurdly long links could make up for it."""

LONGEST_REASON = 500
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, order=True)
class SuggestionKey:
    """Which suggestion."""

    project: str
    tweet_id: str
    suggestion_type: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A suggestion after a decision; ``event_id`` is what :func:`undo` wants."""

    key: SuggestionKey
    status: str
    text: str
    weighted_length: int
    version: int
    event_id: int


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the audit.

    ``to_text`` is the text decided about; ``from_text`` differs where the decision changed it. ``version`` is the
    suggestion's after the event, ``undoes`` the event that an ``undo`` took back, ``batch`` the id of the first event
    of what was decided in one go.
    """

    id: int
    batch: int
    key: SuggestionKey
    at: datetime
    who: str
    action: str
    from_status: str
    to_status: str
    from_text: str
    to_text: str
    reason: str
    version: int
    undoes: int | None


class Conflict(ViralAssetsError):  # noqa: N818 - the word of the field
    """The suggestion has changed since it was looked at; nothing was done.

    Args:
        status: of the suggestion now, as are ``text``, ``weighted_length`` and ``version``.
        who: changed it last; empty for a run that wrote it anew.
        at: when that was.
    """

    def __init__(
        self, key: SuggestionKey, *, status: str, text: str, weighted_length: int, version: int, who: str, at: datetime
    ) -> None:
        self.key, self.status, self.text, self.weighted_length = key, status, text, weighted_length
        self.version, self.who, self.at = version, who, at
        by = who or "a run"
        super().__init__(
            f"{by} changed this suggestion at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC and it is {in_words(status)} "
            "now; look at it again and decide"
        )


class NotAllowed(ViralAssetsError):  # noqa: N818 - the word of the field
    """The decision is not possible, whoever makes it; nothing was done. The message says why."""


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
    written = _checked_text(text) if text is not None else None
    row = unchanged(connection, key, version)
    status = after(row.status, action)
    if status is None:
        raise NotAllowed(f"{action} is not possible: {refusal(row.status, action)}")
    takes_two = second.among(connection, [(key.project, key.tweet_id)])
    status = _reached(row, action, status, who=who, takes_two=bool(takes_two))
    return _write(connection, [_changed(row, action, status, who=who, at=at, text=written)], who, at, reason)[0]


def unchanged(connection: sa.Connection, key: SuggestionKey, version: int) -> sa.Row[Any]:
    """The suggestion's row as it was looked at, nobody else's to change until the transaction ends.

    Raises:
        Conflict: it has changed since.
        NotAllowed: there is no such suggestion (any more).
    """
    row = _locked(connection, [key]).get(key)
    if row is None:
        raise NotAllowed("there is no such suggestion any more: a later run has removed it; load the page again")
    if row.version != version:
        raise _conflict(connection, row)
    return row


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
        raise _conflict(connection, row)
    if action != TAKE_REVISION:
        change = _Change(row, action, row.status, row.text, row.decided_at, row.decided_by)
        return _write(connection, [change], who, at, wish)[0]
    status = after_revision(row.status)
    if status is None:
        raise NotAllowed(f"this revision cannot be taken: {refusal(row.status, action)}")
    takes_two = second.among(connection, [(key.project, key.tweet_id)])
    status = _reached(row, action, status, who=who, takes_two=bool(takes_two))
    # Taken is not approved: somebody still has to stand behind it, unless somebody did so already.
    by, when = (row.decided_by, row.decided_at) if status == PENDING else (name_of(who), at)
    change = _Change(row, action, status, _checked_text(text), when, by, revision=(text, written_by))
    return _write(connection, [change], who, at, wish)[0]


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
    wanted = sorted(dict(keys_with_versions).items(), key=lambda item: _in_order(item[0]))
    decided: list[Decided] = []
    left: list[SuggestionKey] = []
    rest = iter(wanted)
    while batch := list(islice(rest, BATCH)):
        rows = _locked(connection, [key for key, _ in batch])
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
                changes.append(_changed(row, action, status, who=who, at=at))
        decided += _write(connection, changes, who, at, reason, batch=decided[0].event_id if decided else None)
    return decided, left


@dataclass(frozen=True, slots=True)
class Posted:
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
    connection: sa.Connection, found: Iterable[Posted], *, who: str, at: datetime
) -> tuple[list[Decided], list[SuggestionKey]]:
    """Mark suggestions as posted with the texts that they were posted with, all as what was decided in one go.

    Args:
        found: each with a text within X's limit of length.
        who: name of the program that found them.
        at: when that was; who stands behind a reply did so when it was posted.

    Returns:
        As :func:`decide_many`.
    """
    wanted = sorted(found, key=lambda each: _in_order(each.key))
    rows = _locked(connection, [each.key for each in wanted])
    changes: list[_Change] = []
    left: list[SuggestionKey] = []
    for each in wanted:
        if (possible := _possible(rows, each.key, each.version, POST)) is None:
            left.append(each.key)
        else:
            row, status = possible
            changes.append(_changed(row, POST, status, who=who, at=min(each.at, at), text=each.text))
    return _write(connection, changes, who, at, ""), left


def _reached(row: sa.Row[Any], action: str, status: str, *, who: str, takes_two: bool) -> str:
    """The status that an action leads to.

    Args:
        status: what it leads to where one person is enough.

    Raises:
        NotAllowed: another person has to approve first.
    """
    if row.status == AWAITING and action == APPROVE and row.text != (row.revised_text or _model_text(row)):
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


def undo(connection: sa.Connection, event_id: int, *, who: str, at: datetime) -> Decided:
    """Take a decision back: status, text and who had decided before are as they were. The undo is an event too.

    Raises:
        Conflict: something has happened to the suggestion since, an undo of the same event included.
        NotAllowed: there is no such event, it is an undo itself, or the suggestion is gone.
    """
    event = connection.execute(_EVENTS.where(suggestion_events.c.id == event_id)).one_or_none()
    if event is None:
        raise NotAllowed("there is nothing to undo")
    if event.action == UNDO:
        raise NotAllowed("an undo cannot be undone; decide again instead")
    key = _key(event)
    row = _locked(connection, [key]).get(key)
    if row is None:
        raise NotAllowed("there is no such suggestion any more: a later run has removed it; load the page again")
    if not _stands(_events_of(connection, [key])[key], event_id, row.version):
        raise _conflict(connection, row)
    change = _undone(row, event)
    if event.action in REVISION_ACTIONS:
        if event.action == TAKE_REVISION:
            change.revision = taken_before(connection, event)
        offer_again(connection, event)
    return _write(connection, [change], who, at, "")[0]


def undo_batch(
    connection: sa.Connection, batch: int, *, who: str, at: datetime
) -> tuple[list[Decided], list[SuggestionKey]]:
    """Take back everything that was decided in one go (:attr:`Event.batch`).

    Returns:
        What was undone, and the keys of what was left alone because something has happened to it since.
    """
    events = suggestion_events.c
    query = _EVENTS.where(events.id >= batch, events.batch == batch, events.action != UNDO).order_by(
        events.project, events.tweet_id, events.suggestion_type
    )
    found = connection.execute(query).all()
    decided: list[Decided] = []
    left: list[SuggestionKey] = []
    for start in range(0, len(found), BATCH):
        by_key = {_key(event): event for event in found[start : start + BATCH]}
        rows, histories = _locked(connection, list(by_key)), _events_of(connection, list(by_key))
        changes = []
        for key, event in by_key.items():
            row = rows.get(key)
            if row is not None and _stands(histories[key], event.id, row.version):
                changes.append(_undone(row, event))
            else:
                left.append(key)
        decided += _write(connection, changes, who, at, "", batch=decided[0].event_id if decided else None)
    return decided, left


def last_event_of(connection: sa.Connection, who: str, *, before: int | None = None) -> Event | None:
    """The newest event of ``who`` about a suggestion that is not undone and not an undo; with ``before``, the newest
    one before that. What is gone, or was written anew by a run since, is passed over: nobody could undo it."""
    events, undoing = suggestion_events.c, suggestion_events.alias("undoing")
    suggestion, latest = comment_suggestions.c, suggestion_events.alias("latest")

    def same(one: Any, other: Any) -> sa.ColumnElement[bool]:
        names = ("project", "tweet_id", "suggestion_type")
        return sa.and_(*(getattr(one, name) == getattr(other, name) for name in names))

    query = _EVENTS.where(
        events.who == name_of(who),
        events.action != UNDO,
        events.suggestion_type != "",
        ~sa.exists().where(undoing.c.undoes == events.id),
        sa.exists().where(same(suggestion, events), same(latest.c, events), latest.c.version == suggestion.version),
    )
    if before is not None:
        query = query.where(events.id < before)
    row = connection.execute(query.order_by(events.id.desc()).limit(1)).one_or_none()
    return None if row is None else _event(row)


def tweets_decided(connection: sa.Connection, project: str, tweet_ids: Iterable[str]) -> set[str]:
    """Those of ``tweet_ids`` about which anybody has decided anything."""
    events = suggestion_events.c
    query = sa.select(events.tweet_id).where(events.project == project).distinct()
    return set(connection.scalars(query.where(one_of(connection, events.tweet_id, list(tweet_ids)))))


def history(connection: sa.Connection, project: str, tweet_id: str) -> list[Event]:
    """Everything decided about the suggestions for a tweet, newest first."""
    events = suggestion_events.c
    query = _EVENTS.where(events.project == project, events.tweet_id == tweet_id).order_by(events.id.desc())
    return [_event(row) for row in connection.execute(query)]


_EVENTS = sa.select(suggestion_events)


@dataclass(slots=True)
class _Change:
    """A suggestion's row before, and what is to become of it. Not frozen: many are made, and making those is slow."""

    row: sa.Row[Any]
    action: str
    status: str
    text: str
    decided_at: datetime | None
    decided_by: str | None
    undoes: int | None = None
    revision: tuple[str | None, str | None] | None = None
    """The one that stands then and the model that wrote it; None where that does not change."""

    @property
    def revised(self) -> tuple[str | None, str | None]:
        return self.revision or (self.row.revised_text, self.row.revised_by)

    @property
    def model_text(self) -> str:
        return _model_text(self.row)


def _changed(row: sa.Row[Any], action: str, status: str, *, who: str, at: datetime, text: str | None = None) -> _Change:
    match action:
        case "export":  # hands over what was decided, or not
            return _Change(row, action, status, row.text, row.decided_at, row.decided_by)
        case "reopen":  # nobody stands behind it any more, so it says again what a model wrote
            return _Change(row, action, status, row.revised_text or _model_text(row), None, None)
    return _Change(row, action, status, row.text if text is None else text, at, name_of(who))


def _undone(row: sa.Row[Any], event: sa.Row[Any]) -> _Change:
    text = event.to_text if event.from_text is None else event.from_text
    return _Change(row, UNDO, event.from_status, text, event.from_decided_at, event.from_decided_by, event.id)


def _model_text(row: sa.Row[Any]) -> str:
    text: str = row.text if row.original_text is None else row.original_text
    return text


def _checked_text(text: str) -> str:
    written = persons_reply(text) if len(text) <= LONGEST_DRAFT else text
    if not written:
        raise NotAllowed("the reply is empty; reject the suggestion instead")
    length = text_weight(written) if len(written) <= LONGEST_DRAFT else len(written)
    if length > POST_WEIGHT:
        raise NotAllowed(f"the reply has {length:,} weighted characters and X takes {POST_WEIGHT}; shorten it")
    return written


def name_of(who: str) -> str:
    """A person's name, as the audit keeps it."""
    return bounded(who, LONGEST_NAME) or "somebody"


def bounded(text: str, longest: int) -> str:
    """What a person typed, as the audit keeps it."""
    return text_for_prompt(text[: 4 * longest])[:longest].strip()


def _in_order(key: SuggestionKey) -> tuple[str, str, str]:
    return key.project, key.tweet_id, key.suggestion_type


def _key(row: sa.Row[Any]) -> SuggestionKey:
    return SuggestionKey(row.project, row.tweet_id, row.suggestion_type)


def _locked(connection: sa.Connection, keys: Sequence[SuggestionKey]) -> dict[SuggestionKey, sa.Row[Any]]:
    """The rows of these suggestions, nobody else's to change until the transaction ends; in one order, so that two of
    these never wait for each other."""
    table = comment_suggestions.c
    columns = (
        "status",
        "text",
        "weighted_length",
        "version",
        "original_text",
        "decided_at",
        "decided_by",
        "created_at",
        "revised_text",
        "revised_by",
    )
    query = (
        sa.select(table.project, table.tweet_id, table.suggestion_type, *(table[name] for name in columns))
        .order_by(table.project, table.tweet_id, table.suggestion_type)
        .with_for_update()
    )
    wanted, by_project = set(keys), _tweets_by_project(keys)
    return {
        key: row
        for project, tweet_ids in by_project.items()
        for row in connection.execute(
            query.where(table.project == project, one_of(connection, table.tweet_id, tweet_ids))
        )
        if (key := SuggestionKey(*row[:3])) in wanted
    }


def _events_of(connection: sa.Connection, keys: Sequence[SuggestionKey]) -> Mapping[SuggestionKey, list[sa.Row[Any]]]:
    """The events of these suggestions, oldest first."""
    events = suggestion_events.c
    columns = ("id", "project", "tweet_id", "suggestion_type", "action", "undoes", "version", "who", "at")
    query = sa.select(*(events[name] for name in columns)).order_by(events.id)
    found: defaultdict[SuggestionKey, list[sa.Row[Any]]] = defaultdict(list)
    for project, tweet_ids in _tweets_by_project(keys).items():
        of_tweets = query.where(events.project == project, one_of(connection, events.tweet_id, tweet_ids))
        for row in connection.execute(of_tweets):
            found[_key(row)].append(row)
    return found


def _tweets_by_project(keys: Iterable[SuggestionKey]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for key in sorted(keys, key=_in_order):
        found.setdefault(key.project, {})[key.tweet_id] = None
    return {project: list(tweet_ids) for project, tweet_ids in found.items()}


def _stands(events: Sequence[sa.Row[Any]], event_id: int, version: int) -> bool:
    """Whether ``event_id`` is what the suggestion is because of: the last event of it but for those undone, and no
    run has written it anew since."""
    undone = {event.undoes for event in events}
    standing = [event.id for event in events if event.action != UNDO and event.id not in undone]
    return bool(standing) and standing[-1] == event_id and events[-1].version == version


def _conflict(connection: sa.Connection, row: sa.Row[Any]) -> Conflict:
    key = _key(row)
    events = _events_of(connection, [key]).get(key, [])
    decided = events[-1] if events and events[-1].version == row.version else None
    return Conflict(
        key,
        status=row.status,
        text=row.text,
        weighted_length=row.weighted_length,
        version=row.version,
        who=decided.who if decided else "",
        at=decided.at if decided else _written_at(connection, key),
    )


def _written_at(connection: sa.Connection, key: SuggestionKey) -> datetime:
    table = comment_suggestions.c
    query = sa.select(table.created_at).where(
        table.project == key.project, table.tweet_id == key.tweet_id, table.suggestion_type == key.suggestion_type
    )
    at: datetime = connection.execute(query).scalar_one()
    return at


def _write(
    connection: sa.Connection,
    changes: Sequence[_Change],
    who: str,
    at: datetime,
    reason: str,
    *,
    batch: int | None = None,
) -> list[Decided]:
    if not changes:
        return []
    rows = [change.row for change in changes]
    ids = next_event_ids(connection, len(changes))
    lengths = [
        change.row.weighted_length if change.text == change.row.text else text_weight(change.text) for change in changes
    ]
    key = {name: [getattr(row, name) for row in rows] for name in ("project", "tweet_id", "suggestion_type")}
    versions = [row.version + 1 for row in rows]
    updated = {"status": [change.status for change in changes], "version": versions}
    if any(change.text != change.row.text for change in changes):
        updated |= {
            "text": [change.text for change in changes],
            "weighted_length": lengths,
            "original_text": [None if change.text == change.model_text else change.model_text for change in changes],
            "revised_text": [change.revised[0] for change in changes],
            "revised_by": [change.revised[1] for change in changes],
        }
    updated |= {
        "decided_at": [change.decided_at for change in changes],
        "decided_by": [change.decided_by for change in changes],
    }
    update_columns(connection, comment_suggestions, {**key, **updated})
    insert_columns(
        connection,
        suggestion_events,
        {
            "id": ids,
            "batch": [batch or ids[0]] * len(ids),
            **key,
            "at": [at] * len(ids),
            "who": [name_of(who)] * len(ids),
            "action": [change.action for change in changes],
            "from_status": [row.status for row in rows],
            "to_status": updated["status"],
            "from_text": [None if change.text == change.row.text else change.row.text for change in changes],
            "to_text": [change.text for change in changes],
            "reason": [bounded(reason, LONGEST_REASON)] * len(ids),
            "from_decided_at": [row.decided_at for row in rows],
            "from_decided_by": [row.decided_by for row in rows],
            "version": versions,
            "undoes": [change.undoes for change in changes],
        },
    )
    return [
        Decided(_key(change.row), change.status, change.text, length, version, event_id)
        for change, length, version, event_id in zip(changes, lengths, versions, ids, strict=True)
    ]


def next_event_ids(connection: sa.Connection, count: int) -> list[int]:
    """Ids for so many new events of the audit."""
    if connection.dialect.name == "sqlite":
        newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(suggestion_events.c.id), 0))).scalar_one()
        return list(range(newest + 1, newest + 1 + count))
    taken = sa.text("SELECT nextval(pg_get_serial_sequence('suggestion_events', 'id')) FROM generate_series(1, :count)")
    return list(connection.execute(taken, {"count": count}).scalars())


def _event(row: sa.Row[Any]) -> Event:
    return Event(
        id=row.id,
        batch=row.batch,
        key=_key(row),
        at=row.at,
        who=row.who,
        action=row.action,
        from_status=row.from_status,
        to_status=row.to_status,
        from_text=row.to_text if row.from_text is None else row.from_text,
        to_text=row.to_text,
        reason=row.reason,
        version=row.version,
        undoes=row.undoes,
    )
