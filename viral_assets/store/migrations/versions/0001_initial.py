"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comment_opportunities",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="1 is the best of its project and window"),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", "tweet_id", name=op.f("pk_comment_opportunities")),
        comment="Tweets worth a reply. Replaced window by window, in one transaction.",
    )
    op.create_index(
        op.f("ix_comment_opportunities_window_start_project"),
        "comment_opportunities",
        ["window_start", "project"],
        unique=False,
    )
    op.create_table(
        "comment_suggestions",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("suggestion_type", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="order of the suggestion types in the project file"
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("weighted_length", sa.Integer(), nullable=False, comment="X's weighted characters"),
        sa.Column(
            "provider",
            sa.String(length=32),
            nullable=False,
            comment="'offline' marks a suggestion no language model wrote",
        ),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column(
            "request_id", sa.String(length=32), nullable=False, comment="the row of llm_requests that paid for it"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), server_default="pending", nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'approved', 'edited', 'rejected', 'exported', 'posted')",
            name=op.f("ck_comment_suggestions_status"),
        ),
        sa.PrimaryKeyConstraint("project", "tweet_id", "suggestion_type", name=op.f("pk_comment_suggestions")),
        comment="A person's decision (any status but pending) is never overwritten by a re-run.",
    )
    op.create_index(
        op.f("ix_comment_suggestions_window_start_project"),
        "comment_suggestions",
        ["window_start", "project"],
        unique=False,
    )
    op.create_table(
        "embeddings",
        sa.Column(
            "model", sa.String(length=128), nullable=False, comment="name and version, task and dimensions included"
        ),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False, comment="unit length, little-endian float32"),
        sa.PrimaryKeyConstraint("model", "text_sha256", name=op.f("pk_embeddings")),
        comment="Never computed twice.",
    )
    op.create_table(
        "generation_claims",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("runner", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("project", "tweet_id", name=op.f("pk_generation_claims")),
        comment="Tweets in flight. Two runs over the same hours never ask for one tweet at once.",
    )
    op.create_index(op.f("ix_generation_claims_runner"), "generation_claims", ["runner"], unique=False)
    op.create_table(
        "generation_outcomes",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="requests this tweet took part in"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome in ('done', 'filtered', 'blocked', 'failed', 'deferred')",
            name=op.f("ck_generation_outcomes_outcome"),
        ),
        sa.PrimaryKeyConstraint("project", "tweet_id", name=op.f("pk_generation_outcomes")),
        comment="How each opportunity ended. Nothing disappears.",
    )
    op.create_index(
        op.f("ix_generation_outcomes_window_start_project"),
        "generation_outcomes",
        ["window_start", "project"],
        unique=False,
    )
    op.create_table(
        "ingested_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False, comment="'*' counts for every project"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("records_read", sa.Integer(), nullable=False),
        sa.Column("records_new", sa.Integer(), nullable=False),
        sa.Column("records_updated", sa.Integer(), nullable=False),
        sa.Column("records_unchanged", sa.Integer(), nullable=False),
        sa.Column("records_rejected", sa.Integer(), nullable=False),
        sa.Column("first_window", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_window", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ingested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "project", name=op.f("pk_ingested_files")),
        comment="A file's content is read once for a project, whatever the file's name.",
    )
    op.create_table(
        "llm_requests",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("quota_key", sa.String(length=128), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False, comment="generate or embed"),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False, comment="granted, answered, refused or failed"),
        sa.Column("granted_at", sa.Double(), nullable=False, comment="seconds since the epoch, the ledger's clock"),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column(
            "counted_tokens", sa.Integer(), nullable=False, comment="estimate at grant, actual usage once answered"
        ),
        sa.Column(
            "counted_cost_usd",
            sa.Double(),
            nullable=True,
            comment="estimate at grant, actual once answered; null: unknown price",
        ),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("thought_tokens", sa.Integer(), nullable=True),
        sa.Column("tweet_ids", sa.JSON(), nullable=False, comment="what the request asks about, in order"),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("raw_answer", sa.Text(), nullable=True, comment="committed before it is parsed"),
        sa.Column(
            "parsed_at", sa.Double(), nullable=True, comment="null with a raw answer: parse it instead of asking again"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_llm_requests")),
        comment="Rate-limit log, cost ledger, audit trail and crash record in one.",
    )
    op.create_index(
        op.f("ix_llm_requests_quota_key_granted_at_counted_tokens"),
        "llm_requests",
        ["quota_key", "granted_at", "counted_tokens"],
        unique=False,
    )
    op.create_index(op.f("ix_llm_requests_run_id"), "llm_requests", ["run_id"], unique=False)
    op.create_index(
        "ix_llm_requests_unparsed",
        "llm_requests",
        ["project"],
        unique=False,
        postgresql_where=sa.text("status = 'answered' and parsed_at is null"),
        sqlite_where=sa.text("status = 'answered' and parsed_at is null"),
    )
    op.create_table(
        "quota_days",
        sa.Column("quota_key", sa.String(length=128), nullable=False),
        sa.Column(
            "day", sa.String(length=10), nullable=False, comment="ISO date in US Pacific time, where Gemini's days end"
        ),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False, comment="what is in flight counts with its estimate"),
        sa.PrimaryKeyConstraint("quota_key", "day", name=op.f("pk_quota_days")),
        comment="Sums of llm_requests, kept in the same transactions so that a grant need not add up a day.",
    )
    op.create_table(
        "quota_runners",
        sa.Column("runner", sa.String(length=32), nullable=False),
        sa.Column("quota_key", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False, comment="heartbeat; an old one means the process is dead"),
        sa.Column("tweets", sa.Integer(), nullable=False, comment="not yet asked about: everybody plans for the sum"),
        sa.Column(
            "asked_at", sa.Double(), nullable=True, comment="waits for a grant since then: first come, first served"
        ),
        sa.Column("asked_tokens", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "wake_at",
            sa.Double(),
            nullable=True,
            comment="a waiter that has not come back soon after this has lost its place",
        ),
        sa.PrimaryKeyConstraint("runner", name=op.f("pk_quota_runners")),
        comment="Who shares a quota right now.",
    )
    op.create_index(op.f("ix_quota_runners_quota_key"), "quota_runners", ["quota_key"], unique=False)
    op.create_table(
        "quota_state",
        sa.Column("quota_key", sa.String(length=128), nullable=False),
        sa.Column(
            "blocked_until", sa.Double(), nullable=False, comment="seconds since the epoch; set by a 429 for everyone"
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "learned_requests",
            sa.Integer(),
            nullable=True,
            comment="what the service really allowed in a window, when less than told",
        ),
        sa.Column(
            "learned_until", sa.Double(), nullable=True, comment="after this the configured limit is tried again"
        ),
        sa.PrimaryKeyConstraint("quota_key", name=op.f("pk_quota_state")),
        comment="What holds for everyone who shares a key.",
    )
    op.create_table(
        "rejected_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="file name or address"),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False, comment="line, row or page and position"),
        sa.Column(
            "reason", sa.String(length=64), nullable=False, comment="short and countable: no_id, bad_time, future, ..."
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_records")),
        sa.UniqueConstraint("source_sha256", "locator", name=op.f("uq_rejected_records_source_sha256_locator")),
        comment="Quarantine: what could not be read, why, and its raw text.",
    )
    op.create_table(
        "tweet_projects",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False, comment="'*' counts for every project"),
        sa.PrimaryKeyConstraint("tweet_id", "project", name=op.f("pk_tweet_projects")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tweet_scores",
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("velocity", sa.Double(), nullable=False),
        sa.Column("relevance", sa.Double(), nullable=False),
        sa.Column("openness", sa.Double(), nullable=False),
        sa.Column("author_quality", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False, comment="label of the best taxonomy node"),
        sa.Column(
            "gate", sa.String(length=32), nullable=False, comment="'pass', or why the tweet is not for this project"
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("label in ('red', 'yellow', 'green')", name=op.f("ck_tweet_scores_label")),
        sa.PrimaryKeyConstraint("project", "tweet_id", name=op.f("pk_tweet_scores")),
        comment="Replaced window by window, in one transaction.",
    )
    op.create_index(
        op.f("ix_tweet_scores_window_start_project"), "tweet_scores", ["window_start", "project"], unique=False
    )
    op.create_table(
        "tweet_snapshots",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("like_count", sa.BigInteger(), nullable=False),
        sa.Column("reply_count", sa.BigInteger(), nullable=False),
        sa.Column("retweet_count", sa.BigInteger(), nullable=False),
        sa.Column("quote_count", sa.BigInteger(), nullable=False),
        sa.Column("view_count", sa.BigInteger(), nullable=True),
        sa.Column("bookmark_count", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tweet_id", "collected_at", name=op.f("pk_tweet_snapshots")),
        comment="Counts as seen at one time. Append-only.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tweets",
        sa.Column("tweet_id", sa.String(length=32), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False, comment="hour of created_at"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False, comment="when the counts were seen"),
        sa.Column("author_id", sa.Text(), nullable=True),
        sa.Column("author_handle", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("author_followers", sa.BigInteger(), nullable=True),
        sa.Column("author_verified", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("is_retweet", sa.Boolean(), nullable=False),
        sa.Column("is_reply", sa.Boolean(), nullable=False),
        sa.Column("is_quote", sa.Boolean(), nullable=False),
        sa.Column("like_count", sa.BigInteger(), nullable=False),
        sa.Column("reply_count", sa.BigInteger(), nullable=False),
        sa.Column("retweet_count", sa.BigInteger(), nullable=False),
        sa.Column("quote_count", sa.BigInteger(), nullable=False),
        sa.Column("view_count", sa.BigInteger(), nullable=True),
        sa.Column("bookmark_count", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tweet_id", name=op.f("pk_tweets")),
        comment="One row a tweet, with its newest counts.",
    )
    op.create_index(op.f("ix_tweets_window_start"), "tweets", ["window_start"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_tweets_window_start"), table_name="tweets")
    op.drop_table("tweets")
    op.drop_table("tweet_snapshots")
    op.drop_index(op.f("ix_tweet_scores_window_start_project"), table_name="tweet_scores")
    op.drop_table("tweet_scores")
    op.drop_table("tweet_projects")
    op.drop_table("rejected_records")
    op.drop_table("quota_state")
    op.drop_index(op.f("ix_quota_runners_quota_key"), table_name="quota_runners")
    op.drop_table("quota_runners")
    op.drop_table("quota_days")
    op.drop_index(
        "ix_llm_requests_unparsed",
        table_name="llm_requests",
        postgresql_where=sa.text("status = 'answered' and parsed_at is null"),
        sqlite_where=sa.text("status = 'answered' and parsed_at is null"),
    )
    op.drop_index(op.f("ix_llm_requests_run_id"), table_name="llm_requests")
    op.drop_index(op.f("ix_llm_requests_quota_key_granted_at_counted_tokens"), table_name="llm_requests")
    op.drop_table("llm_requests")
    op.drop_table("ingested_files")
    op.drop_index(op.f("ix_generation_outcomes_window_start_project"), table_name="generation_outcomes")
    op.drop_table("generation_outcomes")
    op.drop_index(op.f("ix_generation_claims_runner"), table_name="generation_claims")
    op.drop_table("generation_claims")
    op.drop_table("embeddings")
    op.drop_index(op.f("ix_comment_suggestions_window_start_project"), table_name="comment_suggestions")
    op.drop_table("comment_suggestions")
    op.drop_index(op.f("ix_comment_opportunities_window_start_project"), table_name="comment_opportunities")
    op.drop_table("comment_opportunities")
