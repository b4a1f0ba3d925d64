"""All checks: what each is called, what it says, which rule it evaluates, and on which asset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg

from viral_assets.defs.assets.embeddings import tweet_embeddings
from viral_assets.defs.assets.generation import comment_suggestions
from viral_assets.defs.assets.ingestion import tweets
from viral_assets.defs.assets.scoring import comment_opportunities, tweet_scores
from viral_assets.defs.checks.counts import counts_differ
from viral_assets.defs.checks.engagement import pestered
from viral_assets.defs.checks.models import models_that_end
from viral_assets.defs.checks.opportunities import opportunities_out_of_order
from viral_assets.defs.checks.results import HourCheckResult, Violation
from viral_assets.defs.checks.rows import (
    Hour,
    Read,
    rows_of_opportunities,
    rows_of_scores,
    rows_of_suggestions,
    rows_of_tweets,
    rows_of_vectors,
)
from viral_assets.defs.checks.scores import scores_out_of_range
from viral_assets.defs.checks.spending import NEAR, budget_exceeded
from viral_assets.defs.checks.suggestion_shares import (
    FILTERED_SHARE,
    UNANSWERED_SHARE,
    filtered_share,
    unanswered_share,
)
from viral_assets.defs.checks.suggestions import (
    opportunities_without_end,
    suggestions_out_of_bounds,
    suggestions_said_twice,
    suggestions_without_opportunity,
)
from viral_assets.defs.checks.tweets import malformed_tweets
from viral_assets.defs.checks.vectors import vectors_missing_or_wrong
from viral_assets.llm.model_ends import NOTICE

Evaluate = Callable[[Hour], HourCheckResult]


@dataclass(frozen=True, slots=True)
class Check:
    """What has to hold of an asset's hour. ``evaluate`` is pure."""

    name: str
    description: str
    evaluate: Evaluate


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """An asset and its checks, which are evaluated together in one step from rows that are read once.

    ``needs`` are the keys of the resources that ``read`` uses, ``pruned_with`` what may have been pruned of its rows.
    """

    asset: dg.AssetsDefinition
    needs: frozenset[str]
    read: Read
    checks: Sequence[Check]
    pruned_with: str = "undecided"


def invariant(find: Callable[[Hour], list[Violation]]) -> Evaluate:
    """What a function finds must not be there."""
    return lambda hour: HourCheckResult(find(hour))


CHECK_GROUPS: Sequence[CheckGroup] = (
    CheckGroup(
        tweets,
        frozenset({"database"}),
        rows_of_tweets,
        [
            Check(
                "well_formed",
                "Every tweet has what it needs, of the right type: an id, an author, a text, a time within the hour, "
                "and no count below zero.",
                invariant(malformed_tweets),
            )
        ],
    ),
    CheckGroup(
        tweet_embeddings,
        frozenset({"database", "embedder", "projects", "run_options"}),
        rows_of_vectors,
        [
            Check(
                "every_text_has_a_vector",
                "Every text that was embedded still has its vector, and every vector is of length 1.",
                vectors_missing_or_wrong,
            )
        ],
        pruned_with="vectors",
    ),
    CheckGroup(
        tweet_scores,
        frozenset({"database"}),
        rows_of_scores,
        [
            Check(
                "scores_in_range",
                "Every score is a number from 0 to 1 with a label, and belongs to a tweet of the hour.",
                invariant(scores_out_of_range),
            )
        ],
    ),
    CheckGroup(
        comment_opportunities,
        frozenset({"database", "projects", "run_options"}),
        rows_of_opportunities,
        [
            Check(
                "scored_and_ranked",
                "Every opportunity has a score, and those of a project are ranked 1, 2, 3 without gaps and ties.",
                invariant(opportunities_out_of_order),
            ),
            Check(
                "nobody_pestered",
                "No author, no conversation and no day is chosen more often than the project says, and no hour in "
                "which nobody posts. Warns only.",
                lambda hour: pestered(hour.hour, hour.rows, hour.turns),
            ),
        ],
    ),
    CheckGroup(
        comment_suggestions,
        frozenset({"database", "projects", "run_options"}),
        rows_of_suggestions,
        [
            Check(
                "every_opportunity_ends",
                "Every opportunity has one suggestion for each type of its project, or an outcome that says why not.",
                invariant(opportunities_without_end),
            ),
            Check(
                "counts_as_reported",
                "There are as many suggestions and outcomes as the latest run of the hour reported.",
                lambda hour: counts_differ(hour.reported, hour.stored),
            ),
            Check(
                "no_suggestion_without_opportunity",
                "Nothing was suggested for a tweet that was not chosen.",
                invariant(suggestions_without_opportunity),
            ),
            Check(
                "no_suggestion_twice",
                "No two suggestions of a project say the same in this hour.",
                invariant(suggestions_said_twice),
            ),
            Check(
                "lengths_in_bounds",
                "Every suggestion is as long as the project and X allow, in X's weighted characters.",
                invariant(suggestions_out_of_bounds),
            ),
            Check(
                "few_filtered",
                f"The quality filter refused suggestions of at most {FILTERED_SHARE:.0%} of the answered tweets. "
                "Warns only.",
                lambda hour: filtered_share(hour.outcomes),
            ),
            Check(
                "few_unanswered",
                f"At most {UNANSWERED_SHARE:.0%} of the opportunities failed, were blocked or wait for a later run. "
                "Warns only.",
                lambda hour: unanswered_share(hour.outcomes),
            ),
            Check(
                "within_budget",
                "The days on which the suggestions were written cost no more than VIRAL_ASSETS_DAILY_BUDGET_USD. Warns "
                f"from {NEAR:.0%} of it on.",
                lambda hour: budget_exceeded(hour.spending),
            ),
            Check(
                "models_stay",
                f"No model that wrote suggestions of the hour has ended, or ends within {NOTICE.days} days. Warns "
                "only.",
                lambda hour: models_that_end(hour.suggestions, hour.today),
            ),
        ],
    ),
)
