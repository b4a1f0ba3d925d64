"""How the commands speak: tables and sentences for a person, one JSON line for a program, one line per error.

Results go to standard output; progress and errors to standard error. With ``--json`` everything for a person moves
to standard error, so that standard output is the JSON line alone. File names, handles and tweets are untrusted:
they pass through :func:`plain` before a terminal sees them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table
    from rich.text import Text

    from viral_assets.settings import Settings

PROGRAM = "viral-assets"

LONGEST_WORD = 400

LOG_WIDTH = 120
"""Columns where no terminal tells: wide enough that tables in a log keep a line per row."""


def plain(text: object) -> str:
    """The text without anything a terminal would obey: escape sequences, direction marks, line breaks."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))


def complain(message: str) -> None:
    """One line on standard error, without the secrets of the environment and whatever looks like one; of a word that
    would fill the screen its beginning and its end."""
    words = (
        word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD // 2]}…{word[-LONGEST_WORD // 4 :]}"
        for word in without_secrets(message).split()
    )
    print(f"{PROGRAM}: {plain(' '.join(words))}", file=sys.stderr)


def without_secrets(message: str) -> str:
    """The text without the secrets of the environment and whatever looks like one."""
    from viral_assets.settings import known_secrets
    from viral_assets.text.secrets import redacted

    return redacted(message, known_secrets())


def say_what_counts(settings: Settings) -> None:
    """On standard error, where what the environment says may not be what was meant: which of two different keys is
    used, and variables that are none."""
    from viral_assets.settings import misspelt_variables

    for each in (settings.which_key, *misspelt_variables()):
        if each:
            complain(each)


def print_json(payload: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    print(json.dumps(payload, default=str), flush=True)


def console(*, as_json: bool = False) -> Console:
    """Where a person reads: standard output, unless that is reserved for the JSON line."""
    from rich.console import Console

    made = Console(stderr=as_json, highlight=False)
    if not _is_watched(made):
        made.width = LOG_WIDTH
    return made


def _is_watched(where: Console) -> bool:
    """Whether it is a terminal, which ``FORCE_COLOR`` has Rich take any log for."""
    return where.is_terminal and where.file.isatty()


def say(where: Console, *parts: str | Text) -> None:
    """A sentence, taken literally (no markup) and left to the terminal to wrap, so that paths can be copied."""
    from rich.text import Text

    line = Text()
    for part in parts:
        line.append(part if isinstance(part, Text) else Text(part))
    where.print(line, soft_wrap=True)


def command(text: str) -> Text:
    """Something to type."""
    from rich.text import Text

    return Text(text, style="bold cyan")


def table(columns: Sequence[str], *, title: str | None = None, numbers: Iterable[str] = ()) -> Table:
    """An empty table; the columns named in ``queries`` are aligned to the right and never broken."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    right = set(numbers)
    for column in columns:
        made.add_column(
            column, justify="right" if column in right else "left", no_wrap=column in right, overflow="fold"
        )
    return made


def facts_table(facts: Iterable[tuple[str, str]]) -> Table:
    """Names and values, one pair a line."""
    made = table(["name", "value"])
    made.show_header = False
    for name, value in facts:
        made.add_row(name, plain(value))
    return made


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``1 min``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    big, small, units = (*divmod(whole, 60), "min s") if whole < 3600 else (*divmod(whole // 60, 60), "h min")
    unit, part = units.split()
    return f"{big} {unit} {small} {part}" if small else f"{big} {unit}"


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Progress on standard error, shown only where a person watches and gone when done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    where = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=where,
        transient=True,
        disable=not _is_watched(where),
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        yield progress
