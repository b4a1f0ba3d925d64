"""At which tier of the service a run asks about a project's tweets: values and pure functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from viral_assets.errors import ConfigurationError
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.llm.tiers import BATCH, STANDARD, Tier
from viral_assets.projects.model import Project
from viral_assets.quota.priority import Priority
from viral_assets.vocabulary import OFFLINE


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """A tier, and for how many hours it is asked before the standard one has to do; endless at the standard tier."""

    tier: Tier = STANDARD
    hours: float = math.inf

    def options_for(self, model: str, options: GenerationOptions) -> GenerationOptions:
        """A run's options for asking a model the usual way. What is left of batches is asked at the standard tier."""
        tier = STANDARD if self.tier == BATCH else self.tier
        return replace(options, model=model, tier=tier, tier_hours=self.hours)


AT_ONCE = TierPolicy()
"""The standard tier."""


def wanted_tier(project: Project, options: GenerationOptions) -> TierPolicy:
    """What the run's caller says; else what the project says of runs that have time, if this is one."""
    said = project.generation
    tier = options.tier or (said.background if options.priority is Priority.BACKGROUND else STANDARD)
    return AT_ONCE if tier == STANDARD else TierPolicy(tier, said.background_deadline_hours)


def usable_tier(
    project: Project, options: GenerationOptions, *, provider: str, offered: Collection[Tier]
) -> TierPolicy:
    """The wanted tier, where the provider has it; else the standard one.

    Args:
        offered: the tiers that the provider's client can ask for.

    Raises:
        ConfigurationError: the run's caller wants a tier that is not there.
    """
    wanted = wanted_tier(project, options)
    if wanted.tier in offered:
        return wanted
    if options.tier is not None and provider != OFFLINE:
        raise ConfigurationError(f"{_missing(wanted.tier, provider)}, or ask at the standard tier")
    return AT_ONCE


def notes_about_tiers(
    projects: Iterable[Project], options: GenerationOptions, *, provider: str, offered: Collection[Tier]
) -> list[str]:
    """For the report: the tiers that projects want and cannot have."""
    wanted = dict.fromkeys(wanted_tier(project, options).tier for project in projects)
    return [
        f"{_missing(tier, provider)}; until then everything is asked at the standard tier"
        for tier in wanted
        if tier not in offered and provider != OFFLINE
    ]


def _missing(tier: Tier, provider: str) -> str:
    if provider.startswith("google"):
        return (
            f"{provider}, as it is installed, cannot ask at the {tier} tier: set VIRAL_ASSETS_PROVIDER=google-genai, "
            "with a google-genai that can (pip install -U google-genai)"
        )
    return f"the provider {provider} has no {tier} tier: take the Gemini API, through google-genai"
