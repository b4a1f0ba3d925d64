"""The application: its commands, and the one place where an error becomes a line and an exit code.

Exit codes: 0 done; 1 a run failed, or something outside did not answer; 2 the arguments, the environment or a
project file are wrong (``ingest``: nothing usable); 130 interrupted.
"""

from __future__ import annotations

import gc
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from viral_assets import __version__
from viral_assets.cli import (
    database,
    demo,
    dev,
    digest,
    export,
    generate,
    ingest,
    init,
    models,
    quota,
    rejects,
    review,
    tune,
)
from viral_assets.cli.environment import read_env_file
from viral_assets.cli.output import complain
from viral_assets.errors import ConfigurationError, QuotaError, ViralAssetsError

USAGE_ERRORS = (ConfigurationError, QuotaError)


class Commands(TyperGroup):
    """The root of all commands: nothing expected ever shows a traceback."""

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


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"viral-assets {__version__}")
        raise typer.Exit


@app.callback()
def viral_assets(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Find the tweets worth a reply, hour by hour, and have Gemini draft the replies under its quota.

    A person approves and posts; nothing here ever does.
    """
    if not sys.warnoptions:
        # Deprecations and previews of the packages below are for developers, who see them in the tests.
        warnings.simplefilter("ignore")


for module in (demo, init, dev, ingest, rejects, generate, export, review, digest, tune, quota, models, database):
    module.register(app)


def main() -> None:
    """Entry point of ``viral-assets``."""
    # What is imported stays: looking through it for garbage after every 700 objects is a sixth of a start.
    gc.set_threshold(50_000, 20, 20)
    try:
        read_env_file(Path.cwd() / ".env")
    except ConfigurationError as error:
        complain(str(error))
        sys.exit(2)
    app(prog_name="viral-assets")
