"""``viral-assets quota``: what the key in the environment may still ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from viral_assets.cli.options import Json, add_command, usable_projects
from viral_assets.cli.output import console, duration, plain, print_json, say, say_what_counts, table
from viral_assets.text.amounts import full_count, how_many, money
from viral_assets.vocabulary import OFFLINE

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from viral_assets.quota.ledger import QuotaStatus
    from viral_assets.quota.posts import PostStatus


WAITERS = {
    "PERSON": "for a person at the review page",
    "NEWEST_HOUR": "for the newest hour",
    "BACKGROUND": "in the background",
}
"""By the name of their :class:`~viral_assets.quota.priority.Priority`."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, quota, "viral-assets quota", "viral-assets quota --json")


def quota(as_json: Json = False) -> None:
    """Show what is used and free of the quota, in the sliding window and today, for the keys in the environment.

    The limits are VIRAL_ASSETS_RPM, VIRAL_ASSETS_TPM and VIRAL_ASSETS_RPD for each model, and
    VIRAL_ASSETS_DAILY_BUDGET_USD for all together. Everything that uses the same key (or VIRAL_ASSETS_QUOTA_NAME, or
    without a key the same OPENAI_BASE_URL) and the same database shares them. Days end at midnight US Pacific.
    Embeddings by Gemini have limits of their own (VIRAL_ASSETS_EMBEDDING_RPM, _TPM and _RPD) and share the budget;
    posts read from X have VIRAL_ASSETS_X_POSTS_PER_DAY, in days that end at midnight UTC. Makes no request.
    """
    from viral_assets.projects.models_in_use import models_in_use
    from viral_assets.quota.from_settings import configured_ledgers, embedding_ledger, post_ledger
    from viral_assets.settings import load_settings
    from viral_assets.store.engine import Database

    settings = load_settings()
    database = Database(settings.resolved_database_url)
    try:
        used = models_in_use(usable_projects(settings).values())
        provider, ledgers = configured_ledgers(settings, database, used)
        statuses = {model: ledger.status() for model, ledger in ledgers.items()}
        embedding, posts = None, None
        if settings.embedder == "gemini" and settings.gemini_api_key is not None:
            embedding = embedding_ledger(settings, settings.gemini_api_key.get_secret_value(), database).status()
        if (reading := post_ledger(settings, database)) is not None:
            posts = reading.status()
    finally:
        database.dispose()
    say_what_counts(settings)
    where = console(as_json=as_json)
    offline = provider == OFFLINE
    if offline:
        say(
            where,
            "The provider is offline, which has no quota. With a key in GEMINI_API_KEY this shows the key's; "
            "with OPENAI_BASE_URL and OPENAI_MODEL, that of the service there.",
        )
    # One model needs no name.
    parts = [(f"{model} " if len(statuses) > 1 else "", status) for model, status in statuses.items() if not offline]
    parts += [("embedding ", embedding)] if embedding is not None else []
    _show(where, parts, posts)
    if as_json:
        print_json(payload(provider, statuses, embedding, posts))


def _show(where: Console, parts: Sequence[tuple[str, QuotaStatus]], posts: PostStatus | None) -> None:
    """A table, and what holds anybody up.

    Args:
        parts: what is counted apart, with what to call it.
    """
    if not parts and posts is None:
        return
    shown = table(["quota", "used", "limit", "free"], numbers=("used", "limit", "free"))
    for name, status in parts:
        _add_counts(shown, name, status)
    if parts:
        _, status = parts[0]
        budget, spent = status.limits.daily_budget_usd, status.day_cost_usd
        shown.add_row(
            f"spent on {status.day}",
            money(spent),
            "none" if budget is None else money(budget),
            "" if budget is None else money(max(0.0, budget - spent)),
        )
    if posts is not None:
        _add_row(shown, f"posts read from X on {posts.day_name} (UTC)", posts.day, posts.caps.per_day)
    where.print(shown)
    for name, status in parts:
        _tell(where, name, status)
    if parts:
        say(where, f"The day ends {_time(status.day_ends)}, in {duration(status.day_ends - status.now)}.")


def _add_counts(shown: Table, name: str, status: QuotaStatus) -> None:
    limits = status.limits
    window = duration(limits.window_seconds)
    # Gemini limits what it reads; what it writes only costs.
    tokens = f"{name}tokens" if limits.counts_output else f"{name}input tokens"
    _add_row(shown, f"{name}requests in {window}", status.window_requests, effective_requests(status))
    _add_row(shown, f"{tokens} in {window}", status.window_tokens, limits.max_tokens)
    _add_row(shown, f"{name}requests on {status.day} (US Pacific)", status.day_requests, limits.requests_per_day)
    _add_row(shown, f"{tokens} on {status.day}", status.day_tokens, None)


def _add_row(shown: Table, name: str, used: int, limit: int | None) -> None:
    free = "" if limit is None else full_count(max(0, limit - used))
    shown.add_row(name, full_count(used), full_count(limit, unknown="none"), free)


def _tell(where: Console, name: str, status: QuotaStatus) -> None:
    """What keeps requests from being granted, and what is under way."""
    most = status.limits.max_requests
    if status.learned_requests is not None and status.learned_requests < most:
        accepted = how_many(effective_requests(status), f"{name}request")
        say(where, f"The service accepted only {accepted} lately, so {most} are not tried.")
    if status.blocked_until is not None:
        left = duration(max(0.0, status.blocked_until - status.now))
        until = f"until {_time(status.blocked_until)} (for {left})"
        what = f"{name.capitalize()}requests are blocked" if name else "Blocked"
        say(where, f"{what} {until}: {plain(status.block_reason)}")
    if status.waiting:
        who = ", ".join(f"{count:,} {WAITERS[priority.name]}" for priority, count in status.waiting)
        say(where, f"Waiting for {name}requests, the first ones first: {who}.")
    if status.in_flight:
        requests = how_many(status.in_flight, f"{name}request is", f"{name}requests are")
        say(where, f"{requests} under way in {how_many(status.runners, 'run')}.")


def effective_requests(status: QuotaStatus) -> int:
    """Requests per window: what is configured, or what the service has shown to be its limit if that is less."""
    return min(status.limits.max_requests, status.learned_requests or status.limits.max_requests)


def payload(
    provider: str,
    models: Mapping[str, QuotaStatus],
    embedding: QuotaStatus | None = None,
    posts: PostStatus | None = None,
) -> dict[str, Any]:
    """The JSON object; times in ISO 8601, limits null where there is none.

    Args:
        models: the quota of each model that writes, the most important one first, whose counts are those of the whole.
        embedding, posts: null where nothing is paid for them.
    """
    offline = provider == OFFLINE
    first = next(iter(models.values()))
    return {
        "provider": provider,
        **_counts(first, offline=offline),
        "models": {model: _counts(status, offline=offline) for model, status in models.items()},
        "embedding": None if embedding is None else {**_counts(embedding), "cost_usd": embedding.day_own_cost_usd},
        "posts": None
        if posts is None
        else {
            "day": {
                "name": posts.day_name,
                "ends": _time(posts.day_ends),
                "posts": {"used": posts.day, "limit": posts.caps.per_day},
            }
        },
    }


def _counts(status: QuotaStatus, *, offline: bool = False) -> dict[str, Any]:
    limits = status.limits
    return {
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
        "waiting": dict.fromkeys(map(str.lower, WAITERS), 0)
        | {priority.name.lower(): count for priority, count in status.waiting},
    }


def _time(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="seconds")
