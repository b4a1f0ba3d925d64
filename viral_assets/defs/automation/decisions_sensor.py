"""Tells Dagster what people have decided: an observation of each hour that there is news of. It launches nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from viral_assets.defs.assets.decisions import decisions
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import hour_key
from viral_assets.queries.decided import HourDecided, hours_decided_since, read_decided


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Notes at the asset decisions how the hours stand that people have decided about since it last looked. "
        "Off until you switch it on; then it begins with the first decision there is."
    ),
)
def decisions_sensor(
    context: dg.SensorEvaluationContext, tweet_source: TweetSourceResource, database: DatabaseResource
) -> dg.SensorResult:
    """Observe the hours with new events of the audit; the cursor is the last one that was looked at.

    An hour that is observed twice only says twice how it stands, so nothing is lost where a tick is repeated.
    """
    cursor = context.cursor or ""
    after = int(cursor) if cursor.isascii() and cursor.isdigit() else 0
    configured = tweet_source.configured_hours(datetime.now(UTC))
    with database.get().read() as connection:
        hours, last = hours_decided_since(connection, after)
        found = read_decided(connection, {hour for hour in hours if configured and hour in configured})
    observed = [
        dg.AssetObservation(decisions.key, partition=hour_key(hour), metadata=_metadata(found[hour]))
        for hour in sorted(found)
    ]
    return dg.SensorResult(
        asset_events=observed,
        skip_reason=None if observed else dg.SkipReason("nobody has decided anything since"),
        cursor=str(last),
    )


def _metadata(hour: HourDecided) -> dict[str, dg.MetadataValue]:
    counts = {
        "worth a reply": hour.opportunities,
        "waiting for a decision": hour.waiting,
        "awaiting a second approval": hour.awaiting,
        "approved": hour.approved,
        "edited": hour.edited,
        "rejected": hour.rejected,
        "posted": hour.posted,
    }
    numbers: dict[str, dg.MetadataValue] = {name: dg.MetadataValue.int(number) for name, number in counts.items()}
    if hour.last_at is not None:
        numbers["last decision"] = dg.MetadataValue.timestamp(hour.last_at)
    return numbers
