"""``viral-assets quota``: what the key in the environment may still ask for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import console, duration, plain, print_json, say, table
from viral_assets.text.amounts import full_count, money
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.quota.ledger import QuotaStatus


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, quota, "viral-assets quota", "viral-assets quota --json")


def quota(as_json: Json = False) -> None:
    """Show what is used and free of the quota, in the sliding window and today, for the key in the environment.

    The limits are VIRAL_ASSETS_RPM, VIRAL_ASSETS_TPM, VIRAL_ASSETS_RPD and VIRAL_ASSETS_DAILY_BUDGET_USD. Everything
    that uses the same key and the same database shares them. Days end at midnight US Pacific. Makes no request.
    """
    from viral_assets.quota.from_settings import configured_ledger
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    database = Database(settings.resolved_database_url)
    try:
        provider, ledger = configured_ledger(settings, database)
        status = ledger.status()
    finally:
        database.dispose()
    where = console(as_json=as_json)
    if provider == OFFLINE:
        say(where, "The provider is offline, which has no quota. With a key in GEMINI_API_KEY this shows the key's.")
    else:
        _show(where, status)
    if as_json:
        print_json(payload(provider, status))


def _show(where: Console, status: QuotaStatus) -> None:
    limits = status.limits
    window = duration(limits.window_seconds)
    requests = effective_requests(status)
    # Gemini limits what it reads; what it writes only costs.
    tokens = "tokens" if limits.counts_output else "input tokens"
    shown = table(["quota", "used", "limit", "free"], numbers=("used", "limit", "free"))
    for name, used, limit in (
        (f"requests in {window}", status.window_requests, requests),
        (f"{tokens} in {window}", status.window_tokens, limits.max_tokens),
        (f"requests on {status.day} (US Pacific)", status.day_requests, limits.requests_per_day),
        (f"{tokens} on {status.day}", status.day_tokens, None),
    ):
        free = "" if limit is None else full_count(max(0, limit - used))
        shown.add_row(name, full_count(used), full_count(limit, unknown="none"), free)
    budget, spent = limits.daily_budget_usd, status.day_cost_usd
    shown.add_row(
        f"spent on {status.day}",
        money(spent),
        "none" if budget is None else money(budget),
        "" if budget is None else money(max(0.0, budget - spent)),
    )
    where.print(shown)
    if status.learned_requests is not None and status.learned_requests < limits.max_requests:
        say(where, f"The service accepted only {requests} requests lately, so {limits.max_requests} are not tried.")
    if status.blocked_until is not None:
        left = duration(max(0.0, status.blocked_until - status.now))
        say(where, f"Blocked until {_time(status.blocked_until)} (for {left}): {plain(status.block_reason)}")
    if status.in_flight:
        say(where, f"{status.in_flight:,} requests are under way in {status.runners:,} runs.")
    say(where, f"The day ends {_time(status.day_ends)}, in {duration(status.day_ends - status.now)}.")


def effective_requests(status: QuotaStatus) -> int:
    """Requests per window: what is configured, or what the service has shown to be its limit if that is less."""
    return min(status.limits.max_requests, status.learned_requests or status.limits.max_requests)


def payload(provider: str, status: QuotaStatus) -> dict[str, Any]:
    """The JSON object; times in ISO 8601, limits null where there is none."""
    limits = status.limits
    offline = provider == OFFLINE
    return {
        "provider": provider,
        "window": {
            "seconds": limits.window_seconds,
            "requests": {"used": status.window_requests, "limit": None if offline else effective_requests(status)},
            "tokens": {"used": status.window_tokens, "limit": limits.max_tokens},
        },
        "day": {
            "name": status.day,
            "ends": _time(status.day_ends),
            "requests": {"used": status.day_requests, "limit": limits.requests_per_day},
            "tokens": {"used": status.day_tokens, "limit": None},
            "cost_usd": {"used": status.day_cost_usd, "limit": limits.daily_budget_usd},
        },
        "blocked_until": None if status.blocked_until is None else _time(status.blocked_until),
        "block_reason": status.block_reason,
        "in_flight": status.in_flight,
        "runners": status.runners,
    }


def _time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="seconds")
