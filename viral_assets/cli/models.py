"""``viral-assets models``: the models that are known here, what they cost today, and which of them are used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from viral_assets.cli.options import Json, add_command, usable_projects
from viral_assets.cli.output import console, plain, print_json, say, table

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.llm.models import Model
    from viral_assets.llm.prices import PriceTable
    from viral_assets.settings import Settings

EMBEDDINGS = "embeddings"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, models, "viral-assets models", "viral-assets models --json")


def models(as_json: Json = False) -> None:
    """Show the models that are known here: what a million tokens costs today, the least thinking that a model accepts,
    its announced end, and which projects it writes for.

    Prices are the bundled table's unless VIRAL_ASSETS_PRICES says otherwise. A model that is missing can be used all
    the same; its price is unknown then. Warns of a model in use that ends within 60 days, or has ended: another one
    answers for it, and is billed. Makes no request.
    """
    from viral_assets.llm.billing_day import billing_day
    from viral_assets.llm.model_ends import announced_end
    from viral_assets.llm.prices import load_prices
    from viral_assets.settings import load_settings

    settings, today = load_settings(), billing_day()
    used = _used(settings)
    prices = load_prices(settings.prices)
    warnings = [
        f"{sentence}; used by {', '.join(users)}"
        for name, users in used.items()
        if (sentence := announced_end(name, today)) is not None
    ]
    where = console(as_json=as_json)
    rows = _rows(used)
    _show(where, rows, prices, today)
    for warning in warnings:
        say(where, f"Warning: {plain(warning)}.")
    if not warnings:
        say(where, "No model in use has an announced end within 60 days.")
    if as_json:
        print_json(payload(rows, prices, warnings, today))


def _used(settings: Settings) -> dict[str, list[str]]:
    """What each model in use is used for: names of projects, or embeddings."""
    from viral_assets.llm.models import EMBEDDING_MODEL
    from viral_assets.projects.models_in_use import models_in_use

    used = models_in_use(usable_projects(settings).values(), instead=settings.gemini_model)
    return used | ({EMBEDDING_MODEL: [EMBEDDINGS]} if settings.embedder == "gemini" else {})


def _rows(used: Mapping[str, Sequence[str]]) -> list[tuple[str, Model, list[str]]]:
    """Name, model and users: first what is used under a name that the table does not have, then the table."""
    from viral_assets.llm.models import known_models, model_named

    known = known_models()
    others = [(name, model_named(name), list(users)) for name, users in used.items() if name not in known]
    return [*others, *((name, model, list(used.get(name, ()))) for name, model in known.items())]


def _show(where: Console, rows: Sequence[tuple[str, Model, list[str]]], prices: PriceTable, today: date) -> None:
    from viral_assets.llm.prices import price_of, price_until

    numbers = ("input", "output", "cached")
    title = f"USD per million tokens on {today}"
    columns = ["model", *numbers, "until", "least thinking", "ends", "used by"]
    shown = table(columns, title=title, numbers=numbers)
    for name, model, users in rows:
        price = price_of(prices, name, on=today)
        amounts = (price.input, price.output, price.cached_input) if price else (None, None, None)
        until = price_until(prices, name, on=today)
        dated = "" if until is None else str(until)
        shown.add_row(plain(name), *map(_usd, amounts), dated, _thinking(model), _end(model), plain(", ".join(users)))
    where.print(shown)


def _usd(amount: float | None) -> str:
    return "unknown" if amount is None else f"{amount:g}"


def _thinking(model: Model) -> str:
    if model.purpose == "embed":
        return ""
    if model.thinking is None:
        return "unknown"
    return model.thinking.level or ("none" if model.thinking.budget == 0 else f"{model.thinking.budget} tokens")


def _end(model: Model) -> str:
    if model.ends is None:
        return ""
    return f"{model.ends}" + (f", then {model.then}" if model.then else "")


def payload(
    rows: Sequence[tuple[str, Model, list[str]]], prices: PriceTable, warnings: Sequence[str], today: date
) -> dict[str, Any]:
    """The JSON object; prices in USD per million tokens, null where they are unknown."""
    from viral_assets.llm.prices import price_of, price_until

    described = []
    for name, model, users in rows:
        price = price_of(prices, name, on=today)
        described.append(
            {
                "name": name,
                "purpose": model.purpose,
                "price": None if price is None else price.model_dump(),
                "price_until": price_until(prices, name, on=today),
                "thinking": None if model.thinking is None else model.thinking.model_dump(),
                "takes_temperature": model.takes_temperature,
                "output_cap": model.output_cap,
                "ends": model.ends,
                "then": model.then,
                "used_by": users,
            }
        )
    return {"day": today, "models": described, "warnings": list(warnings)}
