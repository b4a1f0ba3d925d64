"""Options that several commands share, the reading of their values, and how a function becomes a command."""

from __future__ import annotations

import errno
import re
import stat
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from viral_assets.cli.commands import Command
from viral_assets.errors import ConfigurationError, UnknownProjectError
from viral_assets.hours import HOUR, YEARS, HourRange, floor_hour, hour_key, last_full_hours, parse_hour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from viral_assets.projects.loader import Projects
    from viral_assets.projects.model import Project
    from viral_assets.settings import Settings

MOST_HOURS = 100_000
"""Eleven years: more is a typing error, and dates end somewhere."""

DEFAULT_HOURS = 6

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of standard output.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="HOUR", help="First hour (UTC), like 2026-11-21T20:00 or 2026-11-21.")
]
LastHours = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST_HOURS, metavar="N", help="Tweets of the last N full hours only; all hours by default."
    ),
]
OneProject = Annotated[str | None, typer.Option(metavar="NAME", help="One project; all by default.")]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File to write; one under VIRAL_ASSETS_HOME/exports by default."),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace FILE even if it was changed since an export wrote it.")
]
Timezone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="Zone of times that tell none, like Europe/Berlin or +02:00. UTC by default."),
]
To = Annotated[str | None, typer.Option("--to", metavar="HOUR", help="End of the range (UTC); this hour is not in it.")]


def add_command(app: typer.Typer, command: Callable[..., None], *examples: str) -> None:
    """Add a function as a command of its name; its docstring is the help, whatever the width of the terminal."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in (command.__doc__ or "").split("\n\n")]
    epilog = "\n".join(["[bold]Examples[/]", *(f"  [cyan]{example}[/]" for example in examples)])
    name = command.__name__.rstrip("_").replace("_", "-")
    app.command(name, cls=Command, help="\n\n".join(paragraphs), epilog=epilog)(command)


def bytes_of(path: Path) -> bytes:
    """What is in a file that a person names. A pipe will do; a device may never end.

    Raises:
        OSError: it cannot be read.
    """
    mode = path.stat().st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EINVAL, "it is a device", str(path))
    return path.read_bytes()


def parse_instant(text: str, option: str) -> datetime:
    """An ISO time; without a zone it is UTC.

    Raises:
        ConfigurationError: naming the option.
    """
    try:
        instant = datetime.fromisoformat(text)
        if instant.year not in YEARS:
            raise ValueError
    except ValueError:
        raise ConfigurationError(f"{option}: {text!r} is not a time; write it like 2026-11-21T20:15:00Z") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")


def parse_zone(text: str) -> tzinfo:
    """A time zone: ``Europe/Berlin``, ``UTC``, ``+02:00``.

    Raises:
        ConfigurationError: naming the option.
    """
    from zoneinfo import ZoneInfo

    text = text.strip()
    if text.upper() in ("UTC", "GMT", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(text.upper())
    if offset and int(offset[2]) <= 14 and int(offset[3] or 0) < 60:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(shift if offset[1] == "+" else -shift)
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name an OSError
        raise ConfigurationError(
            f"--timezone: {text!r} is no time zone; write it like Europe/Berlin, America/New_York or +02:00"
        ) from None


def column_names(settings: Settings, project: str | None) -> Mapping[str, tuple[str, ...]]:
    """What tables call their columns, as a project says under ``sources.columns``; without a project, as any does."""
    from viral_assets.cli.output import complain
    from viral_assets.sources.files.project_column_names import columns_of_projects

    if project is not None:
        return {
            str(field): names for field, names in pick_projects(settings, [project])[project].sources.columns.items()
        }
    mapped, problem = columns_of_projects(settings.projects_dir)
    if problem and settings.projects_dir.is_dir():
        complain(f"{problem} (the names of columns that stand there are not used)")
    return mapped


def partition_hours(settings: Settings, now: datetime) -> HourRange:
    """The hours that exist: from ``VIRAL_ASSETS_START`` to the current hour, or to ``VIRAL_ASSETS_END``."""
    end = settings.end or floor_hour(now) + HOUR
    start = settings.first_hour(now)
    if end <= start:
        raise ConfigurationError(f"VIRAL_ASSETS_START: no hour lies between {hour_key(start)} and {hour_key(end)}")
    return HourRange(start, end)


def choose_hours(
    settings: Settings,
    now: datetime,
    *,
    hours_back: int | None,
    start: str | None,
    end: str | None,
    default_hours: int = DEFAULT_HOURS,
) -> HourRange:
    """The hours a person asked for: the last full ones, or ``--from`` up to (not including) ``--to``.

    An end inside an hour includes that hour. For a closed data set (``VIRAL_ASSETS_END``) "the last hours" are its
    last ones.

    Raises:
        ConfigurationError: both ways at once, an empty range, or hours that do not exist.
    """
    if start is None and end is None:
        latest = min(now, settings.end) if settings.end else now
        return last_full_hours(hours_back or default_hours, latest)
    if hours_back is not None and start is not None:
        raise ConfigurationError("give either --hours-back or --from, not both")
    last = _end_hour(end) if end is not None else min(floor_hour(now), settings.end or floor_hour(now))
    first = _hour(start, "--from") if start is not None else last - (hours_back or default_hours) * HOUR
    if last <= first:
        raise ConfigurationError(
            f"--to {last:%Y-%m-%dT%H:%M} must lie after --from {first:%Y-%m-%dT%H:%M}: its own hour is not in the range"
        )
    return HourRange(first, last)


def asked_of(settings: Settings, now: datetime, project: str | None, hours_back: int | None) -> HourRange | None:
    """The last full hours that an export is about; None for all.

    Raises:
        UnknownProjectError: there is no such project.
    """
    if project is not None:
        pick_projects(settings, [project])
    return None if hours_back is None else choose_hours(settings, now, hours_back=hours_back, start=None, end=None)


def _hour(text: str, option: str) -> datetime:
    try:
        return parse_hour(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _end_hour(text: str) -> datetime:
    hour = _hour(text, "--to")
    try:
        instant = parse_instant(text, "--to")
    except ConfigurationError:  # Dagster's own way to write an hour
        return hour
    return hour if instant == hour else hour + HOUR


def usable_projects(settings: Settings) -> Projects:
    """All projects that can be used; of each other file a line on standard error says what is wrong.

    Raises:
        ProjectFileError: none of the files can be used.
    """
    from viral_assets.cli.output import complain
    from viral_assets.projects.loader import load_projects

    projects = load_projects(settings.projects_dir)
    for warning in projects.warnings:
        complain(warning)
    return projects


def pick_projects(settings: Settings, names: Iterable[str] | None) -> Mapping[str, Project]:
    """The projects named, else all that can be used; of the others a line on standard error says what is wrong.

    Raises:
        UnknownProjectError: listing the known ones.
        ProjectFileError: the file of one that is named cannot be used, or none of the files can.
    """
    from viral_assets.projects.loader import load_projects, select_projects
    from viral_assets.settings import BUNDLED_PROJECTS

    if not names:
        return usable_projects(settings)
    try:
        return select_projects(load_projects(settings.projects_dir), names)
    except UnknownProjectError as error:
        if settings.projects_dir != BUNDLED_PROJECTS:
            raise
        raise UnknownProjectError(
            f"{error}; `viral-assets init FOLDER` lays out a folder for a project of yours"
        ) from None
