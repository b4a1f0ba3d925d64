"""What the checks of each asset look at: from the resources of a run to values of an hour. The queries are
in ``reading``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from viral_assets.defs.assets.display import ROW_COUNT
from viral_assets.defs.checks.counts import ReportedCounts
from viral_assets.defs.checks.evaluations import Materialized
from viral_assets.defs.checks.spending import Spending
from viral_assets.defs.checks.suggestions import SuggestionHour
from viral_assets.hours import HourRange
from viral_assets.llm.billing_day import billing_day
from viral_assets.settings import load_settings
from viral_assets.vocabulary import DONE, OUTCOMES

Hour = Any
"""What the checks of an asset look at for one hour: a value of the module that has their rules."""

Read = Callable[[Any, HourRange, Mapping[datetime, Materialized]], Mapping[datetime, Hour]]
"""From resources, hours and their latest materializations to what the checks look at."""


def pruned_until(resources: Any, kind: str) -> datetime:
    """The hour before which rows of a kind were let go of on purpose; long ago where that never happened."""
    from viral_assets.store.pruned import pruned_before

    with resources.database.get().read() as connection:
        return pruned_before(connection).get(kind, datetime.min.replace(tzinfo=UTC))


def rows_of_tweets(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_tweet_hours

    return read_tweet_hours(resources.database.get(), window)


def rows_of_vectors(
    resources: Any, window: HourRange, materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_vector_hours

    database = resources.database.get()
    counts = {hour: each.numbers.get(ROW_COUNT) for hour, each in materialized.items()}
    reported = {hour: None if count is None else int(count) for hour, count in counts.items()}
    selected = resources.projects.select(resources.run_options.projects)
    embedders = list(dict.fromkeys(resources.embedder.of(database, selected).values()))
    # Those that know but some languages make zeros of what they cannot read, and cost nothing to ask again.
    offline = [embedder for embedder in embedders if embedder.languages is not None]
    return read_vector_hours(
        database,
        window,
        [embedder.model for embedder in embedders],
        reported,
        is_read=lambda text: all(embedder.reads(text) for embedder in offline),
    )


def rows_of_scores(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_score_hours

    return read_score_hours(resources.database.get(), window)


def rows_of_opportunities(
    resources: Any, window: HourRange, _materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, Hour]:
    from viral_assets.defs.checks.reading import read_opportunity_hours

    projects = resources.projects.select(resources.run_options.projects)
    return read_opportunity_hours(resources.database.get(), window, projects)


def rows_of_suggestions(
    resources: Any, window: HourRange, materialized: Mapping[datetime, Materialized]
) -> Mapping[datetime, SuggestionHour]:
    from viral_assets.defs.checks.reading import read_spent_days, read_suggestion_hours

    database = resources.database.get()
    projects = resources.projects.select(resources.run_options.projects)
    reported = {hour: (counts, each.at) for hour, each in materialized.items() if (counts := _counts(each.numbers))}
    today = billing_day()
    hours = {
        hour: replace(rows, today=today)
        for hour, rows in read_suggestion_hours(database, window, projects, reported).items()
    }
    budget = load_settings().daily_budget_usd
    if budget is None:
        return hours
    days = read_spent_days(database, window)
    return {hour: replace(rows, spending=Spending(budget, days[hour])) for hour, rows in hours.items()}


def _counts(numbers: Mapping[str, float]) -> ReportedCounts | None:
    """What ``comment_suggestions`` reports of an hour; None for what somebody reported in the UI, without numbers."""
    if ROW_COUNT not in numbers or DONE not in numbers:
        return None
    # An hour of an earlier version knows fewer outcomes.
    return ReportedCounts(int(numbers[ROW_COUNT]), int(sum(numbers.get(name, 0) for name in OUTCOMES)))
