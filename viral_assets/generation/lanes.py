"""Which models write about which tweets, and in what order they are tried: values and pure functions.

Each model has a quota of its own, so tweets of projects that use different models are asked about side by side, in one
lane for each choice of models and tier. In a lane the next model goes on where one cannot be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from viral_assets.errors import ModelUnavailableError, ProviderError, TransientProviderError
from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.results import TweetResult
from viral_assets.generation.tiers import AT_ONCE, TierPolicy
from viral_assets.projects.model import Project


@dataclass(frozen=True, slots=True)
class Lane:
    """Tweets, their projects by name, the models to ask about them, the preferred one first, and at which tier."""

    models: tuple[str, ...]
    opportunities: tuple[Opportunity, ...]
    projects: Mapping[str, Project]
    policy: TierPolicy = AT_ONCE

    @property
    def name(self) -> str:
        """Of its first part."""
        return self.part(self.models[0])

    def part(self, model: str) -> str:
        """What one model does of it, by name."""
        return f"{model} of {', '.join(self.models)}, {self.policy}"


def lanes_of(
    opportunities: Sequence[Opportunity],
    projects: Mapping[str, Project],
    model: str | None,
    policy_of: Callable[[Project], TierPolicy] = lambda _project: AT_ONCE,
) -> list[Lane]:
    """The lanes of a run, in the order of their first tweets; at least one.

    Args:
        model: instead of the projects' own.
        policy_of: at which tier a project's tweets are asked about.
    """
    choices = {name: (_models_of(project, model), policy_of(project)) for name, project in projects.items()}
    by_choice: dict[tuple[tuple[str, ...], TierPolicy], list[Opportunity]] = {}
    for opportunity in opportunities:
        by_choice.setdefault(choices[opportunity.project], []).append(opportunity)
    if not by_choice:
        by_choice = {choice: [] for choice in list(choices.values())[:1]}
    return [
        Lane(
            models,
            tuple(mine),
            {name: projects[name] for name in projects if choices[name] == (models, policy)},
            policy,
        )
        for (models, policy), mine in by_choice.items()
    ]


def next_model_may_help(error: ProviderError | None) -> bool:
    """Whether another model of the same key may do what this one did not: it is unknown or not in the plan, its day is
    used up (which is no error), or it has been overloaded for long. A key that is not accepted is not accepted for
    another model either.
    """
    return error is None or isinstance(error, ModelUnavailableError | TransientProviderError)


def left_over(opportunities: Iterable[Opportunity], ended: Mapping[TweetKey, TweetResult]) -> list[Opportunity]:
    """The tweets that wait for a later run, or for another model."""
    return [each for each in opportunities if each.key in ended and ended[each.key].outcome == "deferred"]


def together(
    earlier: Mapping[TweetKey, TweetResult], later: Mapping[TweetKey, TweetResult]
) -> dict[TweetKey, TweetResult]:
    """How tweets ended, with all that several models wrote about them."""
    return {**earlier, **{key: _with(earlier.get(key), result) for key, result in later.items()}}


def _with(earlier: TweetResult | None, result: TweetResult) -> TweetResult:
    if earlier is None:
        return result
    suggestions = {each.suggestion_type: each for each in (*earlier.suggestions, *result.suggestions)}
    return replace(result, opportunity=earlier.opportunity, suggestions=tuple(suggestions.values()))


def _models_of(project: Project, model: str | None) -> tuple[str, ...]:
    return (model,) if model else project.generation.models
