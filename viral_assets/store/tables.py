"""The tables. What each holds and the invariant it keeps; how they are read and written is in the other modules.

Times are aware datetimes in UTC (:class:`UtcDateTime`), except in the quota ledger, whose arithmetic on sliding
windows is the same on both databases only with plain seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    DateTime,
    Dialect,
    Double,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    false,
    text,
)

from viral_assets.context import POST_STATES
from viral_assets.store.hour_triggers import sqlite_triggers
from viral_assets.text.cleaning import text_for_storage
from viral_assets.vocabulary import (
    ACTIONS,
    COMPONENTS,
    FOUND_BY,
    LABELS,
    OUTCOMES,
    PENDING,
    REVISION_ACTIONS,
    REVISION_STATES,
    STATUSES,
    TELLINGS,
    UNDO,
    VELOCITY,
)

EVERY_PROJECT = "*"
"""In ``tweet_projects``: a tweet that came for no project in particular counts for all."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite, which has no zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text that strangers wrote: any length, cleaned on its way in, so that it can always be stored."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else text_for_storage(value)


ColumnKind = Literal["text", "boolean", "integer", "float", "bytes", "json", "time"]


def kind_of(column: Column[Any]) -> ColumnKind:
    """What a column holds, whatever the database calls it."""
    kind = getattr(column.type, "impl", column.type)
    kinds: tuple[tuple[type[Any], ColumnKind], ...] = (
        (Boolean, "boolean"),
        (Integer, "integer"),
        (Float, "float"),
        (LargeBinary, "bytes"),
        (JSON, "json"),
        (DateTime, "time"),
    )
    return next((name for known, name in kinds if isinstance(kind, known)), "text")


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ONLY_WHERE = "only_where"
"""In the ``info`` of an index: it has only the rows of which this holds."""


@event.listens_for(metadata, "before_create")
def _make_indexes_partial(_: MetaData, connection: Connection, **_how: Any) -> None:
    """As each dialect has it, and only where tables are made: to be told, SQLAlchemy loads the dialect, and every
    process on SQLite would load PostgreSQL's."""
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        if condition := index.info.get(ONLY_WHERE):
            index.dialect_options[connection.dialect.name]["where"] = text(condition)


def _known(column: str, words: Iterable[str]) -> str:
    """The condition that a column holds one of these words, in the order of the migration that made it."""
    quoted = ", ".join(f"'{word}'" for word in words)
    return f"{column} in ({quoted})"


def _counts() -> list[Column[Any]]:
    """Null where no source said so: unknown, which is not 0."""
    return [Column(f"{name}_count", BigInteger) for name in ("like", "reply", "retweet", "quote", "view", "bookmark")]


tweets = Table(
    "tweets",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False, index=True, comment="hour of created_at"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("collected_at", UtcDateTime, nullable=False, comment="when the counts were seen"),
    Column("author_id", CleanText),
    Column("author_handle", CleanText, nullable=False),
    Column("author_name", CleanText),
    Column("author_followers", BigInteger),
    Column("author_verified", Boolean, nullable=False),
    Column("text", CleanText, nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("lang", CleanText),
    Column("is_retweet", Boolean, nullable=False),
    Column("is_reply", Boolean, nullable=False),
    Column("is_quote", Boolean, nullable=False),
    *_counts(),
    Column("conversation_id", CleanText),
    Column(
        "is_promoted",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="somebody paid to have it shown, as a source said",
    ),
    comment="One row a tweet, with its newest counts.",
)

tweet_snapshots = Table(
    "tweet_snapshots",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("collected_at", UtcDateTime, primary_key=True),
    *_counts(),
    comment="Counts as seen at one time. Append-only.",
    sqlite_with_rowid=False,
)

tweet_projects = Table(
    "tweet_projects",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True, comment="'*' counts for every project"),
    # Which projects tweets came for, without a look at all that came for none in particular.
    Index(
        "ix_tweet_projects_named",
        "project",
        info={ONLY_WHERE: "project <> '*'"},
    ),
    sqlite_with_rowid=False,
)

tweet_references = Table(
    "tweet_references",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("answers_id", String(32), comment="the post that it replies to"),
    Column("quotes_id", String(32)),
    Column("alt_texts", CleanText, nullable=False, comment="of its own pictures, as JSON, or ''"),
    comment="What a tweet refers to; no row for one that refers to nothing by id.",
    sqlite_with_rowid=False,
)

referenced_posts = Table(
    "referenced_posts",
    metadata,
    Column("post_id", String(32), primary_key=True),
    Column("author_id", CleanText),
    Column("author_handle", CleanText, nullable=False),
    Column("text", CleanText, nullable=False, comment="its beginning; '' where it is not known"),
    Column("alt_texts", CleanText, nullable=False, comment="of its pictures, as JSON, or ''"),
    Column("state", String(16), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="when that was so"),
    CheckConstraint(_known("state", POST_STATES), name="state"),
    comment="Posts that tweets refer to, each once, as they were seen last.",
    sqlite_with_rowid=False,
)

forgotten_subjects = Table(
    "forgotten_subjects",
    metadata,
    Column("sha256", String(64), primary_key=True, comment="of the kind and the id or handle"),
    Column("kind", String(8), nullable=False, comment="tweet, author or handle"),
    Column("forgotten_at", UtcDateTime, nullable=False),
    Column("rows", JSON, nullable=False, comment="how many went, by table"),
    comment="Tweets and authors that no file and no service brings back.",
)

gone_tweets = Table(
    "gone_tweets",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("noticed_at", UtcDateTime, nullable=False, comment="when a look found it gone"),
    comment="Tweets that X has no more: nobody is shown them, and a person lets them go.",
    sqlite_with_rowid=False,
)

rejected_records = Table(
    "rejected_records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", CleanText, nullable=False, comment="file name or address"),
    Column("source_sha256", String(64), nullable=False),
    Column("locator", CleanText, nullable=False, comment="line, row or page and position"),
    Column("reason", String(64), nullable=False, comment="short and countable: no_id, bad_time, future, ..."),
    Column("detail", CleanText, nullable=False),
    Column("raw", CleanText, nullable=False),
    Column("rejected_at", UtcDateTime, nullable=False),
    UniqueConstraint("source_sha256", "locator"),
    comment="Quarantine: what could not be read, why, and its raw text.",
)

ingested_files = Table(
    "ingested_files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("project", String(64), primary_key=True, comment="'*' counts for every project"),
    Column("name", CleanText, nullable=False),
    Column("format", CleanText, nullable=False),
    *(
        Column(name, Integer, nullable=False)
        for name in ("records_read", "records_new", "records_updated", "records_unchanged", "records_rejected")
    ),
    Column("first_window", UtcDateTime),
    Column("last_window", UtcDateTime),
    Column("ingested_at", UtcDateTime, nullable=False),
    comment="A file's content is read once for a project, whatever the file's name.",
)

inbox_files = Table(
    "inbox_files",
    metadata,
    Column("folder", CleanText, primary_key=True),
    Column("name", CleanText, primary_key=True, comment="within the folder"),
    Column("size", BigInteger, nullable=False, comment="bytes"),
    Column("modified_ns", BigInteger, nullable=False, comment="nanoseconds since the epoch"),
    Column("sha256", String(64), nullable=False, comment="of the content; empty where it could not be read"),
    Column("asked", Boolean, nullable=False, comment="whether runs have been asked for, for its hours"),
    Column("noted_at", UtcDateTime, nullable=False),
    comment="A file of an inbox that is as it was is not opened again.",
)

kept_values = Table(
    "kept_values",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    comment="What was settled once and stays: the first hour, where no setting names one.",
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("model", String(128), primary_key=True, comment="name and version, task and dimensions included"),
    Column("text_sha256", String(64), primary_key=True),
    Column("vector", LargeBinary, nullable=False, comment="unit length, little-endian: 'h' and float16, or float32"),
    comment="Never computed twice.",
)

tweet_scores = Table(
    "tweet_scores",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    *(Column(name, Double, nullable=name == VELOCITY) for name in (*COMPONENTS, "total")),
    Column("label", String(8), nullable=False),
    Column("topic", CleanText, nullable=False, comment="label of the best taxonomy node"),
    Column("gate", String(32), nullable=False, comment="'pass', or why the tweet is not for this project"),
    Column("why", CleanText, nullable=False),
    Column("unsafe", String(16), comment="the category for which it is not answered, or ''; null: nobody looked"),
    Column("flags", CleanText, comment="what is sensitive in it, as JSON, or ''; null: nobody looked"),
    CheckConstraint(_known("label", reversed(LABELS)), name="label"),
    Index(None, "window_start", "project"),
    comment="Replaced window by window, in one transaction.",
)

comment_opportunities = Table(
    "comment_opportunities",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    Column("rank", Integer, nullable=False, comment="1 is the best of its project and window"),
    Column("total", Double, nullable=False),
    Column("label", String(8), nullable=False),
    Column("topic", CleanText, nullable=False),
    Column("why", CleanText, nullable=False),
    Column("from_id", CleanText, comment="the author's"),
    Column("from_handle", CleanText, comment="the author's, in small letters, as handles are compared"),
    Column("chosen_at", UtcDateTime, comment="by the latest run over its hour; null: before anybody noted it"),
    Index(None, "window_start", "project"),
    # What the same author was told before.
    Index(None, "project", "from_id"),
    Index(None, "project", "from_handle"),
    # Which projects and topics there are, without a look at each tweet.
    Index(None, "project", "topic"),
    comment="Tweets worth a reply. Replaced window by window, in one transaction.",
)

selection_counts = Table(
    "selection_counts",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("reason", String(16), primary_key=True, comment="why they were left out, or 'chosen'"),
    Column("tweets", Integer, nullable=False),
    Index(None, "window_start", "project"),
    comment="What became of all tweets of an hour. Replaced window by window, in one transaction.",
    sqlite_with_rowid=False,
)

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
    CheckConstraint(_known("status", STATUSES), name="status"),
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
    CheckConstraint(_known("state", REVISION_STATES), name="state"),
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
    CheckConstraint(_known("action", (*ACTIONS, UNDO, *REVISION_ACTIONS)), name="action"),
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

generation_outcomes = Table(
    "generation_outcomes",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("window_start", UtcDateTime, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("attempts", Integer, nullable=False, comment="requests this tweet took part in"),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("provider", String(32), nullable=False, server_default="", comment="of the run that wrote the row"),
    Column("run_id", String(64), nullable=False, server_default="", comment="which run that was"),
    CheckConstraint(_known("outcome", OUTCOMES), name="outcome"),
    Index(None, "window_start", "project"),
    comment="How each opportunity ended. Nothing disappears.",
)

notifications = Table(
    "notifications",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("tweet_id", String(32), primary_key=True, index=True),
    Column("project", String(64), nullable=False, comment="for which it was told"),
    Column("window_start", UtcDateTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("message_id", String(32), nullable=False, index=True, comment="of the message that tells of it"),
    Column("attempts", Integer, nullable=False, comment="messages about it that were sent"),
    Column("claimed_at", UtcDateTime, nullable=False, comment="before it was sent"),
    Column("settled_at", UtcDateTime, comment="when its outcome was known"),
    Column("retry_at", UtcDateTime, comment="of what waits: not before"),
    Column("reason", Text, nullable=False, comment="why it was not sent, in our words"),
    CheckConstraint(_known("state", TELLINGS), name="state"),
    Index(None, "window_start", "project"),
    # The few that are not settled, and the latest.
    Index(None, "state", "channel"),
    Index(None, "claimed_at"),
    comment="A channel is told once of a tweet. Written before a message is sent, and settled after it.",
)

llm_requests = Table(
    "llm_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("quota_key", String(128), nullable=False),
    Column("purpose", String(16), nullable=False, comment="generate, revise, learn or embed"),
    Column("project", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("model", String(128), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("status", String(16), nullable=False, comment="granted, answered, refused, failed or unsent"),
    Column("granted_at", Double, nullable=False, comment="seconds since the epoch, the ledger's clock"),
    Column("finished_at", Double),
    Column("counted_tokens", Integer, nullable=False, comment="estimate at grant, actual usage once answered"),
    Column("counted_cost_usd", Double, comment="estimate at grant, actual once answered; null: unknown price"),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("thought_tokens", Integer),
    Column("tweet_ids", JSON, nullable=False, comment="what the request asks about, in order"),
    Column("http_status", Integer),
    Column("error", CleanText),
    Column("finish_reason", CleanText),
    Column("raw_answer", CleanText, comment="committed before it is parsed"),
    Column("parsed_at", Double, comment="null with a raw answer: parse it instead of asking again"),
    Column("model_version", CleanText, comment="the model that answered, as the service names it"),
    Column("cached_tokens", Integer, comment="of the input tokens, those that the service had cached"),
    Column("service_tier", String(16), nullable=False, server_default="standard", comment="asked at, then served at"),
    Column("spared_usd", Double, comment="how much less that tier cost than the standard one, once answered"),
    Column("batch_id", String(32), comment="the row of generation_batches that it was sent with"),
    Column(
        "left_work",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="tweets of it were to be asked about again, though it was answered",
    ),
    # What has changed in a sliding window since somebody looked.
    Index(None, "quota_key", "granted_at"),
    Index(None, "quota_key", "finished_at"),
    # What was paid since a day, whatever the quota.
    Index(None, "granted_at"),
    Index(None, "run_id"),
    Index(
        "ix_llm_requests_batch_id",
        "batch_id",
        info={ONLY_WHERE: "batch_id is not null"},
    ),
    # Finds the answers a killed run left behind.
    Index(
        "ix_llm_requests_unparsed",
        "project",
        info={ONLY_WHERE: "status = 'answered' and parsed_at is null"},
    ),
    comment="Rate-limit log, cost ledger, audit trail and crash record in one.",
)

quota_state = Table(
    "quota_state",
    metadata,
    Column("quota_key", String(128), primary_key=True),
    Column("blocked_until", Double, nullable=False, comment="seconds since the epoch; set by a 429 for everyone"),
    Column("reason", CleanText, nullable=False),
    Column("learned_requests", Integer, comment="what the service really allowed in a window, when less than told"),
    Column("learned_until", Double, comment="after this the configured limit is tried again"),
    Column("learned_windows", Integer, comment="for so many windows it is believed, more each time it proves true"),
    Column("input_limit", Integer, comment="tokens that the model takes in one request"),
    Column("input_limit_with_output", Boolean, comment="whether its answer counts for that"),
    Column("input_limit_until", Double, comment="then a larger request is tried again"),
    comment="What holds for everyone who shares a key.",
)

quota_days = Table(
    "quota_days",
    metadata,
    Column("quota_key", String(128), primary_key=True),
    Column("day", String(10), primary_key=True, comment="ISO date in US Pacific time, where Gemini's days end"),
    Column("requests", Integer, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("cost_usd", Double, nullable=False, comment="what is in flight counts with its estimate"),
    Column("spared_usd", Double, nullable=False, server_default="0", comment="by cheaper tiers of the service"),
    comment="Sums of llm_requests, kept in the same transactions so that a grant need not add up a day.",
)

quota_runners = Table(
    "quota_runners",
    metadata,
    Column("runner", String(32), primary_key=True),
    Column("quota_key", String(128), nullable=False, index=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False, comment="heartbeat; an old one means the process is dead"),
    Column("tweets", Integer, nullable=False, comment="not yet asked about: everybody plans for the sum"),
    Column("asked_at", Double, comment="waits for a grant since then: first come, first served"),
    Column("asked_tokens", Integer, nullable=False, server_default="0"),
    Column("wake_at", Double, comment="a waiter that has not come back soon after this has lost its place"),
    Column(
        "priority",
        Integer,
        nullable=False,
        server_default="1",
        comment="0: a person waits, 1: the newest hour, 2: in the background",
    ),
    Column("began_at", Double, comment="its first grant"),
    Column("sharing", String(64), comment="tweets of runners with the same word here may share a request"),
    comment="Who shares a quota right now.",
)

quota_arrivals = Table(
    "quota_arrivals",
    metadata,
    Column("runner", String(32), primary_key=True),
    Column("quota_key", String(128), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("joined_at", Double, nullable=False),
    Column("began_at", Double, nullable=False, comment="its first grant"),
    Index(None, "quota_key", "began_at"),
    comment="Who has shared a quota in the last hours: who came late lets others expect who comes late.",
)

quota_clock = Table(
    "quota_clock",
    metadata,
    Column("boot", String(128), primary_key=True, comment="the machine's last start; SQLite only"),
    Column("started_at", Double, nullable=False, comment="when that was, by the clock as it was last seen"),
    comment="One row: tells whether somebody has set the clock by which quotas are measured.",
)

generation_claims = Table(
    "generation_claims",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("runner", String(32), nullable=False, index=True),
    Column("request_id", String(32), comment="the runner's latest request about the tweet, in llm_requests"),
    comment="Tweets in flight. Two runs over the same hours never ask for one tweet at once.",
)

tweet_offers = Table(
    "tweet_offers",
    metadata,
    Column("project", String(64), primary_key=True),
    Column("tweet_id", String(32), primary_key=True),
    Column("quota_key", String(128), nullable=False),
    Column("sharing", String(64), nullable=False, comment="as in quota_runners"),
    Column("runner", String(32), nullable=False, index=True, comment="whose tweet it is"),
    Column("opportunity", JSON, nullable=False, comment="what a prompt needs"),
    Column("taken_by", String(32), comment="the runner in whose request there is room for it"),
    Column("request_id", String(32), comment="that request, in llm_requests once it is granted"),
    Index(None, "quota_key", "sharing"),
    comment="Tweets of runs that wait for the quota, for requests of others that have room.",
)

generation_batches = Table(
    "generation_batches",
    metadata,
    Column("id", String(32), primary_key=True, comment="shown by the service, which finds it by it"),
    Column("quota_key", String(128), nullable=False),
    Column("model", String(128), nullable=False),
    Column("run_id", String(64), nullable=False, comment="that made it"),
    Column("state", String(16), nullable=False, comment="preparing, sending, sent or closed"),
    Column("name", CleanText, comment="at the service; null until that has answered"),
    Column("runner", String(32), nullable=False, comment="who waits for it, as long as that lives"),
    Column("created_at", Double, nullable=False, comment="seconds since the epoch, the ledger's clock"),
    Column("deadline", Double, nullable=False, comment="from then on it is cancelled and asked at the standard tier"),
    Column("closed_at", Double),
    Column("ended", CleanText, comment="how, in a few words"),
    Index(None, "quota_key", "state"),
    comment="Requests that the service answers together within a day. Written before they are sent.",
)

forced_runs = Table(
    "forced_runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("forced_by", String(64), nullable=False, index=True, comment="what was forced: the run_id of its first row"),
    Column("scope", String(64), nullable=False, index=True, comment="hash of hours, projects, provider and model"),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, comment="null while tweets are left: the same command goes on"),
    comment="Runs that write everything anew, and which of them belong together because one was interrupted.",
)

source_windows = Table(
    "source_windows",
    metadata,
    Column("source", String(16), primary_key=True, comment="x_api or apify"),
    Column("project", String(64), primary_key=True),
    Column("query_sha256", String(64), primary_key=True),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("query", CleanText, nullable=False),
    Column("done", Boolean, nullable=False, comment="the whole hour was read; it is not asked for again"),
    Column("cursor", JSON, comment="where reading goes on: a page's next_token, an Actor's run and position"),
    Column("newest_id", String(32), comment="of a current hour: only what is newer is asked for next time"),
    Column("items", Integer, nullable=False, comment="received in all"),
    Column("cost_usd", Double, comment="as the service says; null where it does not"),
    Column("note", CleanText, nullable=False, comment="why reading stopped before the end, empty otherwise"),
    Column("holder", String(128), comment="who reads it right now"),
    Column("held_until", Double, nullable=False, server_default="0", comment="seconds since the epoch"),
    Column("updated_at", UtcDateTime, nullable=False),
    comment="How far a query of a service was read for an hour. Moves on with each stored page, in its transaction.",
)

source_requests = Table(
    "source_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account", String(128), nullable=False, comment="service and fingerprint of the token"),
    Column("endpoint", String(16), nullable=False, comment="search or lookup"),
    Column("project", String(64), nullable=False),
    Column("run_id", String(64), nullable=False),
    Column("status", String(16), nullable=False, comment="granted, answered or failed"),
    Column("granted_at", Double, nullable=False, comment="seconds since the epoch"),
    Column("finished_at", Double),
    Column("posts", Integer, nullable=False, comment="asked for at grant, received once answered: they are paid for"),
    Column("http_status", Integer),
    Column("error", CleanText),
    Index(None, "account", "granted_at"),
    Index(None, "run_id"),
    comment="Requests for posts that cost money each: the caps of a run and a day are kept with it.",
)

posted_replies = Table(
    "posted_replies",
    metadata,
    Column("reply_id", String(32), primary_key=True, comment="of the post at X"),
    Column("project", String(64), nullable=False),
    Column("tweet_id", String(32), nullable=False, comment="the tweet that it answers"),
    Column("suggestion_type", String(64), nullable=False),
    Column("posted_at", UtcDateTime, nullable=False),
    Column("text", CleanText, nullable=False, comment="as it was at X; '' where no source had it"),
    Column("found_by", String(16), nullable=False, comment="how it was told whose it is"),
    Column("noted_at", UtcDateTime, nullable=False),
    Column("gone_at", UtcDateTime, comment="when X had it no more; null: nobody has found it gone"),
    CheckConstraint(_known("found_by", FOUND_BY), name="found_by"),
    UniqueConstraint("project", "tweet_id", "suggestion_type"),
    Index(None, "tweet_id"),
    Index(None, "posted_at"),
    comment="Replies that people posted, each with the suggestion that it was. Found, never sent.",
    sqlite_with_rowid=False,
)

reply_snapshots = Table(
    "reply_snapshots",
    metadata,
    Column("reply_id", String(32), primary_key=True),
    Column("collected_at", UtcDateTime, primary_key=True),
    Column("source", String(64), primary_key=True, comment="hash of the file or the answer that says so"),
    Column("tweet_id", String(32), nullable=False, comment="the tweet that was answered, with which it goes"),
    *_counts(),
    Column("author_answered", Boolean, comment="whether the tweet's author did; null: nobody knows"),
    Index(None, "tweet_id"),
    comment="What a posted reply had brought at one time. Append-only.",
    sqlite_with_rowid=False,
)

ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session_id", String(64), primary_key=True, comment="stands in the signed cookie"),
    Column(
        "until",
        UtcDateTime,
        nullable=False,
        index=True,
        comment="from then on the cookie is no longer accepted anyway, and the row may go",
    ),
    comment="Sessions of the review page that ended before their cookies did.",
)

people = Table(
    "people",
    metadata,
    Column("name_key", String(64), primary_key=True, comment="the name, however it is written"),
    Column("name", CleanText, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    comment="Who one may be on the review page. Empty: whoever one says.",
    sqlite_with_rowid=False,
)

people_tokens = Table(
    "people_tokens",
    metadata,
    Column("id", String(16), primary_key=True, comment="stands in the token, and is no secret"),
    Column("name_key", String(64), nullable=False, index=True, comment="whose it is"),
    Column("token_sha256", String(64), nullable=False, comment="all that is kept of the token"),
    Column("made_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, comment="when somebody last signed in with it"),
    Column("revoked_at", UtcDateTime, comment="from then on it lets nobody in"),
    comment="Tokens with which people sign in to the review page. A hash of each, never the token.",
    sqlite_with_rowid=False,
)

people_sessions = Table(
    "people_sessions",
    metadata,
    Column("session_sha256", String(64), primary_key=True, comment="all that is kept of the cookie"),
    Column("token_id", String(16), nullable=False, index=True, comment="of the token that began it"),
    Column("used_at", UtcDateTime, nullable=False, comment="when it was last used, to the minute or so"),
    Column("until", UtcDateTime, nullable=False, index=True, comment="when it ends, however much it is used"),
    comment="Who is signed in to the review page with a token of their own.",
    sqlite_with_rowid=False,
)

assignments = Table(
    "assignments",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True),
    Column("name_key", String(64), nullable=False, comment="as in the table people"),
    Column("name", CleanText, nullable=False, comment="whose the tweet is to decide about"),
    Column("assigned_by", CleanText, nullable=False),
    Column("assigned_at", UtcDateTime, nullable=False),
    Index(None, "name_key", "project", "tweet_id"),
    comment="Which person an opportunity is left to. Others may decide about it all the same.",
    sqlite_with_rowid=False,
)

assignment_events = Table(
    "assignment_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tweet_id", String(32), nullable=False),
    Column("project", String(64), nullable=False),
    Column("name", CleanText, nullable=False, comment="whom it was left to; empty for nobody in particular"),
    Column("assigned_by", CleanText, nullable=False),
    Column("assigned_at", UtcDateTime, nullable=False),
    Index(None, "tweet_id", "project"),
    comment="Each time somebody left an opportunity to somebody. What holds now is in assignments.",
)

cards_seen = Table(
    "cards_seen",
    metadata,
    Column("tweet_id", String(32), primary_key=True),
    Column("project", String(64), primary_key=True),
    Column("name_key", String(64), primary_key=True),
    Column("name", CleanText, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, comment="the last time"),
    comment="Who has had the card of an opportunity open.",
    sqlite_with_rowid=False,
)

COUNTS, COSTS = ABOUT = ("counts", "costs")
"""Numbers that are kept apart, since they change by different things."""

hour_numbers = Table(
    "hour_numbers",
    metadata,
    Column("about", String(8), primary_key=True, comment="counts, or costs"),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("numbers", Text, nullable=False, comment="JSON: what is counted, and how many"),
    comment="Numbers of an hour, added up once. They hold where hour_changes has nothing of the hour.",
    sqlite_with_rowid=False,
)

hour_changes = Table(
    "hour_changes",
    metadata,
    Column("about", String(8), primary_key=True, comment="which numbers"),
    Column("window_start", UtcDateTime, primary_key=True),
    Column("change", BigInteger, primary_key=True, comment="on PostgreSQL each has its own; 0 on SQLite"),
    comment="Hours that have changed since they were added up.",
    sqlite_with_rowid=False,
)

for _statement in sqlite_triggers():
    event.listen(metadata, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect="sqlite"))
