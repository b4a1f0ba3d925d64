"""How much a model thinks before it answers, and which levels it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.refusals import error

LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


def think(config: EmulatorConfig, arrival: Arrival, asked: Mapping[str, Any]) -> Response | None:
    """Note how much the model thinks about a request, or say what it says to a level that it does not have.

    Args:
        asked: the request's ``generationConfig``.
    """
    said = asked.get("thinkingConfig", {})
    level = said.get("thinkingLevel", said.get("thinking_level", "MEDIUM"))
    budget = said.get("thinkingBudget", said.get("thinking_budget"))
    if level not in LEVELS[LEVELS.index(config.least_level) :]:
        message = f"Thinking level {level} is not supported for this model. Please retry with other thinking level."
        return error(400, "INVALID_ARGUMENT", message)
    arrival.output_cap = asked.get("maxOutputTokens")
    arrival.thoughts = config.thinking.get(level, 0)
    if budget is not None:
        arrival.thoughts = min(arrival.thoughts, budget)
    return None
