"""What a language model is asked about some tweets of one project: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viral_assets.generation.opportunity import Opportunity
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.projects.model import Project


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One request, for one or several tweets of one project.

    Args:
        project: whose voice, rules and suggestion types the answer follows.
        opportunities: what is asked about, in the order of the prompt; no tweet twice.
        model: the model's name without the leading ``models/``.
        system_instruction: everything this project's requests share; holds nothing from a tweet.
        prompt: the tweets as JSON data.
        response_schema: the answer's shape, in the subset of OpenAPI 3.0 that both Google SDKs accept.
        temperature: 0 to 2; None for a model that does not take it.
        max_output_tokens: hard cap on the answer, with room for a model that thinks before it writes.
        estimated_input_tokens: what prompt, instruction and schema will count, a little over.
        estimated_output_tokens: what the answer will probably count, thoughts not included.
        raised_cap: the cap is higher than usual, because thoughts have used up an answer.
        tier: of the service, at which it is asked.
    """

    project: Project
    opportunities: tuple[Opportunity, ...]
    model: str
    system_instruction: str
    prompt: str
    response_schema: Mapping[str, Any]
    temperature: float | None
    max_output_tokens: int
    estimated_input_tokens: int
    estimated_output_tokens: int
    raised_cap: bool = False
    tier: Tier = STANDARD

    @property
    def tweet_ids(self) -> tuple[str, ...]:
        return tuple(opportunity.tweet_id for opportunity in self.opportunities)
