"""The ledger of requests and what holds for everyone who shares a quota.

Its times are plain seconds since the epoch, so that the arithmetic on sliding windows is the same on both databases.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Index, Integer, String, Table, false

from viral_assets.store.tables.base import ONLY_WHERE, metadata
from viral_assets.store.tables.column_types import CleanText

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
