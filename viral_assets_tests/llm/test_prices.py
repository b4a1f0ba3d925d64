"""What a request costs, and that nobody pretends to know a price."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.llm.billing_day import billing_day
from viral_assets.llm.dated_prices import DatedPrice
from viral_assets.llm.prices import FREE, Price, load_prices, price_of, price_until

TODAY = date(2026, 11, 29)


def test_a_price_is_per_million_tokens() -> None:
    assert Price(input=0.1, output=0.4).of(1_000_000, 500_000) == pytest.approx(0.3)
    assert FREE.of(10**9, 10**9) == 0


def test_the_bundled_table_knows_the_current_models() -> None:
    prices = load_prices()

    lite = Price(input=0.10, output=0.40, cached_input=0.01)
    assert price_of(prices, "gemini-2.5-flash-lite", on=TODAY) == lite
    assert price_of(prices, "models/gemini-2.5-flash-lite-preview-09-2025", on=TODAY) == lite
    assert price_of(prices, "models/gemini-2.5-flash", on=TODAY) == Price(input=0.30, output=2.50, cached_input=0.03)


def test_an_unknown_model_has_an_unknown_price_and_not_none_at_all() -> None:
    assert price_of(load_prices(), "gemini-99-ultra") is None
    assert price_of(load_prices(), "gemini-2.5-flash-image") is None, "what is more than a version is another model"


def test_an_own_table_adds_and_replaces(tmp_path: Path) -> None:
    own = tmp_path / "prices.yml"
    own.write_text("gemini-99: {input: 1, output: 2}\ngemini-2.5-flash: {input: 0, output: 0}\n")

    prices = load_prices(own)

    assert prices["gemini-99"] == Price(input=1, output=2)
    assert prices["gemini-2.5-flash"] == FREE
    assert "gemini-2.5-flash-lite" in prices


def test_an_empty_table_adds_nothing(tmp_path: Path) -> None:
    own = tmp_path / "prices.yml"
    own.write_text("# nothing yet\n")

    assert load_prices(own) == load_prices()


def test_a_price_holds_on_the_day_of_the_request() -> None:
    argon = [price_of(load_prices(), "gemini-4-argon", on=day) for day in (date(2026, 11, 30), date(2026, 12, 1))]

    assert [(price.input, price.output) for price in argon if price] == [(2.0, 10.0), (4.0, 20.0)]


def test_a_model_that_another_one_answers_for_costs_what_that_one_costs(tmp_path: Path) -> None:
    before, after = date(2026, 11, 30), date(2026, 12, 1)
    pro = [price_of(load_prices(), "gemini-2.5-pro", on=day) for day in (before, after)]
    assert [price.output for price in pro if price] == [10.0, 3.75]

    own = tmp_path / "prices.yml"
    own.write_text("gemini-3.8-flash: {input: 7, output: 8}\n")
    assert price_of(load_prices(own), "gemini-2.5-pro", on=after) == Price(input=7, output=8)
    own.write_text("gemini-2.5-pro: {input: 7, output: 8}\n")
    assert price_of(load_prices(own), "gemini-2.5-pro", on=after) == Price(input=7, output=8)


def test_a_day_that_no_price_covers_is_unknown() -> None:
    table = {"a": (DatedPrice(input=1, output=2, last=date(2026, 12, 31)),)}

    assert price_of(table, "a", on=date(2026, 12, 31)) == Price(input=1, output=2)
    assert price_of(table, "a", on=date(2027, 1, 1)) is None
    assert price_until(table, "a", on=date(2026, 12, 31)) == date(2026, 12, 31)
    assert price_until(table, "a", on=date(2027, 1, 1)) is None
    assert price_until({"a": Price(input=1, output=2)}, "a", on=TODAY) is None


def test_a_day_of_billing_ends_at_midnight_us_pacific() -> None:
    assert billing_day(datetime(2026, 12, 1, 7, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert billing_day(datetime(2026, 12, 1, 8, 0, tzinfo=UTC)) == date(2026, 12, 1)


def test_cached_input_costs_less_where_that_is_known_and_as_much_where_it_is_not() -> None:
    known, unknown = Price(input=1, output=2, cached_input=0.1), Price(input=1, output=2)

    assert known.of(1_000_000, 0, cached_tokens=600_000) == pytest.approx(0.4 + 0.06)
    assert unknown.of(1_000_000, 0, cached_tokens=600_000) == pytest.approx(1.0)
    assert known.of(100, 0, cached_tokens=900) == pytest.approx(100 * 0.1 / 1e6), "never more than there was"


@pytest.mark.parametrize(
    "content",
    [
        b"gemini: {input: -1, output: 2}",
        b"gemini: {input: .nan, output: 2}",
        b"gemini: {input: .inf, output: 2}",
        b"gemini: {input: 1}",
        b"gemini: {input: 1, output: 2, cached: 3}",
        b"gemini: free",
        b"- gemini",
        b"gemini: {input: 1",
        b"\xff\xfe\x00",
    ],
)
def test_a_table_that_cannot_be_used_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / "prices.yml"
    own.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"prices\.yml") as caught:
        load_prices(own)

    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        load_prices(tmp_path / "nowhere.yml")
