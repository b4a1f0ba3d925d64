"""How drafts of opportunities come about: outcomes, and the runs that share the work."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, Column, Double, Index, Integer, String, Table

from viral_assets.store.tables.base import known, metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime
from viral_assets.vocabulary import OUTCOMES

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
    CheckConstraint(known("outcome", OUTCOMES), name="outcome"),
    Index(None, "window_start", "project"),
    comment="How each opportunity ended. Nothing disappears.",
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
