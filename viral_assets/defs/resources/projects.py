"""The project files, read once a run: a run that began with one version of a project ends with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from viral_assets.projects.loader import load_projects, select_projects
from viral_assets.projects.model import Project
from viral_assets.settings import load_settings


class ProjectsResource(dg.ConfigurableResource[Any]):
    """The projects of one folder."""

    folder: str | None = Field(
        default=None,
        description="Folder with one YAML file a project. Null: VIRAL_ASSETS_PROJECTS_DIR, else projects/.",
    )
    _projects: Mapping[str, Project] = PrivateAttr(default_factory=dict)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the files.

        Raises:
            ViralAssetsError: one of them cannot be used, or there is none.
        """
        self._projects = load_projects(Path(self.folder) if self.folder else load_settings().projects_dir)

    def select(self, names: Sequence[str]) -> Mapping[str, Project]:
        """The named projects by name; all when no name is given.

        Raises:
            UnknownProjectError: there is no project of that name; the message lists those there are.
        """
        return select_projects(self._projects, list(names) or None)
