"""The checks as Dagster has them: those of one asset in one step, evaluated for each hour of a run."""

import warnings
from collections.abc import Iterator

import dagster as dg

from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.defs.assets.partitions import window_of
from viral_assets.defs.checks.catalogue import CHECK_GROUPS, CheckGroup
from viral_assets.defs.checks.evaluations import evaluations, latest_materializations
from viral_assets.defs.checks.results import PRUNED
from viral_assets.defs.checks.rows import pruned_until


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
            pruned = pruned_until(op.resources, group.pruned_with)
            wanted = {key.name for key in op.selected_asset_check_keys}
            for each in group.checks:
                if each.name in wanted:
                    check_results = {
                        hour: PRUNED if hour < pruned else each.evaluate(rows) for hour, rows in content.items()
                    }
                    yield from evaluations(asset, each.name, check_results, materialized)

    return checks
