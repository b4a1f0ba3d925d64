"""Which language a text is in, and what codes mean."""

from __future__ import annotations

import pytest

from viral_assets.text.language import REFUSED_FROM, canonical, detected, html_language, most_likely


@pytest.mark.parametrize(
    ("code", "means", "in_html"),
    [
        ("en", "en", "en"),
        ("pt-BR", "pt", "pt-BR"),
        ("in", "id", "id"),
        ("iw", "he", "he"),
        ("ji", "yi", "yi"),
        ("nn", "no", "nn"),
        ("und", None, None),
        ("qme", None, None),
        ("zxx", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_old_codes_are_read_as_new_ones_and_codes_of_no_language_as_none(
    code: str | None, means: str | None, in_html: str | None
) -> None:
    assert (canonical(code), html_language(code)) == (means, in_html)


def test_a_language_is_told_by_words_and_not_by_handles_links_and_hashtags() -> None:
    assert detected("Ma\u00f1ana dejamos los tel\u00e9fonos en la cocina toda la noche") == "es"
    assert detected("@somebody #phones https://example.com/in-english") is None
    assert most_likely("ok") == (None, 0.0)


@pytest.mark.parametrize("text", ["ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ᛫ᚠᛁᚱᚪ", "hola hola hola", "1234567890 1234567890"])
def test_what_the_detector_does_not_know_is_not_english(text: str) -> None:
    """It guesses "en" all the same, and says so by how sure it is alone."""
    assert detected(text) is None
    assert most_likely(text)[1] < REFUSED_FROM
