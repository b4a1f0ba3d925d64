"""Whether the models that wrote an hour's suggestions will be there for the next hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from viral_assets.defs.checks.results import HourCheckResult, Row, Violation
from viral_assets.llm.model_ends import NOTICE, announced_end

ADVICE = "try another one (viral-assets models) and name it in the project file, or in GEMINI_MODEL"


def models_that_end(suggestions: Sequence[Row], today: date) -> HourCheckResult:
    """Models of an hour's suggestions that have ended, or do within :data:`NOTICE` (WARN): another one answers for
    them, is billed, and may write differently."""
    used = sorted({(row["project"], row["model"]) for row in suggestions})
    ends = [(project, end) for project, model in used if (end := announced_end(model, today)) is not None]
    return HourCheckResult(
        [Violation(project, "", f"{end}; {ADVICE}") for project, end in ends],
        severity="WARN",
        numbers={"days of notice": NOTICE.days},
    )
