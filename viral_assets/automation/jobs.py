"""What is run together. When it runs is in ``schedules`` and ``sensors``."""

from __future__ import annotations

import dagster as dg

HOURLY_PIPELINE = "hourly_pipeline"

hourly_pipeline = dg.define_asset_job(
    HOURLY_PIPELINE,
    selection=dg.AssetSelection.assets("suggestion_digest").upstream(),
    description=(
        "Everything for one hour, or for a range of hours: read new tweets, score them, choose the ones worth a "
        "reply, have suggestions written, check the counts, write the digest. Running it again for the same hour "
        "costs nothing: only what is new is embedded, and only tweets without suggestions are asked about."
    ),
)
