"""What a request costs. The table is configuration; a model that is not in it costs "unknown", never nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from viral_assets.errors import ConfigurationError
from viral_assets.llm.models import plain_name

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """USD per million tokens. Thoughts are billed as output."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Usd
    output: Usd

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """USD for so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000


FREE = Price(input=0.0, output=0.0)
"""The offline provider's."""

PriceTable = Mapping[str, Price]
_TABLE = TypeAdapter(dict[str, Price])


def load_prices(path: Path | None = None) -> dict[str, Price]:
    """The bundled table, with the entries of ``path`` on top.

    Raises:
        ConfigurationError: the file cannot be read or is not of that form.
    """
    prices = _TABLE.validate_python(yaml.safe_load(_bundled()))
    if path is None:
        return prices
    try:
        own = _TABLE.validate_python(yaml.safe_load(path.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"the price table {path} cannot be read: {str(error).splitlines()[0]}") from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"the price table {path}: {key}: {first['msg']}") from None
    return prices | own


def price_of(prices: PriceTable, model: str) -> Price | None:
    """The model's price; None when nobody said."""
    return prices.get(plain_name(model))


def _bundled() -> str:
    return resources.files(__package__).joinpath("prices.yml").read_text("utf-8")
