"""What of earlier results stands for a run: what it need not ask about again, and what it does not replace."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from viral_assets.store.conditions import undecided_draft
from viral_assets.store.forced_runs import ended_by_runs, runs_of_the_same_force, written_by_runs
from viral_assets.store.tables import comment_suggestions, generation_outcomes
from viral_assets.vocabulary import OFFLINE

Conditions = tuple[sa.ColumnElement[bool], ...]
"""On ``generation_outcomes``, or on ``comment_suggestions``."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who asks and saves, which decides what of earlier runs stands.

    Drafts of the offline provider that nobody has decided about keep only the offline provider from writing, which in
    turn replaces nothing that a language model wrote. A forced run counts only its own results, and those of the runs
    that it goes on with.
    """

    provider: str = ""
    run_id: str = ""
    force: bool = False

    @property
    def offline(self) -> bool:
        return self.provider == OFFLINE


def what_stands(connection: sa.Connection, writer: Writer) -> tuple[Conditions, Conditions]:
    """Which outcomes and which suggestions of earlier runs stand, as conditions."""
    if writer.force:
        runs = runs_of_the_same_force(connection, writer.run_id)
        ended, written = ended_by_runs(runs), written_by_runs(runs)
        if writer.offline:
            ended, written = sa.or_(ended, ended_by_a_model()), sa.or_(written, written_by_a_model())
        return (ended,), (written,)
    return ((), ()) if writer.offline else ((ended_by_a_model(),), (~undecided_draft(),))


def ended_by_a_model() -> sa.ColumnElement[bool]:
    """The condition that an outcome is not the offline provider's."""
    return generation_outcomes.c.provider != OFFLINE


def written_by_a_model() -> sa.ColumnElement[bool]:
    """The condition that a suggestion is not the offline provider's."""
    return comment_suggestions.c.provider != OFFLINE
