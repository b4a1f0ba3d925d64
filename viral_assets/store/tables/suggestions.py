"""Suggestions, what people asked to have changed in them, and the audit of every decision."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, CheckConstraint, Column, Index, Integer, String, Table, UniqueConstraint, event

from viral_assets.store.tables.base import ONLY_WHERE, known, metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime
from viral_assets.vocabulary import ACTIONS, PENDING, REVISION_ACTIONS, REVISION_STATES, STATUSES, UNDO

comment_suggestions = Table(
    "comment_suggestions",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("suggestion_type", String(64), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    Column("position", Integer, nullable=False, comment="order of the suggestion types in the project file"),
    Column("text", CleanText, nullable=False),
    Column("weighted_length", Integer, nullable=False, comment="X's weighted characters"),
    Column("provider", String(32), nullable=False, comment="'offline' marks a suggestion no language model wrote"),
    Column("model", String(128), nullable=False),
    Column("request_id", String(32), nullable=False, comment="the row of llm_requests that paid for it"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False, server_default=PENDING),
    Column("version", BigInteger, nullable=False, server_default="0", comment="goes up with every change of the row"),
    Column("original_text", CleanText, comment="what the model wrote first, where the text is another one now"),
    Column("decided_at", UtcDateTime, comment="when a person last decided; an export is no decision"),
    Column("decided_by", CleanText, comment="who last decided"),
    Column("revised_text", CleanText, comment="the revision that a person took last; the text, unless somebody typed"),
    Column("revised_by", String(128), comment="the model that wrote it"),
    CheckConstraint(known("status", STATUSES), name="status"),
    Index(None, "window_start", "project"),
    # Whether anything of a tweet has a status; and the few rows of a rare status among many.
    Index(None, "project", "tweet_id", "status"),
    Index(None, "status", "project", "tweet_id"),
    # What was said of late.
    Index(
        "ix_comment_suggestions_decided",
        "project",
        "decided_at",
        info={ONLY_WHERE: "decided_at is not null"},
    ),
    comment="A person's decision (any status but pending) is never overwritten by a re-run.",
)

suggestion_revisions = Table(
    "suggestion_revisions",
    metadata,
    Column("id", String(32), primary_key=True, comment="and the run_id of its requests in llm_requests"),
    Column("project", String(64), nullable=False),
    Column("tweet_id", String(32), nullable=False),
    Column("suggestion_type", String(64), nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("asked_by", CleanText, nullable=False),
    Column("wish", CleanText, nullable=False, comment="what should change, in a person's words"),
    Column("standing_text", CleanText, nullable=False, comment="what the suggestion said then"),
    Column("draft", CleanText, nullable=False, comment="what is revised: that, or the revision offered before"),
    Column("state", String(16), nullable=False),
    Column("text", CleanText, comment="the revision"),
    Column("weighted_length", Integer),
    Column("provider", String(32), nullable=False, server_default=""),
    Column("model", String(128), nullable=False, server_default=""),
    Column("request_id", String(32), comment="the row of llm_requests that paid for it"),
    Column("reason", CleanText, nullable=False, server_default="", comment="why there is none, or none yet"),
    Column("ended_at", UtcDateTime, comment="when it was written, or came to nothing"),
    Column("held_until", UtcDateTime, comment="until then somebody has it written"),
    Column("decided_at", UtcDateTime),
    Column("decided_by", CleanText, comment="who took it, kept the old text or dropped it"),
    Column("event_id", Integer, comment="the entry of the audit that says so"),
    CheckConstraint(known("state", REVISION_STATES), name="state"),
    Index(None, "tweet_id", "project"),
    comment="What people asked to have changed in suggestions, and what came of it.",
)

suggestion_events = Table(
    "suggestion_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch", Integer, nullable=False, comment="id of the first event of what was decided in one go"),
    Column("project", String(64), nullable=False),
    Column("tweet_id", String(32), nullable=False),
    Column("suggestion_type", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", CleanText, nullable=False),
    Column("action", String(16), nullable=False),
    Column("from_status", String(16), nullable=False),
    Column("to_status", String(16), nullable=False),
    Column("from_text", CleanText, comment="null where the text stayed"),
    Column("to_text", CleanText, nullable=False, comment="the text that was decided about"),
    Column("reason", CleanText, nullable=False),
    Column("from_decided_at", UtcDateTime, comment="what an undo gives back"),
    Column("from_decided_by", CleanText),
    Column("version", BigInteger, nullable=False, comment="of the suggestion after the event"),
    Column("undoes", Integer, comment="the event that this one undoes"),
    CheckConstraint(known("action", (*ACTIONS, UNDO, *REVISION_ACTIONS)), name="action"),
    UniqueConstraint("undoes"),
    Index(None, "project", "tweet_id", "id"),
    Index(None, "who", "id"),
    # What everybody decided in some days, without a look at the rows.
    Index("ix_suggestion_events_at", "at", "who", "action", "project"),
    comment="Every decision about a suggestion. Append-only: the database refuses to change or delete a row.",
)

APPEND_ONLY_SQLITE = """CREATE TRIGGER suggestion_events_no_{0} BEFORE {1} ON suggestion_events
BEGIN SELECT RAISE(ABORT, 'suggestion_events is append-only'); END"""
_append_only_function = """CREATE OR REPLACE FUNCTION suggestion_events_append_only() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'suggestion_events is append-only'; END $$"""
_append_only_postgresql = """CREATE TRIGGER suggestion_events_append_only
BEFORE UPDATE OR DELETE OR TRUNCATE ON suggestion_events
FOR EACH STATEMENT EXECUTE FUNCTION suggestion_events_append_only()"""

for _dialect, _when, _statement in (
    ("sqlite", "after_create", APPEND_ONLY_SQLITE.format("update", "UPDATE")),
    ("sqlite", "after_create", APPEND_ONLY_SQLITE.format("delete", "DELETE")),
    ("postgresql", "after_create", _append_only_function),
    ("postgresql", "after_create", _append_only_postgresql),
    ("postgresql", "after_drop", "DROP FUNCTION IF EXISTS suggestion_events_append_only()"),
):
    event.listen(suggestion_events, _when, DDL(_statement).execute_if(dialect=_dialect))
