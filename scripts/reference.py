"""Write the reference pages from the code: ``docs/reference/cli.md`` and ``docs/reference/python.md``.

``make docs`` runs it; a test says so when a committed page is not what the code says any more. What it writes
depends on the code alone: not on the terminal's width, nor on the versions of Python and typer.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

PAGES = Path(__file__).resolve().parent.parent / "docs" / "reference"

GENERATED = "<!-- Written by scripts/reference.py from the code: change it there, then `make docs`. -->"

# Where the names for people who write Python are: module, and what of it is public.
PUBLIC: dict[str, tuple[str, ...] | None] = {
    "viral_assets.generation": None,
    "viral_assets.quota": ("Limits",),
    "viral_assets.store.engine": ("Database",),
    "viral_assets.errors": None,
}
"""None: all that its ``__all__`` names, or that is defined in it."""

_SECTIONS = ("Args", "Returns", "Raises", "Yields", "Attributes")


def pages() -> dict[str, str]:
    """What each page should say now, by its file name."""
    return {"cli.md": cli_page(), "python.md": python_page()}


def cli_page() -> str:
    """Every command, its arguments and options, from the application itself."""
    from viral_assets.cli.app import app

    root: Any = typer.main.get_command(app)
    more = (
        "`-h` or `--help` shows the same for each command, `--version` the version. "
        "[Commands](../commands.md) says what they are for."
    )
    parts = ["# Command line", GENERATED, _plain(root.help), more]
    for name, command in _leaves("viral-assets", root):
        parts += [f"## {name}", *_command(name, command)]
    return "\n\n".join(parts) + "\n"


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    for each, below in command.commands.items():
        if hasattr(below, "commands"):
            yield from _leaves(f"{name} {each}", below)
        else:
            yield f"{name} {each}", below


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    declared = _declared(command)
    yield _plain(command.help)
    yield "```console\n$ " + " ".join([name, *map(_shape, arguments), "[OPTIONS]"]) + "\n```"
    for heading, of in (("Argument", arguments), ("Option", options)):
        if of:
            rows = [f"| {_name(each, declared)} | {_default(each)} | {_cell(declared[each.name][1])} |" for each in of]
            yield "\n".join([f"| {heading} | Default | |", "|---|---|---|", *rows])
    examples = [line.strip() for line in _plain(command.epilog or "").splitlines()]
    yield "```console\n" + "\n".join(f"$ {line}" for line in examples if line.startswith("viral-assets")) + "\n```"


def _shape(argument: Any) -> str:
    shape: str = argument.metavar or argument.name.upper()
    shape += "..." if argument.nargs == -1 else ""
    return shape if argument.required else f"[{shape}]"


def _declared(command: Any) -> dict[str, tuple[str, str]]:
    """For each parameter as it is declared: what may be given where that is one of a few words, and its help.

    typer's own objects have both too, but not at the same place in all of its versions.
    """
    found = {}
    for name, hint in typing.get_type_hints(inspect.unwrap(command.callback), include_extras=True).items():
        words = [each for each in _parts(hint) if inspect.isclass(each) and issubclass(each, Enum)]
        choices = "|".join(str(member.value) for of in words for member in of)
        helps = [each.help for each in getattr(hint, "__metadata__", ()) if getattr(each, "help", None)]
        found[name] = choices, _plain("".join(helps))
    return found


def _parts(hint: object) -> Iterator[object]:
    yield hint
    for each in typing.get_args(hint):
        yield from _parts(each)


def _name(parameter: Any, declared: Mapping[str, tuple[str, str]]) -> str:
    if parameter.param_type_name == "argument":
        return _code(_shape(parameter))
    value = "" if parameter.is_flag else f" {parameter.metavar or declared[parameter.name][0] or 'VALUE'}"
    return ", ".join(_code(f"{flag}{value}") for flag in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    default = parameter.default
    if isinstance(default, Enum):
        default = default.value
    if default is True and parameter.secondary_opts:
        return _code(parameter.opts[0])
    if default is False and parameter.secondary_opts:
        return _code(parameter.secondary_opts[0])
    if not isinstance(default, str | int | float) or isinstance(default, bool) or default == "":
        return ""
    return _code(str(default)) if parameter.show_default else ""


def _plain(markup: str) -> str:
    return Text.from_markup(markup).plain.strip()


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def python_page() -> str:
    """Every public name, its signature and what its docstring says."""
    introduction = (
        "What other programs may import; these names stay. [Writing suggestions from a script](../generation.md) "
        "introduces them with examples."
    )
    parts = ["# Python", GENERATED, introduction]
    for module_name, names in PUBLIC.items():
        module = importlib.import_module(module_name)
        parts += [f"## {module_name}", _prose(module.__doc__ or "")]
        for name in names or _public(module):
            parts += _object(name, getattr(module, name))
    return "\n\n".join(part for part in parts if part) + "\n"


def _public(module: Any) -> Iterable[str]:
    if hasattr(module, "__all__"):
        return sorted(module.__all__, key=str.lower)
    # In the order in which they are written: a family's parent before its children.
    return [name for name, each in vars(module).items() if getattr(each, "__module__", "") == module.__name__]


def _object(name: str, thing: Any) -> Iterator[str]:
    yield f"### {name}"
    if not inspect.isclass(thing):
        yield _signature(name, thing)
        yield _prose(thing.__doc__ or "")
        return
    if not issubclass(thing, Exception):
        yield _signature(name, thing)
    elif thing.__bases__[0] is not Exception:
        yield f"A `{thing.__bases__[0].__name__}`."
    # A dataclass without a docstring gets one made of its signature, which differs between versions of Python.
    yield _prose("" if (thing.__doc__ or "").startswith(f"{name}(") else thing.__doc__ or "")
    for method, each in vars(thing).items():
        if method.startswith("_"):
            continue
        if isinstance(each, property) and each.fget is not None:
            yield f"#### {name}.{method}"
            yield f"```python\n{method}: {each.fget.__annotations__.get('return', 'Any')}\n```"
            yield _prose(each.__doc__ or "")
        elif inspect.isfunction(each):
            yield f"#### {name}.{method}"
            yield _signature(method, each)
            yield _prose(each.__doc__ or "")


def _signature(name: str, thing: Callable[..., Any]) -> str:
    signature = inspect.signature(thing)
    kept = [each for each in signature.parameters.values() if each.name != "self"]
    parts: list[str] = []
    keyword_only = False
    for each in kept:
        if each.kind is each.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        parts.append(_parameter(each))
    asynchronous = "async " if inspect.iscoroutinefunction(thing) else ""
    returned = signature.return_annotation
    arrow = "" if inspect.isclass(thing) or returned is signature.empty else f" -> {_annotation(returned)}"
    line = f"{asynchronous}{name}({', '.join(parts)}){arrow}"
    if len(line) > 88:
        line = f"{asynchronous}{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){arrow}"
    return f"```python\n{line}\n```"


def _parameter(parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    text = f"{stars}{parameter.name}"
    if parameter.annotation is not parameter.empty:
        text += f": {_annotation(parameter.annotation)}"
    if parameter.default is not parameter.empty:
        plain = parameter.default is None or isinstance(parameter.default, str | int | float | tuple)
        text += f" = {parameter.default!r}" if plain else " = ..."
    return text


def _annotation(annotation: object) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _prose(docstring: str) -> str:
    """A docstring as Markdown: its sections become lists, its examples code."""
    text = re.sub(r":[\w:]+:`~?(?:[\w.]*\.)?([^`]+)`", r"`\1`", inspect.cleandoc(docstring)).replace("``", "`")
    parts: list[str] = []
    for block in text.split("\n\n"):
        heading, _, rest = block.partition("\n")
        if heading.rstrip(":") in _SECTIONS and heading.endswith(":"):
            parts.append(f"*{heading}*\n\n{_items(inspect.cleandoc(chr(10) + rest))}")
        elif block.startswith(">>>"):
            parts.append(f"```pycon\n{block}\n```")
        else:
            parts.append(" ".join(block.split()))
    return "\n\n".join(part for part in parts if part)


def _items(text: str) -> str:
    if not re.match(r"[\w*]+(?: \([^)]*\))?: ", text):
        return " ".join(text.split())
    items = re.split(r"\n(?=\S)", text)
    return "\n".join("- " + re.sub(r"^([\w*]+):", r"`\1`:", " ".join(item.split())) for item in items)


def main() -> int:
    """Write the pages. Returns the exit code."""
    PAGES.mkdir(exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
