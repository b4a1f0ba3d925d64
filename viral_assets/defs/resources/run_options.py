"""What an operator may change for one run, in one place for all assets. What holds for every run is in the project
files and in the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import dagster as dg
from pydantic import Field

from viral_assets.llm.tiers import BATCH, FLEX, STANDARD


class RunTier(StrEnum):
    """At which tier of the service a run asks."""

    standard = STANDARD
    flex = FLEX
    batch = BATCH


class RunOptions(dg.ConfigurableResource[Any]):
    """Options of one run; the defaults are those of an unattended one."""

    projects: list[str] = Field(
        default=[], description="Work only for these projects (names, not titles). Empty: for all."
    )
    min_followers: int | None = Field(
        default=None, ge=0, description="Authors need at least so many followers. Null: as the project file says."
    )
    min_likes: int | None = Field(
        default=None, ge=0, description="Tweets need at least so many likes. Null: as the project file says."
    )
    min_views: int | None = Field(
        default=None, ge=0, description="Tweets need at least so many views. Null: as the project file says."
    )
    min_relevance: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Tweets need at least so much relevance, from 0 to 1. Null: as the project file says.",
    )
    max_candidates: int | None = Field(
        default=None,
        ge=1,
        description="At most so many opportunities for each project and hour. Null: as the project file says.",
    )
    use_gate: bool = Field(
        default=True, description="Leave out retweets, other languages, blocked words and handles, and link spam."
    )
    skip_low_scores: bool = Field(default=True, description="Leave out tweets labelled red.")
    greens_only: bool = Field(default=False, description="Leave out tweets labelled red or yellow.")
    batch_size: int | None = Field(
        default=5, ge=1, description="Requests under way at the same time. Null: as many as help."
    )
    tweets_per_request: int | None = Field(
        default=None, ge=1, description="Tweets in one request. Null: as few as the quota forces."
    )
    sequential: bool = Field(default=False, description="One tweet a request, one request at a time.")
    force: bool = Field(
        default=False, description="Write new suggestions where some are pending; what a person decided stays."
    )
    force_id: str = Field(
        default="",
        description=(
            "With force: which forced run this one is a part of, as the command line says. Empty: one over these hours "
            "that was interrupted is gone on with, else everything is written anew."
        ),
    )
    tier: RunTier | None = Field(
        default=None,
        description=(
            "At which tier the service is asked: standard; flex, which costs half and answers in minutes; or batch, "
            "which costs half and answers within a day. Null: as the project file says for backfills and top-ups "
            "(generation.background), and the standard one otherwise."
        ),
    )
    dry_run: bool = Field(
        default=False, description="Choose the opportunities and say what suggestions would cost; ask for none."
    )

    def as_run_config(self) -> Mapping[str, Any]:
        """Run configuration that sets what differs from the defaults, as the launchpad would show it."""
        unlike_default = {name: value for name, value in self.values().items() if value != self._default(name)}
        return {"resources": {"run_options": {"config": unlike_default}}} if unlike_default else {}

    def describe(self) -> str:
        """``for demo, with greens_only=True``, or what an unattended run does."""
        unlike_default = [
            f"{name}={value}"
            for name, value in self.values().items()
            if name != "projects" and value != self._default(name)
        ]
        for_whom = f"for {', '.join(self.projects)}" if self.projects else "for all projects"
        return f"{for_whom}, with {', '.join(unlike_default)}" if unlike_default else for_whom

    def values(self) -> dict[str, Any]:
        """All options by name."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value.value if isinstance(value, StrEnum) else value for name, value in fields.items()}

    @classmethod
    def _default(cls, name: str) -> Any:
        return cls.model_fields[name].default
