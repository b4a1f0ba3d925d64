"""What a check found, as Dagster records it: an evaluation for each hour, also in a run over several, about the
materialization that was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from viral_assets.defs.assets.display import markdown_table
from viral_assets.defs.checks.results import HourCheckResult, Violation
from viral_assets.defs.dagster_internals import AssetCheckEvaluationTargetMaterializationData
from viral_assets.hours import HourRange, hour_key

VIOLATIONS_SHOWN = 50
NAMED_IN_A_LINE = 5


@dataclass(frozen=True, slots=True)
class Materialized:
    """The latest materialization of an hour: what an evaluation is about, and the numbers it reported."""

    target: AssetCheckEvaluationTargetMaterializationData
    numbers: Mapping[str, float]

    @property
    def at(self) -> float:
        """Epoch seconds."""
        return float(self.target.timestamp)


def latest_materializations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, window: HourRange
) -> dict[datetime, Materialized]:
    """What was checked, by hour. Dagster shows no status for an hour that was materialized after its check, which it
    takes to be the case where an evaluation does not say what it is about.
    """
    hours = {hour_key(hour): hour for hour in window}
    latest = instance.get_latest_storage_id_by_partition(asset, dg.DagsterEventType.ASSET_MATERIALIZATION, set(hours))
    if not latest:
        return {}
    of_these = dg.AssetRecordsFilter(asset_key=asset, storage_ids=list(latest.values()))
    found = {}
    for record in instance.fetch_materializations(of_these, limit=len(latest)).records:
        reported = record.asset_materialization
        values = {name: value.value for name, value in reported.metadata.items()} if reported else {}
        found[hours[record.partition_key or ""]] = Materialized(
            AssetCheckEvaluationTargetMaterializationData(
                storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
            ),
            {name: value for name, value in values.items() if isinstance(value, int | float)},
        )
    return found


def evaluations(
    asset: dg.AssetKey,
    name: str,
    check_results: Mapping[datetime, HourCheckResult],
    materialized: Mapping[datetime, Materialized],
) -> Iterator[dg.AssetCheckEvaluation | dg.AssetCheckResult]:
    """One for the only hour, else one for each hour and one that sums them up.

    A result has no partition of its own: it gets that of the run, and none in a run over several hours, whose hours
    would then stay without any status.
    """
    if len(check_results) == 1:
        (check_result,) = check_results.values()
        yield _result(asset, name, check_result, _metadata(check_result))
        return
    for hour, check_result in check_results.items():
        yield dg.AssetCheckEvaluation(
            asset_key=asset,
            check_name=name,
            passed=check_result.passed,
            severity=dg.AssetCheckSeverity[check_result.severity],
            metadata=_metadata(check_result),
            target_materialization_data=materialized[hour].target if hour in materialized else None,
            description=_describe(check_result.violations),
            partition=hour_key(hour),
            blocking=False,
        )
    failed = {hour_key(hour): check_result for hour, check_result in check_results.items() if not check_result.passed}
    everything = HourCheckResult(
        [violation for check_result in failed.values() for violation in check_result.violations],
        severity="ERROR" if not failed or any(each.severity == "ERROR" for each in failed.values()) else "WARN",
    )
    yield _result(asset, name, everything, {**_metadata(everything), "failed hours": ", ".join(failed) or "none"})


def _result(
    asset: dg.AssetKey, name: str, check_result: HourCheckResult, metadata: Mapping[str, Any]
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=check_result.passed,
        severity=dg.AssetCheckSeverity[check_result.severity],
        metadata=metadata,
        description=_describe(check_result.violations),
    )


def _metadata(check_result: HourCheckResult) -> dict[str, Any]:
    metadata: dict[str, Any] = {"offences": len(check_result.violations), **check_result.numbers}
    if check_result.violations:
        metadata["what is wrong"] = markdown_table(
            ("project", "tweet", "problem"),
            (
                (violation.project, violation.tweet_id, violation.problem)
                for violation in check_result.violations[:VIOLATIONS_SHOWN]
            ),
            in_dialog=True,
        )
    return metadata


def _describe(violations: Sequence[Violation]) -> str | None:
    if not violations:
        return None
    names = ["/".join(filter(None, (violation.project, violation.tweet_id))) for violation in violations]
    named = list(dict.fromkeys(filter(None, names)))
    if not named:
        return "; ".join(dict.fromkeys(violation.problem for violation in violations))
    more = f" and {len(named) - NAMED_IN_A_LINE:,} more" if len(named) > NAMED_IN_A_LINE else ""
    return f"{', '.join(named[:NAMED_IN_A_LINE])}{more}: {violations[0].problem}"
