"""Changing a project file without its owner noticing anything but the change: comments, order, spelling and mode stay.

The new file is read by the project's own loader before it takes the old one's place; where that says anything but the
old project with the changes, nothing is written. How the text is edited is in ``projects.edits``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.projects.edits import Add, CannotEditError, Change, Put, changed, edited
from viral_assets.projects.loader import load_project, project_files
from viral_assets.projects.model import Project, Thresholds, Weights
from viral_assets.whole_files import NotWrittenError, replaced_binary_file

BACKUP_ENDING = ".bak"
"""Beside the file, and no project to the loader."""

MEANWHILE = "was changed meanwhile"


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    """The folder that projects are read from.

    Args:
        path: the folder.
        bundled: one that is part of the package, and in which nothing is changed.
    """

    path: Path
    bundled: Path | None = None

    def find(self, name: str) -> Path:
        """The file of the project of this name.

        Raises:
            UnknownProjectError: there is none that can be used.
        """
        for path in project_files(self.path):
            with suppress(ProjectFileError):  # another project's, which holds up nobody else
                if load_project(path).name == name:
                    return path
        raise UnknownProjectError(f"there is no project {name!r} in {self.path}")

    def find_changeable(self, name: str) -> Path:
        """The same, of a file that may be changed.

        Raises:
            UnknownProjectError: there is none that can be used.
            ProjectFileError: it is part of the package, is somebody else's to change, or cannot be written.
        """
        path = self.find(name)
        real = path.resolve()
        if self.bundled is not None and real.parent == self.bundled.resolve():
            raise ProjectFileError(
                path, "is part of the package and stays; `viral-assets init FOLDER` makes a project of yours"
            )
        if real.stat().st_mode & 0o222 == 0 or not os.access(real, os.W_OK) or not os.access(real.parent, os.W_OK):
            raise ProjectFileError(path, "is read-only here; change it where it comes from")
        return path


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a change: ``+`` is new, ``-`` goes, and a blank one stands beside them. They are counted from 1, those
    that go in the old file and the others in the new one."""

    sign: Literal["+", "-", " "]
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A project file as it is and as it would be."""

    path: Path
    old: bytes
    new: bytes

    @property
    def version(self) -> str:
        """Of the file as it is: by it, whoever agreed to the change is known to have seen this very file."""
        return hashlib.sha256(self.old).hexdigest()[:32]

    def lines(self, around: int = 1) -> Iterator[Line]:
        """What would change, with so many lines around."""
        old, new = (content.decode("utf-8-sig").splitlines() for content in (self.old, self.new))
        for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(around):
            for kind, first, last, new_first, new_last in group:
                if kind == "equal":
                    yield from (Line(" ", at + 1, new[at]) for at in range(new_first, new_last))
                    continue
                yield from (Line("-", at + 1, old[at]) for at in range(first, last))
                yield from (Line("+", at + 1, new[at]) for at in range(new_first, new_last))

    def write(self) -> Path:
        """Put the new file in the place of the old one, in one step. A link is followed. The file as it was stays
        beside it with the ending ``.bak``.

        Returns:
            Where the old file is.

        Raises:
            ProjectFileError: the file is another one by now, or cannot be written.
        """
        path = self.path.resolve()
        backup = path.with_name(path.name + BACKUP_ENDING)
        try:
            with replaced_binary_file(path) as file:
                file.write(self.new)
                shutil.copymode(path, file.name)
                if path.read_bytes() != self.old:
                    raise ProjectFileError(self.path, f"{MEANWHILE}; run the command again")
                shutil.copy2(path, backup)
        except NotWrittenError as error:
            raise ProjectFileError(self.path, f"cannot be written ({error.reason})") from None
        return backup


def propose(path: Path, changes: Sequence[Change], *, expected: Project | None = None) -> Proposal:
    """What a project file would be with some changes. Nothing is written.

    Args:
        expected: what the file said when it was last read.

    Raises:
        ProjectFileError: the file says something else by now, cannot be read, or is written in a way that a program
            does not change; then the message says what to put where.
    """
    try:
        old = path.read_bytes()
    except OSError as error:
        raise ProjectFileError(path, f"cannot be read ({error.strerror or error})") from None
    before = load_project(path, old)
    if expected is not None and before != expected:
        raise ProjectFileError(path, f"{MEANWHILE}; run the command again")
    after = changed(before, changes)
    mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    try:
        new = mark + edited(old.decode("utf-8-sig"), changes).encode("utf-8")
        understood = load_project(path, new)
    except (CannotEditError, ProjectFileError) as error:
        raise _by_hand(path, changes, str(getattr(error, "problem", error))) from None
    if understood != after:
        raise _by_hand(path, changes, "it shares what is to change with other keys")
    return Proposal(path, old, new)


def tuning_changes(
    project: Project,
    *,
    weights: Weights | None = None,
    thresholds: Thresholds | None = None,
    max_tweets_per_request: int | None = None,
    examples: Sequence[str] = (),
    constraints: Sequence[str] = (),
) -> list[Change]:
    """What is to change for a project to have these weights, thresholds and cap (None: as they are), more good examples
    and more constraints of its voice."""
    changes: list[Change] = []
    for name, new in (("weights", weights), ("thresholds", thresholds)):
        old = getattr(project, name).model_dump()
        wanted = new.model_dump() if new is not None else old
        changes += [Put((name, key), value) for key, value in wanted.items() if value != old[key]]
    if max_tweets_per_request is not None and max_tweets_per_request != project.generation.max_tweets_per_request:
        changes.append(Put(("generation", "max_tweets_per_request"), max_tweets_per_request))
    if examples:
        changes.append(Add(("voice", "good_examples"), tuple(examples)))
    if constraints:
        changes.append(Add(("voice", "constraints"), tuple(constraints)))
    return changes


def _by_hand(path: Path, changes: Sequence[Change], problem: str) -> ProjectFileError:
    wanted = "; ".join(change.pasted for change in changes)
    return ProjectFileError(path, f"cannot be changed by a program ({problem}); change it by hand: put {wanted}")
