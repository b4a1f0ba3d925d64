"""Which embedder a project gets."""

from __future__ import annotations

import pytest

from viral_assets.embedding.choice import embedder_name


@pytest.mark.parametrize(
    ("languages", "name"),
    [
        (["en"], "wordllama"),
        (["en", "en"], "wordllama"),
        (["de"], "multilingual"),
        (["en", "de"], "multilingual"),
        (["tlh"], "multilingual"),
        ([], "multilingual"),
    ],
)
def test_english_alone_keeps_the_bundled_embedder_and_anything_else_gets_one_that_knows_more(
    languages: list[str], name: str
) -> None:
    assert embedder_name("auto", languages) == name


@pytest.mark.parametrize("chosen", ["wordllama", "multilingual", "gemini"])
def test_whoever_names_one_gets_it_whatever_the_languages(chosen: str) -> None:
    assert embedder_name(chosen, ["de"]) == embedder_name(chosen, ["en"]) == chosen
