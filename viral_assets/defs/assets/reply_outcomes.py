"""What posted replies brought, asked of X. What is asked and kept is decided in ``posted``."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from viral_assets.defs.assets.decisions import decisions
from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource


# Not partitioned: what a reply brought is known for days after its hour, and the account's timeline is one.
@dg.asset(
    group_name="delivery",
    deps=[decisions],
    kinds={"table"},
    owners=["team:community"],
    code_version="1",
    description=(
        "Replies that people posted, found in the timeline of VIRAL_ASSETS_X_ACCOUNT, each marked on the suggestion "
        "that it was; and what they had brought 1, 24 and 72 hours later: views, likes, replies, reposts, and whether "
        "the author answered. Within the caps of posts that are paid for. Nothing is ever posted. The same as "
        "`viral-assets outcomes --account`."
    ),
)
@as_dagster_failure
def reply_outcomes(
    context: dg.AssetExecutionContext, database: DatabaseResource, tweet_source: TweetSourceResource
) -> dg.MaterializeResult[Any]:
    """Read what is new in the timeline, and look again where a look is due."""
    from viral_assets.sources.services.collect import raise_if_refused, raise_if_unavailable

    report = tweet_source.follow_account(database.get(), context.run.run_id)
    for each in (*report.done.conflicts, *report.done.unclear):
        context.log.warning("https://x.com/i/status/%s: %s", each.post_id, each.why)
    raise_if_refused(report.services)
    raise_if_unavailable(report.services)
    done = report.done
    context.log.info(
        "%d suggestions marked as posted, %d counts kept, %d replies looked at again, %d gone",
        *(len(done.marked), done.snapshots, report.looked_at, report.gone),
    )
    return dg.MaterializeResult(
        metadata={
            "marked as posted": len(done.marked),
            "marked by people": done.attached,
            "counts kept": done.snapshots,
            "looked at again": report.looked_at,
            "gone": report.gone,
            "answered by authors": report.answered,
            "left to look at": len(done.conflicts) + len(done.unclear),
            "requests": sum(each.requests for each in report.services),
            "cost (USD, about)": sum(each.cost_usd or 0.0 for each in report.services),
            "as of": f"{datetime.now(UTC):%F %H:%M} UTC",
        }
    )
