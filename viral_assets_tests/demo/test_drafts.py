"""The drafts that were written beforehand: one of each type for all that the demo chooses, and all fit to show."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from viral_assets.demo.sample import write_sample
from viral_assets.embedding import build_embedder
from viral_assets.embedding.cache import CachedEmbedder
from viral_assets.embedding.use_weights import is_installed
from viral_assets.generation.clients.offline import OfflineClient
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.drafting.recorded import recorded_draft, recorded_drafts
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.answer_processor import AnswerProcessor, AnswerSource
from viral_assets.generation.run.items import Item
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.engagement import Engagement
from viral_assets.projects.loader import load_projects
from viral_assets.projects.model import Project
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.exemplar_vectors import resemblance_of
from viral_assets.scoring import (
    RecentOpportunities,
    SelectionOptions,
    score_window,
    select_opportunities,
    topic_vectors,
)
from viral_assets.settings import BUNDLED_PROJECTS
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
from viral_assets.store.engine import Database
from viral_assets.store.references import read_contexts_of
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.text.x_rules import text_weight
from viral_assets_tests.generation.make import TYPES

END = datetime(2026, 11, 21, 20, tzinfo=UTC)
DAY = HourRange(END - timedelta(hours=24), END)
UNKNOWN = "Has anybody tried keeping the tablet in the hallway cupboard?"


@pytest.fixture(scope="module")
def demo() -> Project:
    return load_projects(BUNDLED_PROJECTS)["demo"]


def about(text: str, tweet_id: str = "1992412345678901230") -> Opportunity:
    return Opportunity("demo", tweet_id, END - HOUR, text, "Screen time", TYPES, lang="en")


def chosen(database: Database, folder: Path, demo: Project, closer_look: CloserLook | None) -> list[str]:
    """The texts of the sample that the demo chooses, in one run over its day."""
    write_sample(folder / "sample.jsonl", END)
    ingest_file(database, folder / "sample.jsonl", IngestOptions(END, project="demo"))
    embedder = CachedEmbedder(build_embedder("wordllama"), database)
    with database.read() as connection:
        tweets = read_tweets(connection, DAY, project="demo")
        contexts = read_contexts_of(connection, DAY)
    vectors = embedder.embed(tweets["text"].tolist(), tweets["text_sha256"].tolist())
    scores = score_window(
        tweets,
        vectors,
        topic_vectors(demo, embedder.embed),
        demo,
        embedder.calibration,
        languages=embedder.languages,
        resemblance=resemblance_of(embedder),
        closer_look=closer_look,
        contexts=contexts,
        embed=embedder.embed,
    )
    scored = scores.merge(tweets.drop(columns="window_start"), on="tweet_id")
    options = SelectionOptions(
        demo.max_candidates, demo.minima, embedder.calibration.near_duplicate, engagement=demo.engagement
    )
    none = RecentOpportunities.none(vectors.shape[1])
    selected = select_opportunities(scored, vectors, options=options, recent=none).frame
    return selected.merge(tweets, on="tweet_id")["text"].tolist()


@pytest.mark.parametrize("closer", [False, True], ids=["plain", "closer look"])
def test_every_opportunity_of_the_demo_has_a_draft_of_each_type(
    closer: bool, demo: Project, sqlite_database: Database, tmp_path: Path
) -> None:
    if closer and not is_installed():
        pytest.skip("the multilingual extra is not installed")
    look = None
    if closer:
        larger = build_embedder("multilingual")
        look = CloserLook(larger.embed, resemblance_of(larger))
    texts = chosen(sqlite_database, tmp_path, demo, look)
    assert len(texts) > 40
    # Also for whom the demo's file is the first thing to be changed.
    anybody = demo.model_copy(update={"engagement": Engagement(replies_per_author=None)})
    more = chosen(sqlite_database, tmp_path, anybody, look)
    assert len(more) > 2 * len(texts)
    types = [kind.name for kind in demo.suggestion_types]
    assert [(text, kind) for text in [*texts, *more] for kind in types if recorded_draft(text, kind) is None] == []


@pytest.mark.parametrize(("category", "words"), [("grief", "passed away"), ("politics", "in this election")])
def test_what_is_not_safe_to_answer_would_have_been_chosen(
    category: str, words: str, demo: Project, sqlite_database: Database, tmp_path: Path
) -> None:
    texts = chosen(sqlite_database, tmp_path, demo, None)
    assert not [text for text in texts if words in text]
    allowing = demo.model_copy(update={"safety": demo.safety.model_copy(update={category: "allow"})})
    texts = chosen(sqlite_database, tmp_path, allowing, None)
    assert len([text for text in texts if words in text]) == 1


def test_all_of_them_together_pass_the_quality_filter(demo: Project) -> None:
    quality = QualityFilter(demo)
    for number, (tweet, drafts) in enumerate(recorded_drafts().items()):
        assert tuple(drafts) == TYPES, tweet
        for kind, text in drafts.items():
            assert quality.review(about(tweet, str(number)), kind, text) is None, text


def test_they_keep_the_voice_of_the_project(demo: Project) -> None:
    texts = [text for drafts in recorded_drafts().values() for text in drafts.values()]
    for text in texts:
        assert demo.generation.min_length <= text_weight(text) <= demo.generation.max_length, text
        assert not set("!#@…") & set(text), text
        assert "Fernwick" not in text, text
        assert text.isascii(), text
    openings = Counter(" ".join(text.split()[:2]) for text in texts)
    assert max(openings.values()) <= len(texts) / 25
    questions = [drafts["ask_question"] for drafts in recorded_drafts().values()]
    assert all("?" in text for text in questions)


def test_they_are_about_tweets_of_the_sample(sqlite_database: Database, tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.jsonl", END)
    ingest_file(sqlite_database, tmp_path / "sample.jsonl", IngestOptions(END, project="demo"))
    with sqlite_database.read() as connection:
        texts = set(read_tweets(connection, DAY, project="demo")["text"])
    assert recorded_drafts().keys() <= texts


def test_a_suggestion_says_whether_it_was_recorded(demo: Project) -> None:
    (known, drafts), *_ = recorded_drafts().items()
    tweets = [about(known, "1"), about(UNKNOWN, "2")]
    answer = asyncio.run(OfflineClient().generate(build_request(demo, tweets), timeout_seconds=1))
    processor = AnswerProcessor({"demo": demo}, clock=lambda: 0.0, rng=random.Random(1))
    outcome = processor.process(
        [Item(each) for each in tweets], answer.text, source=AnswerSource("r", "offline", "offline")
    )
    of = {each.opportunity.tweet_id: each.suggestions for each in outcome.ended}
    assert {each.suggestion_type: each.text for each in of["1"]} == drafts
    assert {each.model for each in of["1"]} == {"recorded sample"}
    assert {each.model for each in of["2"]} == {"offline"}


def test_asked_again_for_the_same_tweet_it_writes_something_else(demo: Project) -> None:
    known = next(iter(recorded_drafts()))
    client = OfflineClient()
    first, second = (
        asyncio.run(client.generate(build_request(demo, [about(known)]), timeout_seconds=1)).text for _ in range(2)
    )
    assert recorded_drafts()[known]["add_value"] in first
    assert recorded_drafts()[known]["add_value"] not in second
