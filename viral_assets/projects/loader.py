"""All project files of a folder. One that cannot be used stops its own project and no other one.

Reading one file is in ``document``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.projects.document import find_name, load_project
from viral_assets.projects.model import Project

__all__ = ["Projects", "load_project", "load_projects", "project_files", "select_projects"]

ENDINGS = (".yml", ".yaml")

MAKE_ONE = "let `viral-assets init FOLDER` lay out a folder with one"

MOST_NAMED = 3
"""Files that one line says the problem of."""


class Projects(Mapping[str, Project]):
    """The projects that can be used, by name, sorted.

    Args:
        usable: by name.
        unusable: what is wrong with the other files, in the order of the files.
    """

    def __init__(self, usable: Mapping[str, Project], unusable: Iterable[ProjectFileError] = ()) -> None:
        self._usable = dict(sorted(usable.items()))
        self.unusable = tuple(unusable)

    def __getitem__(self, name: str) -> Project:
        return self._usable[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._usable)

    def __len__(self) -> int:
        return len(self._usable)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line about each file that cannot be used."""
        return tuple(f"left out, while the other projects go on: {error}" for error in self.unusable)

    def problem_with(self, name: str) -> ProjectFileError | None:
        """Why the project of this name cannot be used; None where no file is known to be its file.

        What the file says its name is counts; where that cannot be read, what the file is called.
        """
        named = (error for error in self.unusable if (error.project or error.path.stem) == name)
        return next(named, None)


def load_projects(folder: Path) -> Projects:
    """All projects of a folder. Of two files with the same name neither is used: nobody knows which one is meant.

    Raises:
        ProjectFileError: there is no folder or no file in it, or none of the files can be used.
    """
    if not folder.is_dir():
        raise ProjectFileError(
            folder,
            f"there is no such folder of project files (VIRAL_ASSETS_PROJECTS_DIR); {MAKE_ONE}",
        )
    paths = project_files(folder)
    if not paths:
        raise ProjectFileError(
            folder, f"holds no project file (*.yml); copy the demo project and change it, or {MAKE_ONE}"
        )
    read = {path: _read(path) for path in paths}
    by_name: dict[str, list[Path]] = {}
    for path, found in read.items():
        name = found.name if isinstance(found, Project) else found.project
        if name is not None:
            by_name.setdefault(name, []).append(path)
    usable: dict[str, Project] = {}
    unusable: list[ProjectFileError] = []
    for path, found in read.items():
        if isinstance(found, ProjectFileError):
            unusable.append(found)
        elif others := [other.name for other in by_name[found.name] if other != path]:
            unusable.append(_ambiguous(path, found.name, others))
        else:
            usable[found.name] = found
    if not usable:
        raise _none_of_them(folder, unusable)
    return Projects(usable, unusable)


def project_files(folder: Path) -> list[Path]:
    """The files of a folder that projects are read from, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS and not path.name.startswith("."))


def select_projects(projects: Projects, names: Iterable[str] | None) -> dict[str, Project]:
    """The projects of these names, in the order of ``projects``; all that can be used for None.

    Raises:
        ProjectFileError: the file of one of them cannot be used.
        UnknownProjectError: there is no project of one of the names; the message lists those there are.
    """
    if names is None:
        return dict(projects)
    wanted = list(names)
    for name in wanted:
        if name not in projects:
            raise projects.problem_with(name) or _unknown(name, projects)
    return {name: project for name, project in projects.items() if name in wanted}


def _read(path: Path) -> Project | ProjectFileError:
    try:
        return load_project(path)
    except ProjectFileError as error:
        return error


def _ambiguous(path: Path, name: str, others: list[str]) -> ProjectFileError:
    _, line = find_name(path)
    too = f"{name!r} is the name in {', '.join(others)} too, so neither is used"
    error = ProjectFileError(path, too, key="name", line=line)
    error.project = name
    return error


def _none_of_them(folder: Path, unusable: list[ProjectFileError]) -> ProjectFileError:
    if len(unusable) == 1:
        return unusable[0]
    more = len(unusable) - MOST_NAMED
    named = "; ".join(map(str, unusable[:MOST_NAMED])) + (f"; and {more} more" if more > 0 else "")
    return ProjectFileError(folder, f"none of its {len(unusable)} project files can be used: {named}")


def _unknown(name: str, projects: Projects) -> UnknownProjectError:
    guess = get_close_matches(name, projects, n=1)
    hint = f"did you mean {guess[0]}? " if guess else ""
    known = ", ".join(projects) or "none"
    wrong = ", ".join(error.path.name for error in projects.unusable)
    left_out = f"; not usable: {wrong}" if wrong else ""
    return UnknownProjectError(f"there is no project {name!r}; {hint}known projects: {known}{left_out}")
