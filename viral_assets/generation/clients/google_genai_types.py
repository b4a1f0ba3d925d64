"""What google-genai has words for, in its own types: what a request says besides its prompt, and where it was served.

Versions differ in what they know; 1.51, the lowest that is allowed, changes the schema it is given.
"""

from __future__ import annotations

import copy
from typing import Any

from google.genai import types

from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm import gemini
from viral_assets.llm.responses import header_of
from viral_assets.llm.thinking import ThinkingSetting
from viral_assets.llm.tiers import BATCH, FLEX, STANDARD, Tier, tier_named

_ONE_REQUEST: dict[str, Any] = (
    {"automatic_continuation": False} if "automatic_continuation" in types.GenerateContentConfig.model_fields else {}
)
"""Older versions neither have the setting nor do what it turns off."""

TIERS: tuple[Tier, ...] = (
    (STANDARD, FLEX, BATCH) if "service_tier" in types.GenerateContentConfig.model_fields else (STANDARD,)
)
"""Older versions have only the one that is meant where nothing is said."""


def config_of(request: GenerationRequest, thinking: ThinkingSetting | None) -> types.GenerateContentConfig:
    """What is asked besides the prompt."""
    # What a batch is asked at is said by its address.
    tier: dict[str, Any] = {"service_tier": request.tier} if request.tier == FLEX else {}
    return types.GenerateContentConfig(
        system_instruction=request.system_instruction,
        temperature=request.temperature,
        max_output_tokens=request.max_output_tokens,
        response_mime_type="application/json",
        response_schema=copy.deepcopy(dict(request.response_schema)),
        thinking_config=thinking_config(thinking),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        **_ONE_REQUEST,
        **tier,
    )


def served_at(response: types.GenerateContentResponse, asked: Tier) -> Tier:
    """The tier that is billed. It stands in a header: the SDK leaves the body's field out."""
    headers = (response.sdk_http_response.headers if response.sdk_http_response else None) or {}
    return tier_named(header_of(headers, gemini.TIER_HEADER), asked=asked)


def thinking_config(setting: ThinkingSetting | None) -> types.ThinkingConfig | None:
    """As the SDK has it; None to say nothing, also where this version has no levels."""
    if setting is None:
        return None
    if setting.budget is not None:
        return types.ThinkingConfig(thinking_budget=setting.budget)
    if "thinking_level" not in types.ThinkingConfig.model_fields:
        return None
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(setting.level))
