"""The quotas that belong to the environment's keys: limits as the environment gives them, and the ledgers that
everybody shares who uses the same key and the same database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from viral_assets.clock import Clock
from viral_assets.llm.models import DEFAULT_MODEL, EMBEDDING_MODEL, bare_name
from viral_assets.quota import AccountSpending, Ledger, Limits, open_ledger
from viral_assets.quota.keys import batches_of, gemini_account, openai_account, part_of
from viral_assets.quota.limits import unlimited
from viral_assets.quota.posts import PostBudget, PostCaps, PostLedger, PostPrices, x_account
from viral_assets.settings import Settings
from viral_assets.store.engine import Database
from viral_assets.vocabulary import OFFLINE, OPENAI


def configured_ledgers(
    settings: Settings, database: Database, models: Iterable[str] = ()
) -> tuple[str, dict[str, Ledger]]:
    """The provider that the environment chooses, and the ledger of each model that is used with it.

    Args:
        models: of the projects, the most important one first; ``GEMINI_MODEL`` stands for all of them.

    Raises:
        ConfigurationError: provider or key cannot be used.
        QuotaError: limits under which nothing could ever be asked.
    """
    models = list(models)
    provider, access = settings.access(models=models)
    used = [access.model] if access.model else models or [DEFAULT_MODEL]
    names = [OFFLINE] if provider == OFFLINE else list(dict.fromkeys(bare_name(each) for each in used))
    return provider, {
        model: ledger_of(
            provider,
            access.api_key,
            limits_from(settings),
            database,
            model=model,
            endpoint=access.endpoint,
            quota_name=settings.quota_name,
        )
        for model in names
    }


def ledger_of(
    provider: str,
    api_key: str | None,
    limits: Limits,
    database: Database | None,
    *,
    model: str = DEFAULT_MODEL,
    endpoint: str | None = None,
    quota_name: str | None = None,
    clock: Clock | None = None,
    spending: AccountSpending | None = None,
) -> Ledger:
    """The ledger of one of a key's models that write; of this process alone without a database.

    Raises:
        ConfigurationError: the quota's name cannot be used.
        QuotaError: limits under which nothing could ever be asked.
    """
    if provider == OFFLINE:
        return open_ledger(database, unlimited(), OFFLINE, clock=clock)
    account = openai_account(api_key, endpoint) if provider == OPENAI else gemini_account(api_key, quota_name)
    quota_key = part_of(account, bare_name(model))
    return open_ledger(database, limits, quota_key, clock=clock, spending=spending)


def batch_ledger_of(
    api_key: str | None,
    limits: Limits,
    database: Database,
    *,
    model: str,
    quota_name: str | None = None,
    clock: Clock | None = None,
) -> tuple[str, Ledger]:
    """The quota of the batches of one of a key's models, and its name: no requests by the minute or the day, which the
    service does not count, and one budget with everything else.

    Raises:
        ConfigurationError: the quota's name cannot be used.
    """
    quota_key = batches_of(part_of(gemini_account(api_key, quota_name), bare_name(model)))
    own = replace(unlimited(), daily_budget_usd=limits.daily_budget_usd)
    return quota_key, open_ledger(database, own, quota_key, clock=clock)


def embedding_ledger(
    settings: Settings, api_key: str, database: Database | None, *, clock: Clock | None = None
) -> Ledger:
    """The ledger of a key's model that embeds: requests and tokens of its own, one budget with those that write.

    Raises:
        QuotaError: limits under which nothing could ever be asked.
    """
    quota_key = part_of(gemini_account(api_key, settings.quota_name), EMBEDDING_MODEL)
    return open_ledger(database, embedding_limits_from(settings), quota_key, clock=clock)


def post_ledger(settings: Settings, database: Database) -> PostLedger | None:
    """The ledger of the posts that the environment's token reads, outside of any run; None without a token."""
    if settings.x_bearer_token is None:
        return None
    account = x_account(settings.x_bearer_token.get_secret_value())
    return PostLedger(database, PostBudget(account, "", post_caps_from(settings)), clock=lambda: datetime.now(UTC))


def post_caps_from(settings: Settings) -> PostCaps:
    """How many posts the environment allows to be read."""
    return PostCaps(settings.x_posts_per_run, settings.x_posts_per_day, count_users=settings.x_count_users)


def post_prices_from(settings: Settings) -> PostPrices:
    """What the environment says that X charges."""
    return PostPrices(settings.x_usd_per_post, settings.x_usd_per_user)


def limits_from(settings: Settings) -> Limits:
    """The environment's quota of each model that writes."""
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
