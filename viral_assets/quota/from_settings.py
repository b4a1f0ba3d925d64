"""The quota that belongs to a key: its limits as the environment tells them, and the ledger that everybody shares who
uses the key and the database.
"""

from __future__ import annotations

from typing import cast

from viral_assets.clock import Clock
from viral_assets.llm.providers import resolve_provider
from viral_assets.llm.types import fingerprint
from viral_assets.quota import Ledger, Limits, open_ledger
from viral_assets.quota.limits import unlimited
from viral_assets.settings import Settings
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE


def configured_ledger(settings: Settings, database: Database) -> tuple[str, Ledger]:
    """The provider that the environment chooses, and its ledger.

    Raises:
        ConfigurationError: provider or key cannot be used.
        QuotaError: limits under which nothing could ever be asked.
    """
    key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else None
    provider = resolve_provider(settings.provider, api_key=key)
    return provider, ledger_of(provider, key, limits_from(settings), database)


def ledger_of(
    provider: str, api_key: str | None, limits: Limits, database: Database | None, *, clock: Clock | None = None
) -> Ledger:
    """The ledger of a key; of this process alone without a database.

    All models of a key share one quota here: the service counts each model apart, so this is never too much.
    """
    if provider == OFFLINE:
        return open_ledger(database, unlimited(), OFFLINE, clock=clock)
    return open_ledger(database, limits, f"gemini:{fingerprint((api_key or '').strip())}", clock=clock)


def limits_from(settings: Settings) -> Limits:
    """The environment's quota."""
    return Limits(
        max_requests=cast(int, _whole(settings.rpm)),
        max_tokens=_whole(settings.tpm),
        requests_per_day=_whole(settings.rpd),
        daily_budget_usd=settings.daily_budget_usd,
        window_seconds=settings.quota_window_seconds,
        counts_output=settings.tpm_counts == "total",
    )


def _whole(number: float | None) -> int | None:
    """An int where it is one; Limits complains about anything else."""
    return int(number) if number is not None and float(number).is_integer() else cast("int | None", number)
