"""What a request costs: the table's prices (``models.yml``) and those of a file of one's own. A model that is in
neither costs "unknown", never nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from viral_assets.errors import ConfigurationError
from viral_assets.llm.billing_day import billing_day
from viral_assets.llm.dated_prices import DatedPrice, Price, handed_over, price_on
from viral_assets.llm.models import known_models, table_name

__all__ = ["FREE", "Price", "PriceTable", "load_prices", "price_of", "price_until"]

FREE = Price(input=0.0, output=0.0)
"""The offline provider's."""

PriceTable = Mapping[str, Price | Sequence[DatedPrice]]
"""By model: a price, or one for each time."""

_OWN = TypeAdapter(dict[str, Price])


def load_prices(path: Path | None = None) -> dict[str, Price | Sequence[DatedPrice]]:
    """The bundled table, with the entries of ``path`` on top. A model that another one answers for from some day on
    costs what that one costs.

    Raises:
        ConfigurationError: the file cannot be read or is not of that form.
    """
    own = {} if path is None else _own_prices(path)
    models = known_models()
    prices: dict[str, Price | Sequence[DatedPrice]] = {}
    for name, model in models.items():
        prices[name] = model.prices
        if model.ends is not None and model.then is not None:
            price = own.get(model.then)
            successor = models[model.then].prices if price is None else (DatedPrice(**price.model_dump()),)
            prices[name] = handed_over(model.prices, successor, model.ends)
        prices |= dict.fromkeys(model.aliases, prices[name])
    return prices | own


def price_of(prices: PriceTable, model: str, *, on: date | None = None) -> Price | None:
    """The model's price; None when nobody said.

    Args:
        model: as people or answers write it, see :func:`~viral_assets.llm.models.table_name`.
        on: the day of the request (US Pacific); today when None.
    """
    found = _entry(prices, model, on or billing_day())
    return found.undated if isinstance(found, DatedPrice) else found


def price_until(prices: PriceTable, model: str, *, on: date) -> date | None:
    """The last day of the price that holds on a day; None where it has no end, or is unknown."""
    found = _entry(prices, model, on)
    return found.last if isinstance(found, DatedPrice) else None


def _entry(prices: PriceTable, model: str, day: date) -> Price | None:
    name = table_name(model, prices)
    if name is None:
        return None
    price = prices[name]
    return price if isinstance(price, Price) else price_on(price, day)


def _own_prices(path: Path) -> dict[str, Price]:
    try:
        return _OWN.validate_python(yaml.safe_load(path.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the price table {path} cannot be read: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"the price table {path}: {key}: {first['msg']}") from None
