"""The bundled sample with scores, opportunities and drafted suggestions, by the shortest way there is. Its authors are
chosen as often as they come, so that the list is as long as a busy team's.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from viral_assets.embedding import build_embedder
from viral_assets.embedding.cache import CachedEmbedder
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.opportunity import Opportunity
from viral_assets.hours import HourRange, floor_hour
from viral_assets.projects.engagement import Engagement
from viral_assets.projects.loader import load_projects
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.scoring import (
    RecentOpportunities,
    SelectionOptions,
    score_window,
    select_opportunities,
    topic_vectors,
)
from viral_assets.settings import checkout_root
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.store.windows import replace_window

PROJECT = "demo"
HOURS = 24


def fill(database: Database, now: datetime, folder: Path) -> None:
    """Put the sample of the day before ``now`` into an empty database with all tables, drafted offline."""
    from viral_assets.demo.sample import write_sample

    end = floor_hour(now)
    window = HourRange(end - timedelta(hours=HOURS), end)
    project = load_projects(checkout_root() / "projects")[PROJECT]
    write_sample(folder / "sample.jsonl", end)
    ingest_file(database, folder / "sample.jsonl", IngestOptions(now, project=PROJECT))
    drafted = _opportunities(database, window, project)
    generator = AsyncCommentGenerator(provider="offline", database=database, limits=Limits(max_requests=10_000))

    async def generate() -> None:
        async with generator:
            await generator.generate_opportunities(drafted, {PROJECT: project})

    asyncio.run(generate())


def _opportunities(database: Database, window: HourRange, project: Project) -> list[Opportunity]:
    embedder = CachedEmbedder(build_embedder("wordllama"), database)
    with database.read() as connection:
        tweets = read_tweets(connection, window, project=PROJECT)
    vectors = embedder.embed(tweets["text"].tolist(), tweets["text_sha256"].tolist())
    scores = score_window(tweets, vectors, topic_vectors(project, embedder.embed), project, embedder.calibration)
    options = SelectionOptions(
        max_candidates=project.max_candidates,
        minima=project.minima,
        duplicate_similarity=embedder.calibration.near_duplicate,
        engagement=Engagement(replies_per_author=None),
    )
    scored = scores.merge(tweets.drop(columns="window_start"), on="tweet_id")
    recent = RecentOpportunities.none(vectors.shape[1])
    selected = select_opportunities(scored, vectors, options=options, recent=recent).frame
    with database.begin() as connection:
        replace_window(connection, tables.tweet_scores, window, scores)
        replace_window(connection, tables.comment_opportunities, window, selected)
    shown = selected.merge(tweets[["tweet_id", "text", "author_handle", "lang"]], on="tweet_id")
    return [
        Opportunity(
            project=PROJECT,
            tweet_id=row["tweet_id"],
            window_start=row["window_start"].to_pydatetime(),
            text=row["text"],
            topic=row["topic"],
            suggestion_types=tuple(kind.name for kind in project.suggestion_types),
            author_handle=row["author_handle"],
            lang=row["lang"],
        )
        for row in shown.to_dict("records")
    ]
