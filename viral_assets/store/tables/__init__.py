"""The tables. What each holds and the invariant it keeps; how they are read and written is in the other modules.

Times are aware datetimes in UTC (:class:`UtcDateTime`), except in the quota ledger, whose arithmetic on sliding
windows is the same on both databases only with plain seconds since the epoch.
"""

from __future__ import annotations

from viral_assets.store.tables.base import metadata
from viral_assets.store.tables.column_types import CleanText, ColumnKind, UtcDateTime, kind_of
from viral_assets.store.tables.generation import (
    forced_runs,
    generation_batches,
    generation_claims,
    generation_outcomes,
    tweet_offers,
)
from viral_assets.store.tables.numbers import ABOUT, COSTS, COUNTS, hour_changes, hour_numbers, kept_values
from viral_assets.store.tables.people import (
    assignment_events,
    assignments,
    cards_seen,
    ended_sessions,
    people,
    people_sessions,
    people_tokens,
)
from viral_assets.store.tables.quota import (
    llm_requests,
    quota_arrivals,
    quota_clock,
    quota_days,
    quota_runners,
    quota_state,
)
from viral_assets.store.tables.replies import notifications, posted_replies, reply_snapshots
from viral_assets.store.tables.scoring import comment_opportunities, embeddings, selection_counts, tweet_scores
from viral_assets.store.tables.sources import (
    inbox_files,
    ingested_files,
    rejected_records,
    source_requests,
    source_windows,
)
from viral_assets.store.tables.suggestions import (
    APPEND_ONLY_SQLITE,
    comment_suggestions,
    suggestion_events,
    suggestion_revisions,
)
from viral_assets.store.tables.tweets import (
    EVERY_PROJECT,
    forgotten_subjects,
    gone_tweets,
    referenced_posts,
    tweet_projects,
    tweet_references,
    tweet_snapshots,
    tweets,
)

__all__ = [
    "ABOUT",
    "APPEND_ONLY_SQLITE",
    "COSTS",
    "COUNTS",
    "EVERY_PROJECT",
    "CleanText",
    "ColumnKind",
    "UtcDateTime",
    "assignment_events",
    "assignments",
    "cards_seen",
    "comment_opportunities",
    "comment_suggestions",
    "embeddings",
    "ended_sessions",
    "forced_runs",
    "forgotten_subjects",
    "generation_batches",
    "generation_claims",
    "generation_outcomes",
    "gone_tweets",
    "hour_changes",
    "hour_numbers",
    "inbox_files",
    "ingested_files",
    "kept_values",
    "kind_of",
    "llm_requests",
    "metadata",
    "notifications",
    "people",
    "people_sessions",
    "people_tokens",
    "posted_replies",
    "quota_arrivals",
    "quota_clock",
    "quota_days",
    "quota_runners",
    "quota_state",
    "referenced_posts",
    "rejected_records",
    "reply_snapshots",
    "selection_counts",
    "source_requests",
    "source_windows",
    "suggestion_events",
    "suggestion_revisions",
    "tweet_offers",
    "tweet_projects",
    "tweet_references",
    "tweet_scores",
    "tweet_snapshots",
    "tweets",
]
