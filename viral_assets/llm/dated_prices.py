"""What a model costs, and on which days. Which model costs what is in ``models.yml``, read by ``models``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """USD per million tokens. Thoughts are billed as output.

    ``cached_input`` is for tokens of the input that the service had cached; None where nobody knows, and then they
    count as any other input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Usd
    output: Usd
    cached_input: Usd | None = None

    def of(self, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0) -> float:
        """USD for so many tokens.

        Args:
            input_tokens: all of them.
            cached_tokens: those of the input that the service had cached.
        """
        cached = self.input if self.cached_input is None else self.cached_input
        known = min(cached_tokens, input_tokens)
        total = (input_tokens - known) * self.input + known * cached + output_tokens * self.output
        return total / 1_000_000


class DatedPrice(Price):
    """A price and the days it holds, both included; None is for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="until")

    @property
    def undated(self) -> Price:
        return Price(input=self.input, output=self.output, cached_input=self.cached_input)

    def holds_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def within(self, first: date | None, last: date | None) -> DatedPrice | None:
        """The same for those of its days that lie within others; None where there are none."""
        begins = max((day for day in (self.first, first) if day is not None), default=None)
        ends = min((day for day in (self.last, last) if day is not None), default=None)
        if begins is not None and ends is not None and begins > ends:
            return None
        return self.model_copy(update={"first": begins, "last": ends})


def price_on(prices: Iterable[DatedPrice], day: date) -> DatedPrice | None:
    """What holds on a day; None when nobody said."""
    return next((each for each in prices if each.holds_on(day)), None)


def handed_over(own: Sequence[DatedPrice], to: Sequence[DatedPrice], day: date) -> tuple[DatedPrice, ...]:
    """Prices of a model that another one answers for from a day on."""
    before = (each.within(None, day - timedelta(days=1)) for each in own)
    after = (each.within(day, None) for each in to)
    return tuple(each for each in (*before, *after) if each is not None)
