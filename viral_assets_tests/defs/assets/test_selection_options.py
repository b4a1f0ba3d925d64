"""What a run asks for instead of the project, and what it leaves to it."""

from __future__ import annotations

from viral_assets.defs.assets.scoring import selection_options
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.projects.model import Minima
from viral_assets_tests.scoring.examples import project


def test_the_minima_of_a_run_treat_the_unknown_as_the_project_says() -> None:
    picky = project(minima={"likes": 3, "unknown": "fail"})
    options = selection_options(picky, RunOptions(min_followers=5), duplicate_similarity=0.9)
    assert options.minima == Minima(followers=5, likes=3, unknown="fail")
    assert selection_options(project(), RunOptions(), duplicate_similarity=0.9).minima == Minima(unknown="pass")
