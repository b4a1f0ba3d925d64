"""Asset checks: what must hold of an hour's results, looked up in the tables after the fact, so that a row somebody
deleted by hand is found too.

What is wrong is found by pure functions on the rows of one hour. In a run over several hours each hour gets an
evaluation of its own.
"""

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from viral_assets.assets.display import markdown_table
from viral_assets.assets.generation import comment_suggestions
from viral_assets.assets.partitions import window_of
from viral_assets.hours import HourRange, hour_key
from viral_assets.projects.model import Project
from viral_assets.resources.database import DatabaseResource
from viral_assets.resources.projects import ProjectsResource
from viral_assets.resources.run_options import RunOptions
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_opportunities

if TYPE_CHECKING:
    import pandas as pd

LONGEST_REPLY = 280
"""X's limit in weighted characters, for what a person wrote."""

OFFENDERS_SHOWN = 50


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hour:
    """The rows of one hour that belong to the projects looked at: tables of the same names, all columns."""

    opportunities: Sequence[Row]
    suggestions: Sequence[Row]
    outcomes: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Offence:
    """One tweet for which something does not hold."""

    project: str
    tweet_id: str
    problem: str


Find = Callable[[Hour, Mapping[str, Project]], list[Offence]]


def opportunities_without_end(hour: Hour, projects: Mapping[str, Project]) -> list[Offence]:
    """Opportunities without a recorded outcome, or ``done`` without one suggestion for each type."""
    outcomes = {_key(row): row["outcome"] for row in hour.outcomes}
    written: dict[tuple[str, str], set[str]] = {}
    for row in hour.suggestions:
        written.setdefault(_key(row), set()).add(row["suggestion_type"])
    offences = []
    for row in hour.opportunities:
        key = _key(row)
        outcome = outcomes.get(key)
        wanted = [kind.name for kind in projects[row["project"]].suggestion_types]
        missing = [name for name in wanted if name not in written.get(key, ())]
        if outcome is None:
            offences.append(Offence(*key, "no outcome is recorded: materialize the hour again"))
        elif outcome == "done" and missing:
            problem = f"{', '.join(missing)} is missing: materialize the hour again with the option force"
            offences.append(Offence(*key, problem))
    return offences


def suggestions_without_opportunity(hour: Hour, _projects: Mapping[str, Project]) -> list[Offence]:
    """Suggestions for tweets that are no opportunities."""
    chosen = {_key(row) for row in hour.opportunities}
    problem = "has suggestions and is no opportunity: materialize comment_opportunities of the hour again"
    return [Offence(*key, problem) for key in dict.fromkeys(_key(row) for row in hour.suggestions) if key not in chosen]


def suggestions_said_twice(hour: Hour, _projects: Mapping[str, Project]) -> list[Offence]:
    """Suggestions of a project with the same text, but for case and white space. Refused ones do not count."""
    first: dict[tuple[str, str], str] = {}
    offences = []
    for row in hour.suggestions:
        if row["status"] == "rejected":
            continue
        said = (row["project"], " ".join(row["text"].split()).casefold())
        if said in first:
            problem = f"{row['suggestion_type']} says the same as one for {first[said]}: reject one"
            offences.append(Offence(*_key(row), problem))
        first.setdefault(said, row["tweet_id"])
    return offences


def suggestions_out_of_bounds(hour: Hour, projects: Mapping[str, Project]) -> list[Offence]:
    """Suggestions shorter or longer than the project allows; longer than X allows, where a person wrote them."""
    offences = []
    for row in hour.suggestions:
        generation = projects[row["project"]].generation
        by_a_person = row["status"] in ("edited", "posted")
        least, most = (1, LONGEST_REPLY) if by_a_person else (generation.min_length, generation.max_length)
        length = row["weighted_length"]
        if not least <= length <= most:
            problem = f"{row['suggestion_type']} has a length of {length}, not {least} to {most}: edit it"
            offences.append(Offence(*_key(row), problem))
    return offences


CHECKS: Mapping[str, Find] = {
    "every_opportunity_ends": opportunities_without_end,
    "no_suggestion_without_opportunity": suggestions_without_opportunity,
    "no_suggestion_twice": suggestions_said_twice,
    "lengths_in_bounds": suggestions_out_of_bounds,
}

DESCRIPTIONS: Mapping[str, str] = {
    "every_opportunity_ends": (
        "Every opportunity has one suggestion for each type of its project, or an outcome that says why not."
    ),
    "no_suggestion_without_opportunity": "Nothing was suggested for a tweet that was not chosen.",
    "no_suggestion_twice": "No two suggestions of a project say the same in this hour.",
    "lengths_in_bounds": "Every suggestion is as long as the project and X allow, in X's weighted characters.",
}


def suggestion_checks(hours: dg.PartitionsDefinition) -> dg.AssetChecksDefinition:
    """The checks of ``comment_suggestions``, evaluated together in one step.

    Args:
        hours: the partitions of the asset.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        specs = [
            dg.AssetCheckSpec(name, asset=comment_suggestions.key, description=DESCRIPTIONS[name], partitions_def=hours)
            for name in CHECKS
        ]

        @dg.multi_asset_check(name="suggestion_checks", specs=specs, can_subset=True)
        def checks(
            context: dg.AssetCheckExecutionContext,
            database: DatabaseResource,
            projects: ProjectsResource,
            run_options: RunOptions,
        ) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
            window = window_of(context.op_execution_context)
            selected = projects.select(run_options.projects)
            content = read_hours(database.get(), window, selected)
            targets = _latest_materializations(context.instance, window)
            wanted = {key.name for key in context.op_execution_context.selected_asset_check_keys}
            for name, find in CHECKS.items():
                if name not in wanted:
                    continue
                offences = {hour: find(rows, selected) for hour, rows in content.items()}
                yield from _evaluations(name, window, offences, targets)

    return checks


def read_hours(database: Database, window: HourRange, projects: Collection[str]) -> dict[datetime, Hour]:
    """What the tables hold of these projects, hour by hour."""
    from viral_assets.assets.previews import by_hour
    from viral_assets.store.suggestions import read_outcomes, read_suggestions
    from viral_assets.store.windows import read_window

    with database.read() as connection:
        frames = (
            read_window(connection, comment_opportunities, window),
            read_suggestions(connection, window),
            read_outcomes(connection, window),
        )
    opportunities, suggestions, outcomes = (
        by_hour(frame[frame["project"].isin(list(projects))], window) for frame in frames
    )
    return {hour: Hour(_rows(opportunities[hour]), _rows(suggestions[hour]), _rows(outcomes[hour])) for hour in window}


def _rows(frame: "pd.DataFrame") -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _key(row: Row) -> tuple[str, str]:
    return row["project"], row["tweet_id"]


def _latest_materializations(
    instance: dg.DagsterInstance, window: HourRange
) -> dict[str, AssetCheckEvaluationTargetMaterializationData]:
    """What was checked, by partition. Dagster shows no status for an hour that was materialized after its check, which
    it takes to be the case where an evaluation does not say what it is about.
    """
    asset_key = comment_suggestions.key
    latest = instance.get_latest_storage_id_by_partition(
        asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, {hour_key(hour) for hour in window}
    )
    if not latest:
        return {}
    chosen = dg.AssetRecordsFilter(asset_key=asset_key, storage_ids=list(latest.values()))
    records = instance.fetch_materializations(chosen, limit=len(latest)).records
    return {
        record.partition_key or "": AssetCheckEvaluationTargetMaterializationData(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )
        for record in records
    }


def _evaluations(
    name: str,
    window: HourRange,
    offences: Mapping[datetime, Sequence[Offence]],
    targets: Mapping[str, AssetCheckEvaluationTargetMaterializationData],
) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
    """One for the only hour, else one for each hour and one that sums them up.

    A result has no partition of its own: it gets that of the run, and none in a run over several hours, whose hours
    would then stay without any status.
    """
    asset_key = comment_suggestions.key
    if len(window) > 1:
        for hour, found in offences.items():
            yield dg.AssetCheckEvaluation(
                asset_key=asset_key,
                check_name=name,
                passed=not found,
                metadata=_metadata(found),
                target_materialization_data=targets.get(hour_key(hour)),
                description=_in_words(found),
                partition=hour_key(hour),
                blocking=False,
            )
    everything = [offence for found in offences.values() for offence in found]
    metadata = _metadata(everything)
    if len(window) > 1:
        metadata["failed hours"] = ", ".join(hour_key(hour) for hour, found in offences.items() if found) or "none"
    yield dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=name,
        passed=not everything,
        metadata=metadata,
        description=_in_words(everything),
    )


def _metadata(offences: Sequence[Offence]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"offences": len(offences)}
    if offences:
        metadata["what is wrong"] = markdown_table(
            ("project", "tweet", "problem"),
            ((offence.project, offence.tweet_id, offence.problem) for offence in offences[:OFFENDERS_SHOWN]),
            in_dialog=True,
        )
    return metadata


def _in_words(offences: Sequence[Offence]) -> str | None:
    if not offences:
        return None
    ids = [f"{offence.project}/{offence.tweet_id}" for offence in offences]
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return f"{', '.join(ids[:5])}{more}: {offences[0].problem}"
