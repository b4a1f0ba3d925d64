"""Whether the models of an hour stay, judged on plain values."""

from __future__ import annotations

from datetime import date

import pytest

from viral_assets.defs.checks.models import models_that_end
from viral_assets.llm.model_ends import NOTICE, announced_end
from viral_assets.llm.models import model_named

TODAY = date(2026, 11, 29)


def rows(*models: str) -> list[dict[str, str]]:
    return [{"project": "baking", "tweet_id": str(number), "model": model} for number, model in enumerate(models)]


def test_an_hour_without_suggestions_and_one_by_models_that_stay_pass() -> None:
    assert models_that_end([], TODAY).passed
    assert models_that_end(rows("gemini-2.5-flash-lite", "offline", "llama3.1:8b"), TODAY).passed


def test_a_model_that_ends_soon_warns_once_with_what_to_do() -> None:
    check_result = models_that_end(rows("gemini-2.5-flash", "gemini-2.5-flash", "gemini-2.5-flash-lite"), TODAY)

    assert (check_result.passed, check_result.severity) == (False, "WARN")
    (violation,) = check_result.violations
    assert violation.project == "baking"
    assert violation.problem.startswith("gemini-2.5-flash ends on 2026-12-01, in 2 days: from then on")
    assert "viral-assets models" in violation.problem


@pytest.mark.parametrize(("days_before", "told"), [(61, False), (60, True), (1, True), (0, True), (-30, True)])
def test_people_are_told_sixty_days_before(days_before: int, told: bool) -> None:
    assert NOTICE.days == 60
    ends = model_named("gemini-3.1-flash-lite").ends
    assert ends is not None

    sentence = announced_end("gemini-3.1-flash-lite", date.fromordinal(ends.toordinal() - days_before))

    assert (sentence is not None) is told
    assert sentence is None or "nothing is known to answer for it" in sentence
