"""``viral-assets models``: what is known of the models, and which of them are used."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from viral_assets.llm import billing_day
from viral_assets.llm.models import DEFAULT_MODEL, known_models
from viral_assets_tests.cli.conftest import CommandLine, Said

TODAY = date(2026, 11, 29)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing_day, "billing_day", lambda: TODAY)


def by_name(said: Said) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in said.json["models"]}


def test_the_whole_table_is_shown_with_what_uses_it(viral_assets: CommandLine) -> None:
    said = viral_assets("models", "--json")

    assert said.code == 0
    shown = by_name(said)
    assert set(shown) == set(known_models())
    assert {name for name, each in shown.items() if each["used_by"]} == {DEFAULT_MODEL}
    assert shown[DEFAULT_MODEL]["used_by"] == ["demo"]
    assert shown["gemini-4-argon"]["price"] == {"input": 2.0, "output": 10.0, "cached_input": 0.1}
    assert shown["gemini-4-argon"]["price_until"] == "2026-11-30"
    assert shown["gemini-3.8-flash"]["thinking"] == {"budget": None, "level": "LOW", "by_default": True}
    assert (shown["gemini-2.5-pro"]["ends"], shown["gemini-2.5-pro"]["then"]) == ("2026-12-01", "gemini-3.8-flash")
    assert said.json["warnings"] == []
    assert said.json["day"] == "2026-11-29"


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (
            "gemini-2.5-flash",
            "gemini-2.5-flash ends on 2026-12-01, in 2 days: from then on gemini-3.5-flash-lite",
        ),
        ("gemini-3.7-flash", "gemini-3.7-flash has ended on 2026-10-08: gemini-3.8-flash answers for it and is billed"),
    ],
)
def test_the_end_of_a_model_in_use_is_told_and_is_no_failure(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, model: str, says: str
) -> None:
    monkeypatch.setenv("GEMINI_MODEL", model)

    said, as_json = viral_assets("models"), viral_assets("models", "--json")

    assert (said.code, as_json.code) == (0, 0)
    assert f"Warning: {says}" in said.out
    assert "used by demo" in said.out
    assert as_json.json["warnings"][0].startswith(says)
    assert by_name(as_json)[model]["used_by"] == ["demo"]


def test_a_model_nobody_knows_and_one_that_embeds_are_in_the_list(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "prices.yml"
    own.write_text("gemini-3.5-flash-lite: {input: 9, output: 9}\n")
    for variable, value in {
        "GEMINI_MODEL": "gemini-99-ultra",
        "VIRAL_ASSETS_EMBEDDER": "gemini",
        "VIRAL_ASSETS_PRICES": str(own),
    }.items():
        monkeypatch.setenv(variable, value)

    said, as_json = viral_assets("models"), viral_assets("models", "--json")

    shown = by_name(as_json)
    assert shown["gemini-99-ultra"]["price"] is None
    assert shown["gemini-99-ultra"]["used_by"] == ["demo"]
    assert shown["gemini-embedding-001"]["used_by"] == ["embeddings"]
    assert shown["gemini-3.5-flash-lite"]["price"]["input"] == 9
    assert "unknown" in next(line for line in said.out.splitlines() if "gemini-99-ultra" in line)
