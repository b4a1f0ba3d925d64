"""From decisions to numbers. What is counted is in ``queries.funnel``, what is drawn in ``queries.charts``."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.defs.assets.generation import comment_suggestions
from viral_assets.defs.resources.database import DatabaseResource

if TYPE_CHECKING:
    from viral_assets.queries.funnel_model import NumbersReport
    from viral_assets.queries.packing_model import PackRate


class NumbersConfig(dg.Config):
    """How far back the numbers look."""

    days: int = Field(default=30, ge=1, le=366, description="Days (UTC), today included.")


# Not partitioned: people decide about an hour's suggestions for days, so that the numbers of an hour or a day would be
# wrong from the moment they are written. What Dagster plots is how the numbers of the last days change over time.
@dg.asset(
    group_name="delivery",
    deps=[comment_suggestions],
    kinds={"sql"},
    owners=["team:community"],
    code_version="2",
    description=(
        "What came of the suggestions of the last days: how many tweets were scored, chosen, answered, approved and "
        "posted, how often people say yes (also by how many tweets shared a request), and what a posted reply costs. "
        "A look at all projects at the time it is materialized; its plots show how the numbers move."
    ),
)
@as_dagster_failure
def review_numbers(
    context: dg.AssetExecutionContext, config: NumbersConfig, database: DatabaseResource
) -> dg.MaterializeResult[Any]:
    """Count the last days."""
    from viral_assets.queries.funnel import funnel_report, report_hours
    from viral_assets.queries.kept_numbers import keep_numbers

    now = datetime.now(UTC)
    keep_numbers(database.get(), report_hours(config.days, now))
    with database.get().read() as connection:
        numbers = funnel_report(connection, project=None, days=config.days, now=now)
    total = numbers.total
    context.log.info(
        "%d tweets worth a reply in %d days, %d decided about, %d approved, %d posted",
        *(total.opportunities, config.days, total.decided, total.approved, total.posted),
    )
    return dg.MaterializeResult(metadata=_metadata(numbers))


def _metadata(numbers: "NumbersReport") -> dict[str, Any]:
    from viral_assets.defs.assets.display import markdown_table
    from viral_assets.queries import charts
    from viral_assets.queries.svg import markdown_image

    total, approval = numbers.total, numbers.total.approval
    plotted: dict[str, float | None] = {
        "tweets": total.tweets,
        "scored": total.scored,
        "opportunities": total.opportunities,
        "suggestions": total.suggestions,
        "tweets decided about": total.decided,
        "tweets approved": total.approved,
        "tweets posted": total.posted,
        # A share of nothing is left out, rather than drawn as 0.
        "approval (%)": None if approval.share is None else round(100 * approval.share, 1),
        "cost (USD)": numbers.cost_usd,
        "cost per posted reply (USD)": numbers.cost_per_posted_usd,
        "requests": sum(each.requests for each in numbers.quota),
    }
    pictures = {
        "day by day": charts.funnel_over_days(numbers),
        "approval by score": charts.rate_bars(numbers.by_band, title="Approval by score"),
        "approval by topic": charts.rate_bars(numbers.by_topic, title="Approval by topic"),
        "approval by type": charts.rate_bars(numbers.by_kind, title="Approval by suggestion type"),
        "requests by day": charts.quota_days(numbers),
    }
    by_request = markdown_table(
        ("model", "requests about", "approved", "rejected", "decided", "requests"),
        (
            (each.model, name, *_rates(rate), f"{rate.decided:,}", f"{rate.judged.requests:,}")
            for each in numbers.packs.models
            for name, rate in (
                *((f"{rate.name} tweets", rate) for rate in each.size_rates),
                *((f"3 tweets or more: {rate.name}", rate) for rate in each.third_rates),
            )
        ),
    )
    by_project = markdown_table(
        ("project", "tweets", "worth a reply", "approved", "decided", "posted"),
        (
            (
                name,
                *(
                    f"{getattr(funnel, stage):,}"
                    for stage in ("tweets", "opportunities", "approved", "decided", "posted")
                ),
            )
            for name, funnel in numbers.by_project.items()
        ),
    )
    return {
        "days": f"{numbers.first:%F} to {numbers.last:%F} (UTC)",
        **{name: value for name, value in plotted.items() if value is not None},
        **{name: dg.MetadataValue.md(markdown_image(name, svg)) for name, svg in pictures.items()},
        "by project": by_project,
        "by tweets in a request": by_request,
    }


def _rates(rate: "PackRate") -> tuple[str, str]:
    """The shares approved and rejected, each with its 95 % interval."""
    if rate.share is None:
        return f"not enough decisions yet: it takes {rate.missing}", ""
    shares = ((rate.share, rate.low, rate.high), (1 - rate.share, 1 - rate.high, 1 - rate.low))
    approved, rejected = (f"{share:.0%} ({low:.0%} to {high:.0%})" for share, low, high in shares)
    return approved, rejected
