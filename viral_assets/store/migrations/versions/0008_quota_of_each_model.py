"""Gemini counts requests and tokens by model: what was counted for a key as a whole is counted for each of its models.

Days of which the requests are kept are divided by them. Of older ones only the spending matters, which stays with the
account.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PACIFIC = ZoneInfo("America/Los_Angeles")

_requests = sa.table(
    "llm_requests",
    *(sa.column(name) for name in ("quota_key", "model", "granted_at", "counted_tokens", "counted_cost_usd")),
)
_days = sa.table("quota_days", *(sa.column(name) for name in ("quota_key", "day", "requests", "tokens", "cost_usd")))


def upgrade() -> None:
    connection = op.get_bind()
    key = sa.cast(_requests.c.quota_key, sa.String)
    of_a_key = key.like("gemini:%") & key.not_like("%/%")
    days: defaultdict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for row in connection.execute(sa.select(_requests).where(of_a_key)):
        day = datetime.fromtimestamp(row.granted_at, _PACIFIC).date().isoformat()
        sums = days[row.quota_key, day, row.model.removeprefix("models/")]
        for index, value in enumerate((1, row.counted_tokens, row.counted_cost_usd or 0.0)):
            sums[index] += value
    for account, day in {(account, day) for account, day, _ in days}:
        connection.execute(sa.delete(_days).where(_days.c.quota_key == account, _days.c.day == day))
    for (account, day, model), amounts in days.items():
        _insert_day(f"{account}/{model}", day, *amounts)
    name = sa.func.replace(_requests.c.model, "models/", "")
    connection.execute(sa.update(_requests).where(of_a_key).values(quota_key=key + "/" + name))


def downgrade() -> None:
    connection = op.get_bind()
    key = sa.cast(_requests.c.quota_key, sa.String)
    slash = sa.func.strpos if connection.dialect.name == "postgresql" else sa.func.instr
    connection.execute(
        sa.update(_requests)
        .where(key.like("gemini:%/%"), key.not_like("%/gemini-embedding%"))
        .values(quota_key=sa.func.substr(key, 1, slash(key, "/") - 1))
    )
    key = sa.cast(_days.c.quota_key, sa.String)
    counted = key.like("gemini:%") & key.not_like("%/gemini-embedding%")
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for row in connection.execute(sa.select(_days).where(counted)):
        for index, value in enumerate((row.requests, row.tokens, row.cost_usd)):
            sums[row.quota_key.split("/")[0], row.day][index] += value
    connection.execute(sa.delete(_days).where(counted))
    for (account, day), amounts in sums.items():
        _insert_day(account, day, *amounts)


def _insert_day(quota_key: str, day: str, requests: float, tokens: float, cost_usd: float) -> None:
    op.get_bind().execute(
        sa.insert(_days).values(
            quota_key=quota_key, day=day, requests=int(requests), tokens=int(tokens), cost_usd=cost_usd
        )
    )
