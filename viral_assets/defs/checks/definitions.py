"""The checks as Dagster is told of them: what each is called, what it promises, and what it looks at."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import dagster as dg

from viral_assets.defs.assets.display import ROW_COUNT
from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.defs.assets.generation import comment_suggestions
from viral_assets.defs.assets.ingestion import tweets
from viral_assets.defs.assets.partitions import window_of
from viral_assets.defs.assets.scoring import comment_opportunities, tweet_embeddings, tweet_scores
from viral_assets.defs.checks.counts import Reported, counts_differ
from viral_assets.defs.checks.evaluations import Materialized, evaluations, latest_materializations
from viral_assets.defs.checks.opportunities import opportunities_out_of_order
from viral_assets.defs.checks.results import HourCheckResult, Violation
from viral_assets.defs.checks.scores import scores_out_of_range
from viral_assets.defs.checks.shares import filtered_share, unanswered_share
from viral_assets.defs.checks.spending import Spending, budget_exceeded
from viral_assets.defs.checks.suggestions import (
    SuggestionHour,
    opportunities_without_end,
    suggestions_out_of_bounds,
    suggestions_said_twice,
    suggestions_without_opportunity,
)
from viral_assets.defs.checks.tweets import malformed_tweets
from viral_assets.defs.checks.vectors import vectors_missing_or_wrong
from viral_assets.hours import HourRange
from viral_assets.settings import load_settings
from viral_assets.vocabulary import OUTCOMES

Hour = Any
"""What a subject's checks look at for one hour: a value of the module that has its rules."""

Evaluate = Callable[[Hour], HourCheckResult]
Read = Callable[[Any, HourRange, Mapping[datetime, Materialized]], Mapping[datetime, Hour]]
"""From resources, hours and their latest materializations to what the checks look at."""


@dataclass(frozen=True, slots=True)
class Check:
    """A promise about an asset's hour. ``evaluate`` is pure."""

    name: str
    description: str
    evaluate: Evaluate


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """An asset and its checks, which are evaluated together in one step from rows that are read once.

    ``needs`` are the keys of the resources that ``read`` uses.
    """

    asset: dg.AssetsDefinition
    needs: frozenset[str]
    read: Read
    checks: Sequence[Check]


def invariant(find: Callable[[Hour], list[Violation]]) -> Evaluate:
    """What a function finds must not be there."""
    return lambda hour: HourCheckResult(find(hour))


def _tweets(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_tweet_hours

    return read_tweet_hours(resources.database.get(), window)


def _vectors(
    resources: Any, window: HourRange, materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_vector_hours

    database = resources.database.get()
    counts = {hour: each.numbers.get(ROW_COUNT) for hour, each in materialized.items()}
    reported = {hour: None if count is None else int(count) for hour, count in counts.items()}
    return read_vector_hours(database, window, resources.embedder.get(database).model, reported)


def _scores(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_score_hours

    return read_score_hours(resources.database.get(), window)


def _opportunities(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_opportunity_hours

    return read_opportunity_hours(resources.database.get(), window)


def _suggestions(
    resources: Any, window: HourRange, materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, SuggestionHour]:
    from viral_assets.defs.checks.reading import read_spent_days, read_suggestion_hours

    database = resources.database.get()
    projects = resources.projects.select(resources.run_options.projects)
    told = {hour: (reported, each.at) for hour, each in materialized.items() if (reported := _reported(each.numbers))}
    hours = read_suggestion_hours(database, window, projects, told)
    budget = load_settings().daily_budget_usd
    if budget is None:
        return hours
    days = read_spent_days(database, window)
    return {hour: replace(rows, spending=Spending(budget, days[hour])) for hour, rows in hours.items()}


def _reported(numbers: Mapping[str, float]) -> Reported | None:
    """What ``comment_suggestions`` reports of an hour; None for what somebody reported in the UI, without numbers."""
    if ROW_COUNT not in numbers or not all(name in numbers for name in OUTCOMES):
        return None
    return Reported(int(numbers[ROW_COUNT]), int(sum(numbers[name] for name in OUTCOMES)))


CHECK_GROUPS: Sequence[CheckGroup] = (
    CheckGroup(
        tweets,
        frozenset({"database"}),
        _tweets,
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
        frozenset({"database", "embedder"}),
        _vectors,
        [
            Check(
                "every_text_has_a_vector",
                "Every text that was embedded still has its vector, and every vector is of length 1.",
                vectors_missing_or_wrong,
            )
        ],
    ),
    CheckGroup(
        tweet_scores,
        frozenset({"database"}),
        _scores,
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
        frozenset({"database"}),
        _opportunities,
        [
            Check(
                "scored_and_ranked",
                "Every opportunity has a score, and those of a project are ranked 1, 2, 3 without gaps and ties.",
                invariant(opportunities_out_of_order),
            )
        ],
    ),
    CheckGroup(
        comment_suggestions,
        frozenset({"database", "projects", "run_options"}),
        _suggestions,
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
                "The quality filter refused suggestions of at most a quarter of the answered tweets. Warns only.",
                lambda hour: filtered_share(hour.outcomes),
            ),
            Check(
                "few_unanswered",
                "At most a tenth of the opportunities failed, were blocked or wait for a later run. Warns only.",
                lambda hour: unanswered_share(hour.outcomes),
            ),
            Check(
                "within_budget",
                "The days on which the suggestions were written cost no more than VIRAL_ASSETS_DAILY_BUDGET_USD. Warns "
                "from nine tenths of it on.",
                lambda hour: budget_exceeded(hour.spending),
            ),
        ],
    ),
)


def asset_checks(hours: dg.PartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """All checks, those of one asset in one step.

    Args:
        hours: the partitions of the assets.
    """
    return [_checks_of(group, hours) for group in CHECK_GROUPS]


def _checks_of(group: CheckGroup, hours: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    asset = group.asset.key
    with warnings.catch_warnings():
        # setup.cfg keeps to the versions in which checks with partitions are what we know.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        specs = [
            dg.AssetCheckSpec(each.name, asset=asset, description=each.description, partitions_def=hours)
            for each in group.checks
        ]

        @dg.multi_asset_check(
            name=f"check_{asset.path[-1]}", specs=specs, can_subset=True, required_resource_keys=set(group.needs)
        )
        @as_dagster_failure
        def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
            op = context.op_execution_context
            window = window_of(op)
            materialized = latest_materializations(context.instance, asset, window)
            content = group.read(op.resources, window, materialized)
            wanted = {key.name for key in op.selected_asset_check_keys}
            for each in group.checks:
                if each.name in wanted:
                    check_results = {hour: each.evaluate(rows) for hour, rows in content.items()}
                    yield from evaluations(asset, each.name, check_results, materialized)

    return checks
