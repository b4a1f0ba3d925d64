"""What a request costs, and that nobody pretends to know a price."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.llm.prices import FREE, Price, load_prices, price_of


def test_a_price_is_per_million_tokens() -> None:
    assert Price(input=0.1, output=0.4).of(1_000_000, 500_000) == pytest.approx(0.3)
    assert FREE.of(10**9, 10**9) == 0


def test_the_bundled_table_knows_the_current_models() -> None:
    prices = load_prices()

    assert price_of(prices, "gemini-2.5-flash-lite") == Price(input=0.10, output=0.40)
    assert price_of(prices, "models/gemini-2.5-flash") == Price(input=0.30, output=2.50)


def test_an_unknown_model_has_an_unknown_price_and_not_none_at_all() -> None:
    assert price_of(load_prices(), "gemini-99-ultra") is None


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
