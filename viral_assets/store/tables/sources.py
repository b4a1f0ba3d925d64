"""What was read: files and hours of services, what they cost, and what could not be read."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Index, Integer, String, Table, UniqueConstraint

from viral_assets.store.tables.base import metadata
from viral_assets.store.tables.column_types import CleanText, UtcDateTime

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
