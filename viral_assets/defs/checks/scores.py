"""What is wrong with the scores of an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from viral_assets.defs.checks.results import Violation
from viral_assets.vocabulary import COMPONENTS, LABELS, VELOCITY

if TYPE_CHECKING:
    import pandas as pd

SCORES = (*COMPONENTS, "total")

_ADVICE = "materialize tweet_scores of the hour again"


@dataclass(frozen=True, slots=True)
class ScoreHour:
    """Rows of ``tweet_scores`` for one hour: project, tweet_id, :data:`SCORES` and label; and the ids of its tweets."""

    rows: pd.DataFrame
    tweet_ids: frozenset[str]


def scores_out_of_range(hour: ScoreHour) -> list[Violation]:
    """Scores that are no number from 0 to 1, unknown labels, and scores of tweets that are not there. A velocity may be
    unknown."""
    import numpy as np

    rows = hour.rows
    values = rows[list(SCORES)].to_numpy(dtype=np.float64, na_value=np.nan)
    # NaN compares as false, whatever it is compared with.
    right = (values >= 0.0) & (values <= 1.0)
    right[:, SCORES.index(VELOCITY)] |= rows[VELOCITY].isna().to_numpy()
    labelled = rows["label"].isin(LABELS).to_numpy()
    known = rows["tweet_id"].isin(hour.tweet_ids).to_numpy()
    wrong = np.flatnonzero(~(right.all(axis=1) & labelled & known))
    violations = []
    for at, row in zip(wrong, rows.iloc[wrong].to_dict("records"), strict=True):
        problems = [
            f"{name} is {value:g}" for name, value, fine in zip(SCORES, values[at], right[at], strict=True) if not fine
        ]
        problems += [] if labelled[at] else [f"the label is {row['label']}"]
        problems += [] if known[at] else ["there is no such tweet in the hour"]
        violations.append(Violation(row["project"], row["tweet_id"], f"{', '.join(problems)}: {_ADVICE}"))
    return violations
