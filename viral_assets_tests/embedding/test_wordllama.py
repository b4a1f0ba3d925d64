"""The bundled embedder, as it is."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from viral_assets.embedding.wordllama import WordLlamaEmbedder


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder()


def similarity(embedder: WordLlamaEmbedder, one: str, other: str) -> float:
    left, right = embedder.embed([one, other])
    return float(embedder.calibration.calibrated(left @ right))


def test_rows_have_length_1_whatever_the_text(embedder: WordLlamaEmbedder) -> None:
    texts = ["Too much screen time", "日本語", "😂", "<s></s>", "\ud800", "\0", "x" * 100_000, "a"]
    rows = embedder.embed(texts)
    assert rows.shape == (len(texts), embedder.dimensions)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_text_without_words_is_near_nothing(embedder: WordLlamaEmbedder) -> None:
    assert not embedder.embed(["", " \n", "https://t.co/a @b"]).any()
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_a_vector_does_not_depend_on_the_texts_around_it(embedder: WordLlamaEmbedder) -> None:
    texts = [f"{'word ' * (number % 40)}text number {number}" for number in range(1_500)]
    together = embedder.embed(texts)
    for row in (0, 39, 1_023, 1_024, 1_499):
        assert together[row].tolist() == embedder.embed([texts[row]])[0].tolist()


@pytest.mark.parametrize(
    "text",
    ["@you My screen time doubled https://t.co/abcXYZ", "MY SCREEN TIME DOUBLED", "RT @a: My #ScreenTime doubled"],
)
def test_links_handles_capitals_and_hash_marks_do_not_move_a_vector(embedder: WordLlamaEmbedder, text: str) -> None:
    plain, other = embedder.embed(["My screen time doubled", text])
    assert plain.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do you limit your kids' screen time?", "Our children spend too many hours on their tablets"),
        ("Does the night mode on phones do anything for sleep?", "Blue light at night ruins my sleep"),
    ],
)
def test_texts_about_the_same_thing_are_similar(embedder: WordLlamaEmbedder, one: str, other: str) -> None:
    assert similarity(embedder, one, other) > 0.15


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do you limit your kids' screen time?", "Bitcoin is going to 200k by the end of the year"),
        ("Scrolling in bed until 2am again", "Inflation numbers came in hotter than expected"),
        ("Phone free schools should be the norm", "Just made the best carbonara of my life"),
    ],
)
def test_texts_about_different_things_are_not(embedder: WordLlamaEmbedder, one: str, other: str) -> None:
    assert similarity(embedder, one, other) == 0


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        ("My screen time report says 9 hours a day and I feel awful about it", True),
        ("so my screen time report says SIX hours a day and I feel sick", True),
        ("How do you limit your kids' screen time without a fight every evening?", False),
        ("Just checked my phone usage, 7h 40m average a day. what am I doing with my life", False),
    ],
)
def test_copies_say_the_same_and_tweets_on_the_same_subject_do_not(
    embedder: WordLlamaEmbedder, text: str, is_same: bool
) -> None:
    original, other = embedder.embed(["My screen time report says 6 hours a day and I feel sick about it", text])
    assert (original @ other >= embedder.calibration.near_duplicate) == is_same


def test_loading_it_leaves_the_logging_of_the_process_alone() -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    WordLlamaEmbedder().embed(["text"])
    assert (root.level, root.handlers) == before
