"""The quotas that belong to the environment's keys: limits as the environment gives them, and the ledgers that
everybody shares who uses the same key and the same database.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from viral_assets.clock import Clock
from viral_assets.llm.models import EMBEDDING_MODEL
from viral_assets.llm.providers import resolve_provider
from viral_assets.quota import Ledger, Limits, open_ledger
from viral_assets.quota.keys import gemini_account, part_of
from viral_assets.quota.limits import unlimited
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger, x_account
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
    provider = configured_provider(settings)
    return provider, ledger_of(provider, key, limits_from(settings), database)


def configured_provider(settings: Settings) -> str:
    """The provider that the environment chooses.

    Raises:
        ConfigurationError: provider or key cannot be used.
    """
    key = settings.gemini_api_key.get_secret_value() if settings.gemini_api_key else None
    return resolve_provider(settings.provider, api_key=key)


def ledger_of(
    provider: str, api_key: str | None, limits: Limits, database: Database | None, *, clock: Clock | None = None
) -> Ledger:
    """The ledger of a key's models that write; of this process alone without a database."""
    if provider == OFFLINE:
        return open_ledger(database, unlimited(), OFFLINE, clock=clock)
    return open_ledger(database, limits, gemini_account(api_key), clock=clock)


def embedding_ledger(
    settings: Settings, api_key: str, database: Database | None, *, clock: Clock | None = None
) -> Ledger:
    """The ledger of a key's model that embeds: requests and tokens of its own, one budget with those that write.

    Raises:
        QuotaError: limits under which nothing could ever be asked.
    """
    quota_key = part_of(gemini_account(api_key), EMBEDDING_MODEL)
    return open_ledger(database, embedding_limits_from(settings), quota_key, clock=clock)


def post_ledger(settings: Settings, database: Database) -> PostLedger | None:
    """The ledger of the posts that the environment's token reads, outside of any run; None without a token."""
    if settings.x_bearer_token is None:
        return None
    account = x_account(settings.x_bearer_token.get_secret_value())
    return PostLedger(database, PostBudget(account, "", post_caps_from(settings)), clock=lambda: datetime.now(UTC))


def post_caps_from(settings: Settings) -> PostCaps:
    """How many posts the environment allows to be read."""
    return PostCaps(per_run=settings.x_posts_per_run, per_day=settings.x_posts_per_day)


def limits_from(settings: Settings) -> Limits:
    """The environment's quota of the models that write."""
    return Limits(
        max_requests=cast(int, _whole(settings.rpm)),
        max_tokens=_whole(settings.tpm),
        requests_per_day=_whole(settings.rpd),
        daily_budget_usd=settings.daily_budget_usd,
        window_seconds=settings.quota_window_seconds,
        counts_output=settings.tpm_counts == "total",
    )


def embedding_limits_from(settings: Settings) -> Limits:
    """The environment's quota of the model that embeds; what it does not say is as for those that write."""
    own: dict[str, Any] = {
        "max_requests": _whole(settings.embedding_rpm),
        "max_tokens": _whole(settings.embedding_tpm),
        "requests_per_day": _whole(settings.embedding_rpd),
    }
    return replace(limits_from(settings), **{name: value for name, value in own.items() if value is not None})


def _whole(number: float | None) -> int | None:
    """An int where it is one; Limits complains about anything else."""
    return int(number) if number is not None and float(number).is_integer() else cast("int | None", number)
