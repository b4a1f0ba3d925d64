"""Changing a project file without its owner noticing anything but the change: comments, order, spelling and mode stay.

The new file is read by the project's own loader before it takes the old one's place; where that says anything but the
old project with the changes, nothing is written.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.projects.loader import load_project, project_files
from viral_assets.projects.model import Project, Thresholds, Weights

_NESTED_KEY = re.compile(r"^[\w-]+:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*( +)[\w-]+:", re.MULTILINE)

BACKUP_ENDING = ".bak"
"""Beside the file, and no project to the loader."""


def find_project_file(folder: Path, name: str) -> Path:
    """The file of the project of this name.

    Raises:
        UnknownProjectError: there is none that can be used.
    """
    for path in project_files(folder):
        with suppress(ProjectFileError):  # another project's, which holds up nobody else
            if load_project(path).name == name:
                return path
    raise UnknownProjectError(f"there is no project {name!r} in {folder}")


def changed(
    project: Project,
    *,
    weights: Weights | None = None,
    thresholds: Thresholds | None = None,
    max_tweets_per_request: int | None = None,
    examples: list[str],
) -> Project:
    """The project with these weights, thresholds and cap (None: as they are) and more good examples."""
    voice = project.voice.model_copy(update={"good_examples": (*project.voice.good_examples, *examples)})
    cap = max_tweets_per_request or project.generation.max_tweets_per_request
    return project.model_copy(
        update={
            "weights": weights or project.weights,
            "thresholds": thresholds or project.thresholds,
            "generation": project.generation.model_copy(update={"max_tweets_per_request": cap}),
            "voice": voice,
        }
    )


def write_project(path: Path, before: Project, after: Project) -> Path:
    """Put what is different in ``after`` (weights, thresholds, the cap of tweets in a request, good examples) into the
    file, in one step.

    A link is followed. The file as it was stays beside it with the ending ``.bak``.

    Args:
        before: what the file said when it was last read.

    Returns:
        Where the old file is.

    Raises:
        ProjectFileError: the file says something else by now, shares what is to change with other keys (anchors), or
            cannot be written.
    """
    path = path.resolve()
    try:
        old = path.read_bytes()
        if load_project(path) != before:
            raise ProjectFileError(path, "was changed meanwhile; run the command again")
        new = _edited(path, old, before, after)
        return _replace(path, old, new, after)
    except OSError as error:
        raise ProjectFileError(path, f"cannot be written ({error.strerror or error})") from None


def _edited(path: Path, old: bytes, before: Project, after: Project) -> bytes:
    text = old.decode("utf-8-sig")
    windows = "\r\n" in text
    try:
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 1_000_000  # lines are as long as their author wants them
        _, sequence, offset = load_yaml_guess_indent(text)
        nested = _NESTED_KEY.search(text)
        yaml.indent(
            mapping=len(nested[1]) if nested else 2, sequence=sequence or 4, offset=2 if offset is None else offset
        )
        yaml.explicit_start = text.startswith("---") or None
        document: Any = yaml.load(text)
        for key in ("weights", "thresholds"):
            if getattr(after, key) != getattr(before, key):
                _set(document, key, getattr(after, key).model_dump())
        cap = after.generation.max_tweets_per_request
        if cap != before.generation.max_tweets_per_request:
            _set(document, "generation", {"max_tweets_per_request": cap})
        added = after.voice.good_examples[len(before.voice.good_examples) :]
        if added:
            _extend(document["voice"], "good_examples", list(added))
        out = io.StringIO()
        yaml.dump(document, out)
    except (YAMLError, ValueError, TypeError, AttributeError) as error:
        problem = " ".join(str(error).split())[:120]
        raise ProjectFileError(path, f"cannot be changed by a program ({problem}); change it by hand") from None
    written = out.getvalue()
    mark = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    return mark + (written.replace("\r\n", "\n").replace("\n", "\r\n") if windows else written).encode("utf-8")


def _set(document: CommentedMap, key: str, values: dict[str, float]) -> None:
    if not isinstance(document.get(key), dict):
        document[key] = CommentedMap()
    for name, value in values.items():
        if document[key].get(name) != value:
            document[key][name] = value


def _extend(voice: CommentedMap, key: str, texts: list[str]) -> None:
    if not isinstance(voice.get(key), list):
        voice[key] = CommentedSeq()
    examples = voice[key]
    # Comments before the next key hang on the last item, and should stay where they are.
    trailing = examples.ca.items.pop(len(examples) - 1, None) if isinstance(examples, CommentedSeq) else None
    examples.extend(texts)
    if trailing is not None:
        examples.ca.items[len(examples) - 1] = trailing


def _replace(path: Path, old: bytes, new: bytes, after: Project) -> Path:
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    backup = path.with_name(path.name + BACKUP_ENDING)
    try:
        with temporary.open("xb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, temporary)
        try:
            understood = load_project(temporary)
        except ProjectFileError as error:
            raise ProjectFileError(
                path, f"would not be readable afterwards ({error.problem}); change it by hand"
            ) from None
        if understood != after:
            raise ProjectFileError(
                path, "shares its weights, thresholds, generation or examples with other keys; change it by hand"
            )
        if path.read_bytes() != old:
            raise ProjectFileError(path, "was changed meanwhile; run the command again")
        shutil.copy2(path, backup)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return backup
