"""Where replies take the approval of two people, as the project files say now."""

from __future__ import annotations

from collections.abc import Callable

from viral_assets.errors import ProjectFileError
from viral_assets.projects.loader import Projects, project_files
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.vocabulary import FLAGGED_ONES


def second_approval(load: Callable[[], Projects]) -> SecondApproval:
    """What the files say that ``load`` reads. A file that cannot be used might ask for two people, so it does; where
    there is no file at all, nobody asks."""
    try:
        projects = load()
    except ProjectFileError as error:
        folder = error.path if error.path.is_dir() else error.path.parent
        return SecondApproval(every=True) if folder.is_dir() and project_files(folder) else NOWHERE
    asking = {name for name, project in projects.items() if project.review.second_approval == FLAGGED_ONES}
    unknown = {error.project or error.path.stem for error in projects.unusable}
    return SecondApproval(frozenset(asking | unknown))
