"""Service tiers: a cheaper one that has to wait and may be refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.refusals import REFUSALS, error

TIERS = ("standard", "flex", "priority")

SERVED_BY = "x-gemini-service-tier"
"""The header of an answer that says which tier it is of."""

SHED = "shed"
"""A request of the cheaper tier that meets this is refused; one of another tier is answered."""


def choose_tier(arrival: Arrival, body: Mapping[str, Any]) -> Response | None:
    """Note the tier that a request asks for, or say that there is none of this name."""
    named = str(body.get("serviceTier", body.get("service_tier", "standard"))).lower()
    arrival.tier = "standard" if named == "unspecified" else named
    if arrival.tier not in TIERS:
        return error(400, "INVALID_ARGUMENT", f"Invalid value at 'service_tier': {named}")
    return None


def shed(config: EmulatorConfig) -> Response:
    """What a request is answered for which there is no room."""
    refusal = config.flex.refusal
    if refusal in REFUSALS:
        return REFUSALS[refusal]()
    return error(503, "UNAVAILABLE", "This model is currently experiencing high demand. Please try again later.")


def latency(config: EmulatorConfig, arrival: Arrival) -> float:
    """Seconds until a request is answered."""
    own = config.flex.latency if arrival.tier == "flex" else None
    a, b = config.latency if own is None else own
    return a + b * len(arrival.tweet_ids)
