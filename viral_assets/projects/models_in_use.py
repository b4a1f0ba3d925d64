"""Which models projects are written with."""

from __future__ import annotations

from collections.abc import Iterable

from viral_assets.projects.model import Project


def models_in_use(projects: Iterable[Project], *, instead: str | None = None) -> dict[str, list[str]]:
    """The models that will be asked, in the order of the projects, and the names of the projects that each writes for.

    Args:
        instead: the one model for all, where something (``GEMINI_MODEL``) says so.
    """
    used: dict[str, list[str]] = {}
    for project in projects:
        for model in (instead,) if instead else project.generation.models:
            used.setdefault(model, []).append(project.name)
    return used
