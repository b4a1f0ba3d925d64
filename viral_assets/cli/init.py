"""``viral-assets init``: a folder for projects of one's own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from viral_assets.cli.options import Json, add_command
from viral_assets.cli.output import command, console, plain, print_json, say
from viral_assets.errors import ConfigurationError

PROJECT = "mine"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, init, "viral-assets init replies", "viral-assets init replies --project fernwick")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where; made if it is not there.", show_default=False)
    ],
    project: Annotated[str, typer.Option(metavar="NAME", help="Name of the first project.")] = PROJECT,
    as_json: Json = False,
) -> None:
    """Lay out a folder of your own: a first project file, an example of .env, and Dagster's two files.

    Started in that folder, every command keeps its data there. A file that is already there is never written over.
    """
    lay_out(folder, starter_files(project))
    where = console(as_json=as_json)
    say(where, f"Laid out in {plain(folder)}: {', '.join(sorted(starter_files(project)))}")
    say(
        where,
        f"Describe your project in projects/{project}.yml; keys go into .env, of which .env.example is an example.",
    )
    following = [
        f"cd {shlex.quote(str(folder))}",
        "viral-assets ingest --help",
        f"viral-assets generate-comments --project {project}",
        f"viral-assets review --project {project}",
        "viral-assets dev",
    ]
    say(where, "Then:")
    for line in following:
        say(where, "  ", command(line))
    if as_json:
        print_json({"folder": str(folder.resolve()), "files": sorted(starter_files(project)), "next": following})


def starter_files(project: str) -> dict[str, str]:
    """What is laid out: the content of each file, by its path in the folder.

    Raises:
        ConfigurationError: the project cannot have that name.
    """
    from pydantic import TypeAdapter, ValidationError

    from viral_assets.projects.model import Name
    from viral_assets.settings import STARTER

    try:
        TypeAdapter(Name).validate_python(project)
    except ValidationError:
        raise ConfigurationError(f"--project: needs lower-case letters, digits, - and _, not {project!r}") from None
    files = {
        f"projects/{project}.yml": "project.yml",
        ".env.example": "env.example",
        "workspace.yaml": "workspace.yaml",
        "dagster.yaml": "dagster.yaml",
    }
    texts = {name: (STARTER / source).read_text(encoding="utf-8") for name, source in files.items()}
    first = next(iter(texts))
    return texts | {first: texts[first].replace("name: mine ", f"name: {project} ", 1)}


def lay_out(folder: Path, files: Mapping[str, str]) -> None:
    """Write all of the files, or none where one is already there.

    Raises:
        ConfigurationError: a file is already there, or the folder cannot be written; the message names it.
    """
    taken = [name for name in files if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        raise ConfigurationError(
            f"{folder / taken[0]} is already there, and nothing is written over; name another folder, or move it away"
        )
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise ConfigurationError(f"{error.filename}: {error.strerror}; name another folder") from None
