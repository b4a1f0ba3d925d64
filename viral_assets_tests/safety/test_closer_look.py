"""The tweets that could be chosen are looked at by an embedder that tells more, and by it alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.exemplar_vectors import resemblance_of
from viral_assets.safety.flags import find_flags
from viral_assets.safety.resemblance import Vectors
from viral_assets.text.phrases import TextColumn

EMBEDDER = MultilingualEmbedder()
TEXTS = (
    "Anyone else love rainy days?",
    "We buried our little brother on Monday.",
    "Hoy enterramos a mi abuela",
    "Coffee?",
)
LANGUAGES = ("en", "en", "es", "en")


@pytest.fixture(scope="module")
def look() -> CloserLook:
    return CloserLook(EMBEDDER.embed, resemblance_of(EMBEDDER))


def test_flags_stand_at_the_rows_of_the_whole_column(look: CloserLook) -> None:
    column = TextColumn(TEXTS)
    found = look.flags_of(column, LANGUAGES, np.array([1, 2, 3]))
    whole = find_flags(column, LANGUAGES, EMBEDDER.embed(TEXTS), look.resemblance)
    assert found == {row: flags for row, flags in whole.items() if row}
    assert found[1][0].category == found[2][0].category == "grief"


def test_only_those_rows_are_embedded(look: CloserLook) -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return EMBEDDER.embed(texts)

    CloserLook(embed, look.resemblance).flags_of(TextColumn(TEXTS), LANGUAGES, np.array([3]))
    assert asked == ["Coffee?"]


def test_no_rows_have_no_flags(look: CloserLook) -> None:
    assert look.flags_of(TextColumn(TEXTS), LANGUAGES, np.array([], dtype=np.int64)) == {}
