"""Changing a project file as its owner would: a value here, a line there, and every other character as it was.

The text is never written anew from what it means. A YAML parser says where in it things stand, and the new piece is put
into that place. What is added from outside is always one quoted scalar on one line, whatever it looks like.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel

from viral_assets.projects.document import Key

_STEP = 2
"""Of the indentation that is added where a key is new."""

_BLOCK_SCALARS = ("|", ">")
_ESCAPED = {"\\": "\\\\", '"': '\\"'}

Model = TypeVar("Model", bound=BaseModel)


class CannotEditError(ValueError):
    """The text is written in a way that these edits do not know. The message says which, in a few words."""


@dataclass(frozen=True, slots=True)
class Put:
    """A number at a key (``("weights", "velocity")``), which may be new."""

    key: Key
    value: float

    @property
    def pasted(self) -> str:
        """What a person would type."""
        return f"{dotted(self.key)}: {self.value!r}"


@dataclass(frozen=True, slots=True)
class Add:
    """Texts at the end of the list at a key (``("taxonomy", 0, "exemplars")``), which may be new."""

    key: Key
    texts: tuple[str, ...]

    @property
    def pasted(self) -> str:
        """What a person would type."""
        return f"{', '.join(map(quoted, self.texts))} in {dotted(self.key)}"


Change = Put | Add


def dotted(key: Key) -> str:
    """``taxonomy.0.exemplars``, as errors name keys."""
    return ".".join(map(str, key))


def changed(model: Model, changes: Iterable[Change]) -> Model:
    """A project with the changes."""
    for change in changes:
        model = _changed(model, change.key, change)
    return model


def edited(text: str, changes: Iterable[Change]) -> str:
    """The text of a project file with the changes.

    Raises:
        CannotEditError: a place is written in a way that is not known here.
    """
    for change in changes:
        text = _edited(text, change)
    return text


def quoted(text: str) -> str:
    """A YAML scalar in double quotes on one line, which is this text and nothing else."""
    return '"' + "".join(_ESCAPED.get(character) or _readable(character) for character in text) + '"'


def _readable(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def _changed(value: Any, key: Key, change: Change) -> Any:
    if not key:
        return change.value if isinstance(change, Put) else (*value, *change.texts)
    name, *rest = key
    if isinstance(value, BaseModel):
        return value.model_copy(update={str(name): _changed(getattr(value, str(name)), tuple(rest), change)})
    return tuple(_changed(item, tuple(rest), change) if at == name else item for at, item in enumerate(value))


def _edited(text: str, change: Change) -> str:
    try:
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise CannotEditError(f"is not YAML: {error}") from None
    for depth, part in enumerate(change.key):
        child = _child(node, part)
        if child is None:
            return _with_key(text, node, change.key[depth:], change)
        node = child
    if isinstance(change, Add):
        return _with_items(text, node, change.texts)
    starts, ends = node.start_mark.index, node.end_mark.index
    if not isinstance(node, yaml.ScalarNode) or "\n" in text[starts:ends]:
        raise CannotEditError(f"{dotted(change.key)} is no number")
    return f"{text[:starts]}{change.value!r}{text[ends:]}"


def _child(node: Any, part: int | str) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part]
    return None


def _with_items(text: str, node: Any, texts: tuple[str, ...]) -> str:
    if not isinstance(node, yaml.SequenceNode):
        raise CannotEditError("what should be a list is none")
    if node.flow_style:
        return _within_brackets(text, node, node.value, ", ".join(map(quoted, texts)))
    last = node.value[-1]
    begins = text.rfind("\n", 0, last.start_mark.index) + 1
    line = text[begins : last.start_mark.index]
    before = line[: len(line) - len(line.lstrip(" -"))]
    if before.count("-") != 1:
        raise CannotEditError("its list is laid out in an unusual way")
    return _after_line(text, _end(text, last), [before + quoted(each) for each in texts])


def _with_key(text: str, node: Any, names: Key, change: Change) -> str:
    if not isinstance(node, yaml.MappingNode) or not all(isinstance(name, str) for name in names):
        raise CannotEditError(f"there is no {dotted(names)}")
    if node.flow_style:
        value = repr(change.value) if isinstance(change, Put) else f"[{', '.join(map(quoted, change.texts))}]"
        opening = "".join(f"{name}: {{" for name in names[:-1])
        piece = f"{opening}{names[-1]}: {value}{'}' * (len(names) - 1)}"
        return _within_brackets(text, node, [value for _, value in node.value], piece)
    column = node.value[0][0].start_mark.column
    lines = [f"{' ' * (column + _STEP * depth)}{name}:" for depth, name in enumerate(names)]
    if isinstance(change, Put):
        lines[-1] += f" {change.value!r}"
    else:
        lines += [f"{' ' * (column + _STEP * len(names))}- {quoted(each)}" for each in change.texts]
    return _after_line(text, _end(text, node), lines)


def _within_brackets(text: str, node: Any, inside: list[Any], piece: str) -> str:
    """With a piece behind the last thing that stands in ``[...]`` or ``{...}``."""
    at = _end(text, inside[-1]) if inside else node.start_mark.index + 1
    if not node.start_mark.index < at < node.end_mark.index:
        raise CannotEditError("it ends with an alias")
    return f"{text[:at]}{', ' if inside else ''}{piece}{text[at:]}"


def _after_line(text: str, at: int, lines: list[str]) -> str:
    """With more lines after the one in which ``at`` is."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = newline.join(lines)
    ends = text.find("\n", at)
    if ends < 0:
        return f"{text}{newline}{added}{newline}"
    return f"{text[: ends + 1]}{added}{newline}{text[ends + 1 :]}"


def _end(text: str, node: Any) -> int:
    """Where the last character of a node is followed by what is not its own."""
    if isinstance(node, yaml.ScalarNode):
        ends: int = node.end_mark.index
        return len(text[:ends].rstrip()) if node.style in _BLOCK_SCALARS else ends
    if node.flow_style:
        closed: int = node.end_mark.index
        return closed
    last = node.value[-1]
    return _end(text, last[1] if isinstance(node, yaml.MappingNode) else last)
