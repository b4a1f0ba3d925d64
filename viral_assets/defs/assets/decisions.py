"""What people decide and post, as the last link of the chain. Nothing here runs: ``decisions_sensor`` observes it."""

import dagster as dg

from viral_assets.defs.assets.delivery import suggestion_digest
from viral_assets.defs.assets.partitions import UNBOUND_HOURS

decisions = dg.AssetSpec(
    "decisions",
    deps=[suggestion_digest],
    group_name="delivery",
    kinds={"table"},
    partitions_def=UNBOUND_HOURS,
    owners=["team:community"],
    code_version="1",
    description=(
        "What people decided about the suggestions of each hour, on the review page, by commands or in a spreadsheet: "
        "approved, edited, rejected, posted, and what still waits. People make it, so it is observed and never "
        "materialized: decisions_sensor notes how an hour stands after each decision."
    ),
)
