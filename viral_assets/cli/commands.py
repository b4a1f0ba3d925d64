"""What a command and a group of them are here: typer's, with a help that says of a flag nothing but what it does, and
values that no command can use refused before it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from typer.core import TyperCommand, TyperGroup

from viral_assets.errors import ConfigurationError

_NOTHING_GIVEN = re.compile(r"--[a-z-]+=")

LARGEST = 2**63 - 1
"""Neither database takes a larger number."""


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options, and typer's own."""
        return _without_types_of_flags(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does. An error of its parser, a value that is missing, knows no command otherwise.

        Raises:
            ConfigurationError: a value is empty, is no text in UTF-8, or is a number that no database takes.
        """
        if any(not each or _NOTHING_GIVEN.fullmatch(each) for each in args):
            # A path of no characters would be the folder one is in.
            raise ConfigurationError(
                f"a value of `{ctx.command_path}` is empty: give one, or leave it out; perhaps a variable is not set"
            )
        try:
            rest = super().parse_args(ctx, args)
        except Exception as error:
            if getattr(error, "ctx", ctx) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise
        _refuse_unusable(ctx.params, self.params)
        return rest


class Group(TyperGroup):
    """Several commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The group's own options, and typer's."""
        return _without_types_of_flags(super().get_params(ctx))


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """A flag takes no value, of whichever type."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


def _refuse_unusable(values: Mapping[str, Any], params: Iterable[Any]) -> None:
    for param in params:
        value = values.get(param.name)
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str) and not _is_utf8(each):
                raise ConfigurationError(f"{_name_of(param)}: {each!r} is no text in UTF-8")
            if isinstance(each, int) and abs(each) > LARGEST:
                raise ConfigurationError(f"{_name_of(param)}: {each} is too large")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of the shell that are none; a file may have such a name, a word may not
        return False
    return True


def _name_of(param: Any) -> str:
    return str(param.opts[-1] if param.param_type_name == "option" else param.metavar or param.name)
