"""What a digest shows of its hours: every opportunity, and what stands behind the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.queries.context import with_context
from viral_assets.queries.opportunities import find_opportunities
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.spending import cost_of_suggestions
from viral_assets.store.conditions import came_for, within
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.tables import selection_counts, tweets
from viral_assets.text.amounts import known_sum
from viral_assets.vocabulary import DROP_REASONS, LABELS


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """What stands behind a list of opportunities.

    ``tweets`` were posted in the window and count for the project. ``cost_usd`` is what the suggestions of a language
    model in the window cost (a request that packs tweets of other hours is shared out by tweets); None: unknown.
    ``left_out`` has in words why the others of them were not chosen and how many each, all projects together; nothing
    where that was not counted yet.
    """

    tweets: int
    cost_usd: float | None
    left_out: Mapping[str, int] = field(default_factory=dict)


def digest_rows(
    connection: sa.Connection, window: HourRange, project: str | None = None, *, second: SecondApproval = NOWHERE
) -> list[OpportunityView]:
    """Every opportunity of the window, project by project, green before yellow before red, best total first.

    Ranks count from 1 within each project, over all hours of the window.

    Args:
        second: where the approval of two people is asked for.
    """
    found = find_opportunities(connection, lambda table: within(table, window, project), second=second)
    rows = sorted(found.rows.values(), key=lambda row: (row.project, LABELS.index(row.label), -row.total, row.tweet_id))
    views: list[OpportunityView] = []
    for row in rows:
        rank = views[-1].rank + 1 if views and views[-1].project == row.project else 1
        views.append(found.view((row.project, row.tweet_id), rank, 100 * row.total))
    return with_context(connection, views)


def window_facts(connection: sa.Connection, window: HourRange, project: str | None = None) -> WindowFacts:
    """Count the window's tweets and add up what its suggestions cost."""
    counted = sa.select(sa.func.count()).select_from(tweets).where(*within(tweets, window))
    if project is not None:
        counted = counted.where(came_for(project))
    costs = cost_of_suggestions(connection, window, project)
    return WindowFacts(
        connection.execute(counted).scalar_one(), known_sum(costs.values()), _left_out(connection, window, project)
    )


def _left_out(connection: sa.Connection, window: HourRange, project: str | None) -> dict[str, int]:
    table = selection_counts.c
    query = (
        sa.select(table.reason, sa.func.sum(table.tweets))
        .where(*within(selection_counts, window, project))
        .group_by(table.reason)
    )
    found = {reason: int(count) for reason, count in connection.execute(query)}
    return {words: found[reason] for reason, words in DROP_REASONS.items() if reason in found}
