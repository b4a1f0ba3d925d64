"""The table of models, and what a name means."""

from __future__ import annotations

import pytest

from viral_assets.llm.models import (
    DEFAULT_MODEL,
    EMBEDDING_MODEL,
    is_same_model,
    known_models,
    model_named,
    table_name,
)
from viral_assets.llm.thinking import LeastThinking, ThinkingSetting


def test_the_table_is_whole() -> None:
    models = known_models()

    assert {DEFAULT_MODEL, EMBEDDING_MODEL} <= set(models)
    assert all(model.prices for model in models.values())
    assert {model.then for model in models.values() if model.then} <= set(models)
    assert {model.purpose for name, model in models.items() if "embedding" in name} == {"embed"}
    aliases = [alias for model in models.values() for alias in model.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(models)


def test_the_default_model_does_not_think_by_default() -> None:
    """So the older SDK, which cannot tell it not to, can do the job."""
    assert not model_named(DEFAULT_MODEL).thinks_by_default


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gemini-2.5-flash-lite", "gemini-2.5-flash-lite"),
        ("gemini-2.5-flash-lite-001", "gemini-2.5-flash-lite"),
        ("models/gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite"),
        ("gemini-2.5-flash-preview", "gemini-2.5-flash"),
        ("gemini-flash-lite-latest", "gemini-3.5-flash-lite"),
        ("gemini-2.5-flash-image", "gemini-2.5-flash-image"),
        ("gemini-99", "gemini-99"),
    ],
)
def test_a_version_of_a_model_is_that_model_and_anything_else_is_not(name: str, found: str) -> None:
    assert model_named(name).name == found


def test_the_longest_name_that_fits_is_meant() -> None:
    assert table_name("a-1-2", ["a", "a-1", "b"]) == "a-1"
    assert table_name("a-large", ["a"]) is None


@pytest.mark.parametrize(
    ("asked", "answered", "same"),
    [
        ("gemini-2.5-flash-lite", "models/gemini-2.5-flash-lite-001", True),
        ("gemini-flash-latest", "gemini-3.8-flash", True),
        ("unheard-of", "unheard-of-002", True),
        ("unheard-of-002", "unheard-of", True),
        ("gpt-4o", "openai/gpt-4o-2024-08-06", True),
        ("llama3.1", "llama3.1:latest", True),
        ("llama3.1:8b", "llama3.1:70b", False),
        ("gemini-2.5-flash", "gemini-2.5-flash-lite", False),
        ("gemini-2.5-flash", "gemini-3.5-flash-lite", False),
        ("gemini-flash-latest", "gemini-3.9-flash", False),
    ],
)
def test_which_names_mean_one_model(asked: str, answered: str, same: bool) -> None:
    assert is_same_model(asked, answered) is same


@pytest.mark.parametrize(
    ("name", "setting", "takes_temperature"),
    [
        ("gemini-2.5-flash-native-audio", ThinkingSetting(budget=0), True),
        ("gemini-3.9-flash", ThinkingSetting(level="MINIMAL"), False),
        ("gemini-3-pro-preview", ThinkingSetting(level="LOW"), False),
        ("gemini-5-neon", ThinkingSetting(level="LOW"), False),
        ("llama3.1:8b", None, True),
    ],
)
def test_a_model_that_is_not_in_the_table_is_treated_as_its_family(
    name: str, setting: ThinkingSetting | None, takes_temperature: bool
) -> None:
    model = model_named(name)

    assert LeastThinking().setting(name) == setting
    assert model.takes_temperature is takes_temperature
    assert model.prices == ()


def test_what_is_refused_for_one_model_is_not_for_another() -> None:
    thinking = LeastThinking()

    said = thinking.refused("gemini-3.6-flash", ThinkingSetting(level="MINIMAL"))

    assert said == "The next request asks for the thinking level LOW."
    assert thinking.setting("gemini-3.6-flash") == ThinkingSetting(level="LOW")
    assert thinking.setting("gemini-3.5-flash-lite") == ThinkingSetting(level="MINIMAL")


def test_a_budget_that_is_refused_is_followed_by_what_the_successor_takes() -> None:
    """From its end on, the name of a model that takes a budget leads to one that takes a level."""
    thinking = LeastThinking()

    thinking.refused("gemini-2.5-pro", ThinkingSetting(budget=128))
    first = thinking.setting("gemini-2.5-pro")
    thinking.refused("gemini-2.5-pro", ThinkingSetting(level="LOW"))

    assert (first, thinking.setting("gemini-2.5-pro")) == (ThinkingSetting(level="LOW"), None)


@pytest.mark.parametrize(
    ("refusal", "named"),
    [
        ("Thinking level MINIMAL is not supported for this model.", True),
        ("Budget 0 is invalid. This model only works in thinking mode.", True),
        ("Unsupported value: MINIMAL", True),
        ("Request contains an invalid argument.", False),
    ],
)
def test_a_refusal_counts_against_thinking_only_where_it_names_it(refusal: str, named: bool) -> None:
    assert ThinkingSetting(level="MINIMAL").is_named_by(refusal) is named
