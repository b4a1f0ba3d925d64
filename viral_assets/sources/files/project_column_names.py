"""The names of columns that project files bring, for files that are everybody's."""

from __future__ import annotations

from pathlib import Path

from viral_assets.errors import ConfigurationError
from viral_assets.projects.loader import load_projects
from viral_assets.sources.parsers.column_names import merge_names


def columns_of_projects(folder: Path) -> tuple[dict[str, tuple[str, ...]], str | None]:
    """What tables call their columns, as any project says under ``sources.columns``.

    Tweets can be read without that: where a project cannot be used there are none of its names, but the problem with
    it.

    Args:
        folder: of the project files.

    Returns:
        The names by field, and a line about each file whose names are missing; None without any.
    """
    try:
        projects = load_projects(folder)
        names = merge_names({name: dict(project.sources.columns) for name, project in projects.items()})
    except ConfigurationError as error:
        return {}, str(error)
    return names, "; ".join(map(str, projects.unusable)) or None
