"""What Dagster alone takes for the events of some hours: as many assets, checks and values as a run here has, and no
work. Usage: ``_bare_dagster.py HOME FIRST_HOUR HOURS``; runs are of a day at most.
"""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

warnings.simplefilter("ignore")

HOUR = timedelta(hours=1)
KEY = "%Y-%m-%d-%H:%M"
VALUES = {
    "tweets": 5,
    "tweet_embeddings": 3,
    "tweet_scores": 7,
    "comment_opportunities": 9,
    "comment_suggestions": 13,
    "suggestion_digest": 5,
}
"""Assets by the hour, each of the one before, with how many values an hour reports."""
CHECKS = {
    "tweets": 1,
    "tweet_embeddings": 1,
    "tweet_scores": 1,
    "comment_opportunities": 2,
    "comment_suggestions": 9,
}


def main() -> None:
    home, first, count = Path(sys.argv[1]), datetime.strptime(sys.argv[2], KEY).replace(tzinfo=UTC), int(sys.argv[3])
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    hours = dg.HourlyPartitionsDefinition(start_date=first)
    policy = dg.BackfillPolicy.multi_run(24)
    assets: list[Any] = [_topics()]
    names = list(VALUES)
    for before, name in zip([None, *names], names, strict=False):
        assets.append(_asset(name, before, hours, policy))
    checks = [_checks(name, hours) for name in CHECKS]
    job = dg.define_asset_job("hourly", selection=dg.AssetSelection.all(), executor_def=dg.in_process_executor)
    definitions = dg.Definitions(assets=assets, asset_checks=checks, jobs=[job])
    with dg.DagsterInstance.get() as instance:
        for start in range(0, count, 24):
            end = min(start + 24, count) - 1
            tags = {
                "dagster/asset_partition_range_start": f"{first + start * HOUR:{KEY}}",
                "dagster/asset_partition_range_end": f"{first + end * HOUR:{KEY}}",
            }
            console = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
            done = definitions.resolve_job_def("hourly").execute_in_process(
                instance=instance, tags=tags, run_config=console
            )
            if not done.success:
                raise SystemExit("the run failed")


def _topics() -> dg.AssetsDefinition:
    @dg.asset(name="topic_embeddings")
    def topics(context: dg.AssetExecutionContext) -> None:
        context.add_output_metadata({f"value {number}": number for number in range(4)})

    return topics


def _asset(
    name: str, before: str | None, hours: dg.PartitionsDefinition[Any], policy: dg.BackfillPolicy
) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=[before] if before else [], partitions_def=hours, backfill_policy=policy)
    def computed(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            values = {f"value {number}": number for number in range(VALUES[name])}
            context.add_asset_metadata(values, asset_key=name, partition_key=key)

    return computed


def _checks(name: str, hours: dg.PartitionsDefinition[Any]) -> dg.AssetChecksDefinition:
    asset = dg.AssetKey(name)
    specs = [dg.AssetCheckSpec(f"check_{number}", asset=asset, partitions_def=hours) for number in range(CHECKS[name])]

    @dg.multi_asset_check(name=f"check_{name}", specs=specs)
    def checked(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        keys = context.op_execution_context.partition_keys
        for spec in specs:
            for key in keys if len(keys) > 1 else ():
                yield dg.AssetCheckEvaluation(
                    asset_key=asset,
                    check_name=spec.name,
                    passed=True,
                    metadata={"violations": dg.MetadataValue.int(0), "rows": dg.MetadataValue.int(1)},
                    partition=key,
                    blocking=False,
                )
            yield dg.AssetCheckResult(asset_key=asset, check_name=spec.name, passed=True, metadata={"violations": 0})

    check: Callable[..., Any] = checked
    return check  # type: ignore[return-value]


if __name__ == "__main__":
    main()
