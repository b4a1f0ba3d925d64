"""Hours that were worked on as a run does it: scored and selected by the same functions, and stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from viral_assets.embedding.cache import CachedEmbedder
from viral_assets.embedding.stored import StoredVectors
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.model import Project
from viral_assets.queries.engaged import read_engaged
from viral_assets.scoring import (
    RecentOpportunities,
    SelectionOptions,
    score_window,
    select_opportunities,
    topic_vectors,
)
from viral_assets.scoring.selection import selection_counts
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.opportunities import read_chosen_texts
from viral_assets.store.taken import read_kept
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.store.tweets import upsert_tweets
from viral_assets.store.windows import replace_window
from viral_assets.text.hashing import text_hash
from viral_assets_tests.store.rows import tweet_row

AT = datetime.fromisoformat("2026-11-21T20:00:00+00:00")
GOOD = "How do you keep your screen time down in the evenings? My phone wins every single night"


def project(**changes: Any) -> Project:
    given: dict[str, Any] = {
        "name": "example",
        "taxonomy": [{"label": "screen time", "description": "hours on the phone, screen time, scrolling at night"}],
        "voice": {"persona": "a friend"},
        "thresholds": {"yellow": 0.2, "green": 0.5},
    }
    return Project.model_validate(given | changes)


def tweet(number: int, text: str = GOOD, *, at: datetime = AT, **changes: Any) -> dict[str, Any]:
    """One that nothing is against but what ``changes`` say; each by somebody else, the later ones liked less."""
    tweet_id = str(1_990_000_000_000_000_000 + number)
    row = {
        "author_id": str(number),
        "author_handle": f"author_{number}",
        "author_followers": 20_000,
        "like_count": 900 - 20 * number,
        "conversation_id": tweet_id,
        "text_sha256": text_hash(changes.get("text", text)),
    }
    return tweet_row(tweet_id, created_at=at + timedelta(minutes=5), text=text, **{**row, **changes})


def ingest(database: Database, rows: Sequence[dict[str, Any]], **whose: Any) -> None:
    with database.begin() as connection:
        upsert_tweets(connection, rows, **whose)


def work_on(database: Database, of: Project, hours: Collection[datetime] = (AT,), **options: Any) -> None:
    """Score and select hours, one after the other."""
    embedder = CachedEmbedder(WordLlamaEmbedder(), database)
    near = embedder.calibration.near_duplicate
    for hour in sorted(hours):
        window = HourRange(hour, hour + HOUR)
        chosen_as = SelectionOptions.of_project(of.model_copy(update=options), duplicate_similarity=near)
        with database.read() as connection:
            rows = read_tweets(connection, window, project=of.name)
            engaged = read_engaged(connection, of.name, of.engagement, window)
            kept = read_kept(connection, window, of.name)
            earlier = read_chosen_texts(connection, of.name, hour - chosen_as.memory, hour)
        vectors = embedder.embed(rows["text"].tolist())
        scores = score_window(rows, vectors, topic_vectors(of, embedder.embed), of, embedder.calibration)
        recent = RecentOpportunities(
            earlier["text"].tolist(),
            embedder.embed(earlier["text"].tolist()),
            [each.to_pydatetime() for each in earlier["window_start"]],
        )
        scored = scores.merge(rows.drop(columns="window_start"), on="tweet_id")
        selected = select_opportunities(scored, vectors, options=chosen_as, recent=recent, kept=kept, engaged=engaged)
        with database.begin() as connection:
            replace_window(connection, tables.tweet_scores, window, scores)
            replace_window(connection, tables.comment_opportunities, window, selected.frame)
            replace_window(connection, tables.selection_counts, window, selection_counts({of.name: selected}))


def vectors() -> StoredVectors:
    return StoredVectors(WordLlamaEmbedder())
