"""The project files, read once a run: a run that began with one version of a project ends with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from viral_assets.projects.loader import Projects, load_projects, select_projects
from viral_assets.projects.model import Project
from viral_assets.queries.second_approval import second_approval
from viral_assets.settings import load_settings
from viral_assets.store.second_approval import SecondApproval


class ProjectsResource(dg.ConfigurableResource[Any]):
    """The projects of one folder."""

    folder: str | None = Field(
        default=None,
        description="Folder with one YAML file a project. Null: VIRAL_ASSETS_PROJECTS_DIR, else projects/.",
    )
    _projects: Projects = PrivateAttr(default_factory=lambda: Projects({}))

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Read the files.

        Raises:
            ViralAssetsError: none of them can be used, or there is none.
        """
        self._projects = load_projects(Path(self.folder) if self.folder else load_settings().projects_dir)

    def select(self, names: Sequence[str]) -> Mapping[str, Project]:
        """The named projects by name; all that can be used when no name is given.

        Raises:
            ProjectFileError: the file of one that is named cannot be used.
            UnknownProjectError: there is no project of that name; the message lists those there are.
        """
        return select_projects(self._projects, list(names) or None)

    def second_approval(self) -> SecondApproval:
        """Where replies take the approval of two people."""
        return second_approval(lambda: self._projects)

    def replaced(self, names: Sequence[str]) -> list[str] | None:
        """Whose rows a run for these projects replaces; None for everybody's.

        What an hour holds of a project whose file is only wrong stays until the file is right again.
        """
        if names:
            return list(names)
        return list(self._projects) if self._projects.unusable else None

    def left_out(self, names: Sequence[str]) -> tuple[str, ...]:
        """A line about each file that a run for these projects does without; a run for named ones misses none."""
        return () if names else self._projects.warnings
