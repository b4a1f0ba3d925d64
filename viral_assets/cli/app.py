"""The application: its commands, and the one place where an error becomes a line and an exit code.

Exit codes: 0 done; 1 a run failed, or something outside did not answer; 2 the arguments, the environment or a
project file are wrong (``ingest``: nothing usable; ``check``: 1 for the file); 130 interrupted.
"""

from __future__ import annotations

import copy
import errno
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from viral_assets import __version__
from viral_assets.cli import (
    backup,
    check,
    database,
    decisions,
    demo,
    dev,
    digest,
    export,
    forget,
    generate,
    ingest,
    init,
    lessons,
    models,
    notify,
    outcomes,
    people,
    prune,
    quota,
    rejects,
    review,
    revise,
    status,
    tune,
    why,
)
from viral_assets.cli.commands import Group
from viral_assets.cli.environment import read_env_file
from viral_assets.cli.output import complain
from viral_assets.errors import ConfigurationError, QuotaError, ViralAssetsError
from viral_assets.garbage import look_seldom

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
USAGE_ERRORS = (ConfigurationError, QuotaError)


class Commands(Group):
    """The root of all commands: nothing expected ever shows a traceback, or more than a line."""

    def main(self, args: Sequence[str] | None = None, **how: Any) -> Any:  # type: ignore[override]
        if not how.pop("standalone_mode", True):
            return super().main(args, **how, standalone_mode=False)
        try:
            code = super().main(args, **how, standalone_mode=False)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:  # what typer prints by itself, like the help
                complain(_no_room(error))
                sys.exit(1)
            # Wrong arguments: their class stands elsewhere in each version of typer.
            if not hasattr(error, "format_message"):
                raise
            if type(error).__name__ == "NoArgsIsHelpError":
                error.show()  # type: ignore[attr-defined]
            else:
                complain(_as_one_line(error))
            sys.exit(getattr(error, "exit_code", 2))
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ViralAssetsError as error:
            complain(str(error))
            raise typer.Exit(2 if isinstance(error, USAGE_ERRORS) else 1) from None
        except KeyboardInterrupt:
            complain("interrupted; what was finished is saved, and the same command goes on from there")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            raise  # `... | head`: typer ends quietly
        except OSError as error:
            if error.errno in NO_ROOM:
                complain(_no_room(error))
                raise typer.Exit(1) from None
            if error.filename is None:  # not about a file: nobody foresaw it, so show where it came from
                raise
            complain(f"{error.filename}: {error.strerror}")
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with [bold]viral-assets demo[/]: sample tweets, no key, one minute.\n\n"
    "Every command explains itself: [bold]viral-assets ingest --help[/].",
)


def _no_room(error: OSError) -> str:
    return f"{error.strerror}: free some space on the disk, and run it again; what was saved is kept"


def _as_one_line(error: Any) -> str:
    """What is wrong with the arguments, and where the right ones stand."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "viral-assets"
    return f"{error.format_message().rstrip('.')}; see `{path} --help`"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"viral-assets {__version__}")
        raise typer.Exit


@app.callback()
def viral_assets(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Find the tweets worth a reply, hour by hour, and have Gemini draft the replies under its quota.

    A person approves and posts; nothing here ever does.
    """
    if not sys.warnoptions:
        # Deprecations and previews of the packages below are for developers, who see them in the tests.
        warnings.simplefilter("ignore")


for module in (
    demo,
    init,
    check,
    dev,
    ingest,
    rejects,
    generate,
    export,
    decisions,
    review,
    people,
    revise,
    outcomes,
    digest,
    notify,
    why,
    lessons,
    tune,
    quota,
    models,
    database,
    status,
    backup,
    prune,
    forget,
):
    module.register(app)


def main() -> None:
    """Entry point of ``viral-assets``."""
    look_seldom()
    try:
        read_env_file(Path.cwd() / ".env")
    except ConfigurationError as error:
        complain(str(error))
        sys.exit(2)
    narrowed(sys.argv[1:])(prog_name="viral-assets")


def narrowed(arguments: Sequence[str]) -> typer.Typer:
    """The application with no more commands than these arguments name: typer looks at the parameters of each, which
    is a tenth of the time that a short command takes. All of them where the first argument is no command."""
    named = [each for each in app.registered_commands if arguments and each.name == arguments[0]]
    if not named:
        return app
    narrowed = copy.copy(app)
    narrowed.registered_commands, narrowed.registered_groups = named, []
    return narrowed
