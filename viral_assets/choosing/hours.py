"""The tweets of some hours as a project sees them: their scores, and which of them are chosen."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from viral_assets.embedding.cache import CachedEmbedder
from viral_assets.hours import HourRange
from viral_assets.projects.model import Project
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.resemblance import Resemblance
from viral_assets.scoring.components import MINUTES_BETWEEN_SNAPSHOTS
from viral_assets.scoring.engagement import NOTHING_ENGAGED, EngagementHistory
from viral_assets.scoring.near_duplicates import RecentOpportunities
from viral_assets.scoring.score import score_window
from viral_assets.scoring.selection import Selected, SelectionOptions, select_opportunities
from viral_assets.scoring.topics import topic_vectors
from viral_assets.store.engine import Database
from viral_assets.store.opportunities import read_chosen_texts
from viral_assets.store.references import read_contexts_of
from viral_assets.store.tweet_frames import read_earlier_snapshots, read_tweets

if TYPE_CHECKING:
    import pandas as pd


def score_hours(
    project: Project,
    store: Database,
    window: HourRange,
    embedder: CachedEmbedder,
    *,
    resemblance: Resemblance | None = None,
    closer_look: CloserLook | None = None,
) -> pd.DataFrame:
    """The scores of the tweets that came for the project in ``window``: see
    :func:`~viral_assets.scoring.score.score_window`."""
    apart = timedelta(minutes=MINUTES_BETWEEN_SNAPSHOTS)
    with store.read() as connection:
        frame = read_tweets(connection, window, project=project.name)
        earlier = read_earlier_snapshots(connection, window, at_least_before=apart)
        contexts = read_contexts_of(connection, window)
    frame = frame.merge(earlier, on="tweet_id", how="left", validate="one_to_one")
    topics = topic_vectors(project, embedder.embed)
    vectors = embedder.embed(frame["text"].tolist(), frame["text_sha256"].tolist())
    return score_window(
        frame,
        vectors,
        topics,
        project,
        embedder.calibration,
        languages=embedder.languages,
        resemblance=resemblance,
        closer_look=closer_look,
        contexts=contexts,
        embed=embedder.embed,
    )


def earlier_opportunities(
    store: Database, project: str, start: datetime, memory: timedelta, embedder: CachedEmbedder
) -> RecentOpportunities:
    """What was chosen for a project in the ``memory`` before ``start``."""
    with store.read() as connection:
        earlier = read_chosen_texts(connection, project, start - memory, start)
    return RecentOpportunities(
        texts=earlier["text"].tolist(),
        vectors=embedder.embed(earlier["text"].tolist(), earlier["text_sha256"].tolist()),
        windows=[hour.to_pydatetime() for hour in earlier["window_start"]],
    )


def select_hours(
    scored: pd.DataFrame,
    embedder: CachedEmbedder,
    options: SelectionOptions,
    *,
    recent: RecentOpportunities,
    kept: Collection[str] = frozenset(),
    engaged: EngagementHistory = NOTHING_ENGAGED,
) -> Selected:
    """Which of a project's scored tweets are chosen: see
    :func:`~viral_assets.scoring.selection.select_opportunities`.

    Args:
        scored: scores joined with the other columns of their tweets.
    """
    vectors = embedder.embed(scored["text"].tolist(), scored["text_sha256"].tolist())
    return select_opportunities(scored, vectors, options=options, recent=recent, kept=kept, engaged=engaged)
