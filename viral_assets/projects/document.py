"""A project file into a :class:`~viral_assets.projects.model.Project`, with errors that name file, key and line.

What a project may say is in ``model``; all files of a folder together are in ``loader``.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from viral_assets.errors import ProjectFileError
from viral_assets.projects.model import Project

MOST_KEYS = 100_000


def load_project(path: Path, content: bytes | None = None) -> Project:
    """The project of one file.

    Args:
        content: to be read instead of what the file holds.

    Raises:
        ProjectFileError: the file cannot be read or used; the message names the key and the line.
    """
    try:
        return _parsed(path, _read(path) if content is None else content)
    except ProjectFileError as error:
        error.project, _ = find_name(path)
        raise


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProjectFileError(path, f"cannot be read ({error.strerror})") from None


@lru_cache(maxsize=64)
def _parsed(path: Path, content: bytes) -> Project:
    """Remembered by all that it depends on: a command reads its projects three times, the review page at each click."""
    return _Document(path, content).project()


_NAME = re.compile(r"""^name:[ \t]*["']?([a-z0-9][a-z0-9_-]{0,63})["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)


def find_name(path: Path) -> tuple[str | None, int | None]:
    """The name that a file gives its project, and on which line, where a line says it; also of a file that cannot be
    used otherwise."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return None, None
    found = _NAME.search(text)
    return (found[1], text.count("\n", 0, found.start()) + 1) if found else (None, None)


Key = tuple[int | str, ...]


class _Document:
    """One YAML file, and on which line each of its keys stands."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._lines: dict[Key, int] = {}
        text = self._decoded(content)
        try:
            # Not libyaml's loader: what is nested deeply ends the process with it, instead of being an error.
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            if root is None:
                raise ProjectFileError(path, "is empty; a project needs name, taxonomy and voice")
            self._note(root, ())
            self._values = loader.construct_document(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join(part for part in (error.context, error.problem) if part)
            raise ProjectFileError(path, f"is not YAML: {problem}", line=mark.line + 1 if mark else None) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise ProjectFileError(path, f"holds the control character {error.character:#x}", line=line) from None
        except RecursionError:
            raise ProjectFileError(path, "is nested too deeply, or an alias contains itself") from None
        except ValueError as error:  # a date like 2026-13-45
            raise ProjectFileError(path, f"is not usable YAML: {error}") from None

    def project(self) -> Project:
        if not isinstance(self._values, dict):
            raise ProjectFileError(self._path, "needs keys and values, such as 'name: my-project'", line=1)
        try:
            return Project.model_validate(self._values)
        except ValidationError as error:
            first = min(error.errors(include_url=False), key=self._precedence)
            raise self.error(_explain(first, _key(first)), _key(first)) from None

    def error(self, problem: str, key: Key) -> ProjectFileError:
        return ProjectFileError(self._path, problem, key=".".join(map(str, key)), line=self._line(key))

    def _precedence(self, problem: ErrorDetails) -> tuple[bool, bool, int]:
        """Causes before consequences: a misspelt key before the missing one, a bad item before the list left empty by
        it; else from top to bottom."""
        kind = problem["type"]
        return kind != "extra_forbidden", kind == "too_short", self._line(_key(problem)) or 0

    def _decoded(self, content: bytes) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            problem = f"is not UTF-8 (byte {content[error.start]:#04x}); save it as UTF-8"
            raise ProjectFileError(self._path, problem, line=line) from None

    def _line(self, key: Key) -> int | None:
        """The line of a key; where it is missing, that of what it is missing from."""
        while key not in self._lines and key:
            key = key[:-1]
        return self._lines.get(key)

    def _note(self, node: yaml.Node, key: Key) -> None:
        self._lines.setdefault(key, node.start_mark.line + 1)
        if len(self._lines) > MOST_KEYS:  # aliases of aliases of aliases
            raise ProjectFileError(self._path, f"has more than {MOST_KEYS:,} keys and values")
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self._note(item, (*key, position))
        elif isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                inner = (*key, str(name.value))
                line = name.start_mark.line + 1
                if inner in self._lines:
                    raise ProjectFileError(
                        self._path,
                        f"stands here a second time (first on line {self._lines[inner]})",
                        key=".".join(map(str, inner)),
                        line=line,
                    )
                self._lines[inner] = line
                self._note(value, inner)


def _key(problem: ErrorDetails) -> Key:
    return tuple(problem["loc"])


_NEEDS = {
    "string_type": "needs text",
    "int_type": "needs a whole number",
    "int_parsing": "needs a whole number",
    "int_from_float": "needs a whole number",
    "float_type": "needs a number",
    "float_parsing": "needs a number",
    "finite_number": "needs a finite number",
    "tuple_type": "needs a list",
    "frozen_set_type": "needs a list",
    "model_type": "needs keys and values of its own",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def _explain(problem: ErrorDetails, key: Key) -> str:
    """What is wrong and what would be right, in one line."""
    kind, given = problem["type"], problem["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        known = _known_keys(key[:-1])
        guess = get_close_matches(str(key[-1]), known, n=1)
        return "is not a known key; " + (f"did you mean {guess[0]}?" if guess else f"known keys: {', '.join(known)}")
    if kind == "string_pattern_mismatch" and key[-1] == "name":
        return f"needs lower-case letters, digits, - and _, not {given!r}"
    message = _NEEDS.get(kind) or problem["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f"{message}, and this is {_as_yaml(given)}; put it in quotes"
    if isinstance(given, str | bool | int | float) and given != "" and kind != "value_error":
        return f"{message}, not {_as_yaml(given)}"
    return message


def _as_yaml(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)[:60]


def _known_keys(key: Key) -> list[str]:
    """The keys that the model at ``key`` has."""
    model: Any = Project
    for part in key:
        if isinstance(part, str) and isinstance(model, type) and issubclass(model, BaseModel):
            model = model.model_fields[part].annotation
        elif isinstance(part, int):
            model = getattr(model, "__args__", (model,))[0]
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
