"""What suggestions cost: by hour, and the days of the quota on which they were paid for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange
from viral_assets.llm.billing_day import PACIFIC
from viral_assets.llm.models import EMBEDDING_MODEL
from viral_assets.queries.funnel_model import QuotaDay
from viral_assets.queries.tally import Counted, Names, Number
from viral_assets.quota.keys import BATCHES, account_of
from viral_assets.quota.limits import pacific_day
from viral_assets.store.conditions import of_hours, within
from viral_assets.store.tables import comment_suggestions, llm_requests, quota_days, tweets
from viral_assets.text.amounts import known_sum
from viral_assets.vocabulary import OFFLINE

CLOCKS_APART = timedelta(days=1)
"""By which the clock of a ledger and that of X may differ."""

QuotaKeyAndDay = tuple[str, str]
"""The key of a quota and an ISO date of its days (US Pacific)."""


def cost_of_suggestions(
    connection: sa.Connection, hours: HourRange, project: str | None = None
) -> dict[tuple[datetime, str], float | None]:
    """What a language model's answers about the tweets of these hours cost, by hour and project, in USD; None where a
    price is unknown.

    An answer counts whether its suggestions are still there, were replaced or never passed the quality filter. One
    about tweets of several hours is shared out by tweets.
    """
    costs: dict[tuple[datetime, str], float | None] = {}
    for hour, of_project, cost_usd, unknown in connection.execute(_answers(connection, hours, project)):
        costs[hour, of_project] = None if unknown else float(cost_usd)
    for hour, name, _ in connection.execute(_unpaid(within(comment_suggestions, hours, project))):
        costs[hour, name] = None
    return costs


COST, UNKNOWN_COSTS, UNPAID = "cost", "unknown costs", "unpaid"
"""Of :func:`count_costs` and :func:`count_unpaid`."""


def count_costs(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """What the answers about the tweets of each hour cost, as far as prices are known, and how many have no known one.
    The work is that of the answers since the first hour."""
    for hour, project, cost_usd, unknown in connection.execute(_answers(connection, _around(hours), None)):
        yield hour, (COST, project), float(cost_usd)
        yield hour, (UNKNOWN_COSTS, project), int(unknown)


def count_unpaid(connection: sa.Connection, hours: Sequence[datetime]) -> Counted:
    """Suggestions of a language model whose request nobody knows."""
    for hour, project, count in connection.execute(_unpaid(of_hours(comment_suggestions, hours))):
        yield hour, (UNPAID, project), count


def _around(hours: Sequence[datetime]) -> HourRange:
    return HourRange(hours[0], hours[-1] + HOUR)


def costs_of(numbers: Iterable[tuple[Names, Number]]) -> dict[str, float | None]:
    """What suggestions cost by project, in USD; None where a price is unknown. Other numbers are passed over."""
    costs: defaultdict[str, float] = defaultdict(float)
    unknown = set()
    for (word, *names), number in numbers:
        if word == COST:
            costs[names[0]] += number
        elif word in (UNKNOWN_COSTS, UNPAID):
            unknown.add(names[0])
    return {**costs, **dict.fromkeys(unknown)}


def _answers(connection: sa.Connection, hours: HourRange, project: str | None) -> sa.Select[Any]:
    """The answers' shares of each hour and project, added up, and how many of them have no known price.

    The work is that of the answers since the first hour, which an index finds.
    """
    asked = llm_requests.c
    unnest = sa.func.json_each if connection.dialect.name == "sqlite" else sa.func.json_array_elements_text
    about = unnest(asked.tweet_ids).table_valued("value", name="about")
    # From each answer to its tweets' hours: joined, SQLite would go from each tweet through all answers.
    hour = sa.select(tweets.c.window_start).where(tweets.c.tweet_id == about.c.value).scalar_subquery()
    shares = (
        sa.select(
            hour.label("window_start"),
            asked.project,
            (asked.counted_cost_usd / sa.func.json_array_length(asked.tweet_ids)).label("cost_usd"),
        )
        .select_from(llm_requests)
        .join(about, sa.true())
        .where(
            asked.status == "answered",
            asked.purpose != "embed",
            asked.provider != OFFLINE,
            # A tweet is asked about after it was posted, whatever the clocks say of the order.
            asked.granted_at >= hours.start.timestamp() - CLOCKS_APART.total_seconds(),
            *([asked.project == project] if project is not None else []),
        )
        .cte("shares")
        # Else SQLite looks the hour up again wherever it is mentioned.
        .prefix_with("MATERIALIZED")
    )
    unknown = sa.case((shares.c.cost_usd.is_(None), 1), else_=0)
    return (
        sa.select(
            shares.c.window_start,
            shares.c.project,
            sa.func.coalesce(sa.func.sum(shares.c.cost_usd), 0),
            sa.func.sum(unknown),
        )
        .where(*within(shares, hours))
        .group_by(shares.c.window_start, shares.c.project)
    )


def _unpaid(these: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """Hours and projects with suggestions of a language model whose request nobody knows, and how many."""
    written = comment_suggestions.c
    return (
        sa.select(written.window_start, written.project, sa.func.count())
        .outerjoin_from(comment_suggestions, llm_requests, llm_requests.c.id == written.request_id)
        .where(*these, written.provider != OFFLINE, llm_requests.c.id.is_(None))
        .group_by(written.window_start, written.project)
    )


def cost_by_hour(connection: sa.Connection, hours: HourRange) -> dict[datetime, float | None]:
    """What the suggestions of each hour cost, all projects together; 0 for an hour without any."""
    costs = cost_of_suggestions(connection, hours)
    return {hour: known_sum(cost for (at, _), cost in costs.items() if at == hour) for hour in hours}


def requests_of_suggestions(connection: sa.Connection, hours: HourRange) -> set[tuple[datetime, str, str]]:
    """Hour, quota key and quota day of each request that suggestions of these hours came from."""
    asked = llm_requests.c
    query = (
        sa.select(comment_suggestions.c.window_start, asked.quota_key, asked.granted_at)
        .join(llm_requests, asked.id == comment_suggestions.c.request_id)
        .where(*within(comment_suggestions, hours))
        .distinct()
    )
    return {(row.window_start, row.quota_key, pacific_day(row.granted_at).name) for row in connection.execute(query)}


def costs_of_days(connection: sa.Connection, days: Collection[QuotaKeyAndDay]) -> dict[QuotaKeyAndDay, float]:
    """What the accounts of these quotas spent on these days, in all and in USD, by account and day.

    The budget is one for all quotas of an account. Days without a request are left out.
    """
    used = quota_days.c
    query = sa.select(used.quota_key, used.day, used.cost_usd).where(used.day.in_({day for _, day in days}))
    accounts = {account_of(key) for key, _ in days}
    costs: defaultdict[QuotaKeyAndDay, float] = defaultdict(float)
    for row in connection.execute(query):
        if (account := account_of(row.quota_key)) in accounts:
            costs[account, row.day] += row.cost_usd
    return dict(costs)


def quota_by_day(connection: sa.Connection, now: datetime, days: int) -> tuple[QuotaDay, ...]:
    """What all keys used on each of the last ``days`` days (US Pacific), today included, oldest first."""
    today = now.astimezone(PACIFIC).date()
    dates = [today - timedelta(days=number) for number in reversed(range(days))]
    used = quota_days.c
    # Embeddings and batches have quotas of their own; only the budget is one.
    apart = sa.or_(*(used.quota_key.endswith(end, autoescape=True) for end in (EMBEDDING_MODEL, f"/{BATCHES}")))
    requests, tokens = (sa.case((apart, 0), else_=column) for column in (used.requests, used.tokens))
    query = (
        sa.select(
            used.day,
            sa.func.sum(requests).label("requests"),
            sa.func.sum(tokens).label("tokens"),
            sa.func.sum(used.cost_usd).label("cost_usd"),
            sa.func.max(requests).label("busiest"),
            sa.func.sum(used.spared_usd).label("spared_usd"),
        )
        # The offline provider has a ledger and no quota. Days are ISO dates, which sort as they follow each other.
        .where(used.quota_key != OFFLINE, used.day >= dates[0].isoformat(), used.day <= today.isoformat())
        .group_by(used.day)
    )
    found = {row.day: row for row in connection.execute(query)}
    return tuple(
        QuotaDay(day, int(row.requests), int(row.tokens), float(row.cost_usd), int(row.busiest), float(row.spared_usd))
        if (row := found.get(day.isoformat()))
        else QuotaDay(day, 0, 0, 0.0, 0)
        for day in dates
    )
