"""The names of columns that project files bring, for files that are everybody's."""

from __future__ import annotations

from pathlib import Path

from viral_assets.errors import ConfigurationError
from viral_assets.projects.loader import load_projects
from viral_assets.sources.parsers.column_names import merge_names


def columns_of_projects(folder: Path) -> tuple[dict[str, tuple[str, ...]], str | None]:
    """What tables call their columns, as any project says under ``sources.columns``.

    Tweets can be read without that: where the projects cannot be used there are no names, but the problem with them.

    Args:
        folder: of the project files.
    """
    try:
        projects = load_projects(folder)
        return merge_names({name: dict(project.sources.columns) for name, project in projects.items()}), None
    except ConfigurationError as error:
        return {}, str(error)
