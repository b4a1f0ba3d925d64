"""What one tweet teaches a project, as far as no file is needed for it."""

from __future__ import annotations

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.learning.lessons import WordReach, more_like
from viral_assets_tests.generation.make import project


def test_of_a_language_that_the_embedder_does_not_know_nothing_is_learnt() -> None:
    of = project()
    topic, text = of.taxonomy[0].label, "Kuinka paljon ruutuaikaa teidän lapsilla on päivässä?"
    assert more_like(of, topic, text).texts == (text,)
    with pytest.raises(ConfigurationError, match="does not know the language of this tweet") as error:
        more_like(of, topic, text, gate="unknown_language")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("count", "said"), [(0, "0 have it."), (1, "1 has it."), (1_200, "1,200 have it.")])
def test_how_far_a_word_reaches_is_said_in_the_right_number(count: int, said: str) -> None:
    assert str(WordReach(count, 2_000)) == f"Of the 2,000 tweets chosen in the last 7 days {said}"
