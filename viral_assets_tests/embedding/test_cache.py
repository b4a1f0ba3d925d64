"""No text is embedded twice, whoever asks and however often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.embedding.base import Calibration, Vectors
from viral_assets.embedding.cache import CachedEmbedder, NotEmbeddedError, UnsavedEmbedder
from viral_assets.errors import TransientProviderError
from viral_assets.store.engine import Database
from viral_assets.store.vectors import read_vectors
from viral_assets.text.hashing import text_hash
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on


class CountingEmbedder:
    """Notes what it is asked; a text's vector tells its length. Breaks down after so many texts."""

    dimensions = 2
    languages = frozenset({"en"})
    calibration = Calibration(zero=0.0, one=1.0, near_duplicate=0.9)

    def __init__(self, model: str = "counting-2", *, batch_size: int = 3, breaks_after: int = 10**9) -> None:
        self.model = model
        self.batch_size = batch_size
        self.asked: list[str] = []
        self._breaks_after = breaks_after

    def embed(self, texts: Sequence[str]) -> Vectors:
        if len(self.asked) + len(texts) > self._breaks_after:
            raise TransientProviderError("it broke")
        self.asked += texts
        return np.array([divmod(len(text), 100) for text in texts], dtype=np.float32).reshape(-1, 2)


def lengths(matrix: Vectors) -> list[float]:
    assert matrix.dtype == np.float32
    return [100 * float(vector[0]) + float(vector[1]) for vector in matrix]


def test_a_text_is_embedded_once_across_calls_and_processes(database: Database) -> None:
    first, second = CountingEmbedder(), CountingEmbedder()
    one, other = CachedEmbedder(first, database), CachedEmbedder(second, database)
    assert lengths(one.embed(["a", "bb", "a", "ccc", "dddd"])) == [1, 2, 1, 3, 4]
    assert lengths(other.embed(["dddd", "eeeee", "a"])) == [4, 5, 1]
    assert (first.asked, second.asked) == (["a", "bb", "ccc", "dddd"], ["eeeee"])
    assert (one.stats.hits, one.stats.computed) == (1, 4)
    assert (other.stats.hits, other.stats.computed) == (2, 1)


def test_what_is_not_to_be_saved_is_computed_once_until_it_is_forgotten(database: Database) -> None:
    CachedEmbedder(CountingEmbedder(), database).embed(["a", "bb"])
    embedder = CountingEmbedder()
    unsaved = UnsavedEmbedder(embedder, database)
    for _ in range(2):
        assert lengths(unsaved.embed(["a", "ccc", "bb", "ccc", "dddd"])) == [1, 3, 2, 3, 4]
    assert embedder.asked == ["ccc", "dddd"]
    unsaved.forget()
    unsaved.embed(["ccc"])
    assert embedder.asked == ["ccc", "dddd", "ccc"]
    with database.read() as connection:
        assert len(read_vectors(connection, embedder.model, [text_hash(text) for text in ("a", "ccc", "dddd")])) == 1


def test_without_a_database_everything_is_computed() -> None:
    assert lengths(UnsavedEmbedder(CountingEmbedder(), None).embed(["a", "bb"])) == [1, 2]


def test_what_would_have_to_be_paid_for_is_an_error_and_not_asked(database: Database) -> None:
    CachedEmbedder(CountingEmbedder(), database).embed(["a"])
    embedder = CountingEmbedder()
    unsaved = UnsavedEmbedder(embedder, database, paid=True)
    assert lengths(unsaved.embed(["a", "a"])) == [1, 1]
    with pytest.raises(NotEmbeddedError, match="2 texts have no vector by counting-2 yet"):
        unsaved.embed(["a", "bb", "ccc", "bb"])
    assert embedder.asked == []


def test_no_texts_cost_nothing(database: Database) -> None:
    assert CachedEmbedder(CountingEmbedder(), database).embed([]).shape == (0, 2)


def test_every_model_has_vectors_of_its_own(database: Database) -> None:
    CachedEmbedder(CountingEmbedder("one"), database).embed(["text"])
    other = CountingEmbedder("other")
    CachedEmbedder(other, database).embed(["text"])
    assert other.asked == ["text"]


def test_the_digests_tweets_carry_are_the_keys_of_the_cache(database: Database) -> None:
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, database)
    cached.embed(["café"])
    cached.embed(["cafe\u0301"], [text_hash("café")])
    assert embedder.asked == ["café"]


def test_what_was_embedded_before_a_failure_is_kept(database: Database) -> None:
    texts = [str(number) for number in range(8)]
    with pytest.raises(TransientProviderError):
        CachedEmbedder(CountingEmbedder(breaks_after=7), database).embed(texts)
    later = CountingEmbedder()
    CachedEmbedder(later, database).embed(texts)
    assert later.asked == ["6", "7"]


def test_thousands_of_texts_come_back_in_their_order(sqlite_database: Database) -> None:
    texts = ["x" * (number % 7_000) for number in range(12_000)]
    embedder = CountingEmbedder(batch_size=1_000)
    matrix = CachedEmbedder(embedder, sqlite_database).embed(texts)
    assert lengths(matrix) == [len(text) for text in texts]
    assert len(embedder.asked) == 7_000


@tried_on(1 / 2, unchecked=SHARED_FIXTURES)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=3), max_size=12), st.integers(1, 4))
def test_the_cache_changes_nothing_about_the_vectors(
    sqlite_database: Database, texts: list[str], batch_size: int
) -> None:
    embedder = CountingEmbedder(batch_size=batch_size)
    found = CachedEmbedder(embedder, sqlite_database).embed(texts)
    # Texts equal after normalisation share a vector, so lengths are compared by digest.
    by_digest = {text_hash(text): vector for text, vector in zip(texts, found.tolist(), strict=True)}
    assert [by_digest[text_hash(text)] for text in texts] == found.tolist()
    assert len({text_hash(text) for text in embedder.asked}) == len(embedder.asked)


def test_it_passes_for_the_embedder_it_wraps(sqlite_database: Database) -> None:
    embedder = CountingEmbedder()
    cached = CachedEmbedder(embedder, sqlite_database)
    assert (cached.model, cached.dimensions, cached.batch_size, cached.calibration) == (
        embedder.model,
        embedder.dimensions,
        embedder.batch_size,
        embedder.calibration,
    )
