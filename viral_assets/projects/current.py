"""The projects of a folder as they are now, for what asks again and again: files that nobody has touched since are not
read again."""

from __future__ import annotations

import time
from pathlib import Path

from viral_assets.projects.loader import Projects, load_projects, project_files

SETTLED_NS = 2_000_000_000
"""A file that was changed so short a time ago may be changed again without its time or its size telling."""

_State = tuple[tuple[str, int, int, int], ...]


class CurrentProjects:
    """Called, it gives what :func:`~viral_assets.projects.loader.load_projects` gives for the folder, errors too.

    Args:
        folder: of project files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[_State, Projects] | None = None

    def __call__(self) -> Projects:
        state = self._state()
        if self._known is not None and state and self._known[0] == state:
            return self._known[1]
        projects = load_projects(self._folder)
        settled = state and time.time_ns() - max(changed for _, changed, _, _ in state) > SETTLED_NS
        self._known = (state, projects) if settled else None
        return projects

    def _state(self) -> _State:
        """What changes when a file does; empty where that cannot be told."""
        try:
            seen = [(path.name, path.stat()) for path in project_files(self._folder)]
        except OSError:
            return ()
        return tuple((name, stat.st_mtime_ns, stat.st_size, stat.st_ino) for name, stat in seen)
