"""Opportunities of the last hour, a project that tells of them, and processes that do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from viral_assets.notifications import channels
from viral_assets.notifications import notifier as notifier_module
from viral_assets.notifications.notifier import Notifier
from viral_assets.notifications.report import NotificationRound
from viral_assets.projects.model import Project
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.store.engine import Database
from viral_assets_tests.delivery.examples import opportunity, store
from viral_assets_tests.waiting import PATIENCE

NOW = datetime(2026, 11, 21, 21, 5, tzinfo=UTC)
REVIEW = "https://review.example.com"


def project(name: str = "unplugged", **told: Any) -> Project:
    given = {"channels": ["team"], **told}
    return Project.model_validate(
        {
            "name": name,
            "title": f"{name.capitalize()} desk",
            "taxonomy": [{"label": "phones", "description": "Phones"}],
            "voice": {"persona": "a friend"},
            "notifications": given,
        }
    )


def view(number: int, *, minutes: float = 12, at: datetime = NOW, **changes: Any) -> OpportunityView:
    """An opportunity, so many minutes old; the later its number, the lower its score."""
    given: dict[str, Any] = {
        "tweet_id": str(1_990_000_000_000_000_000 + number),
        "created_at": at - timedelta(minutes=minutes),
        "author_handle": f"author_{number}",
        "total": 0.9 - number / 1000,
        **changes,
    }
    return opportunity(**given)


def put(database: Database, views: Sequence[OpportunityView], *, ready: datetime = NOW) -> None:
    with database.begin() as connection:
        store(connection, views, generated_at=ready)


def notifier(database: Database, addresses: Mapping[str, str], now: datetime = NOW) -> Notifier:
    # A round takes no time, however busy this machine is.
    return Notifier(database, addresses, REVIEW, clock=lambda: now, seconds=lambda: 0.0)


def tell(
    database: Database, addresses: Mapping[str, str], *projects: Project, now: datetime = NOW, **how: Any
) -> NotificationRound:
    return notifier(database, addresses, now).notify({each.name: each for each in projects or (project(),)}, **how)


def be_a_process(url: str, addresses: dict[str, str], environment: dict[str, str], told: dict[str, Any]) -> None:
    """Tell once, and wait for answers for as long as a busy machine takes."""
    os.environ.update(environment)
    channels.READ_SECONDS = notifier_module.BUDGET_SECONDS = PATIENCE
    notifier_module.open_channel = partial(channels.open_channel, seconds=PATIENCE)  # type: ignore[attr-defined]
    database = Database(url)
    tell(database, addresses, project(**told))
    database.dispose()
