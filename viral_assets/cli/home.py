"""Where Dagster keeps its runs when it is started from the command line: one instance for ``demo``,
``generate-comments`` and ``dev``, so that what one wrote the others show.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from viral_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from viral_assets.settings import Settings

INSTANCE_FILE = "dagster.yaml"
WORKSPACE_FILE = "workspace.yaml"


def prepare_instance(settings: Settings) -> Path:
    """``DAGSTER_HOME`` as it is set, else ``$VIRAL_ASSETS_HOME/dagster`` with a copy of the ``dagster.yaml`` of the
    working folder, the checkout or the package, whichever there is; an instance file that is already there stays as it
    is. Sets ``DAGSTER_HOME`` for this process and its children.

    Raises:
        ConfigurationError: ``DAGSTER_HOME`` is not a folder, or the home cannot be written.
    """
    home, chosen = dagster_home(settings), _chosen()
    if chosen:
        if not home.is_absolute() or not home.is_dir():
            raise ConfigurationError(f"DAGSTER_HOME: {chosen} is not an existing folder, written as an absolute path")
    else:
        try:
            home.mkdir(parents=True, exist_ok=True)
            instance = home / INSTANCE_FILE
            if not instance.exists():
                # At once, for another process may be reading it.
                temporary = home / f".{INSTANCE_FILE}.{os.getpid()}"
                shutil.copyfile(_laid_out_or_bundled(INSTANCE_FILE), temporary)
                temporary.replace(instance)
        except OSError as error:
            raise ConfigurationError(f"VIRAL_ASSETS_HOME: {error.filename}: {error.strerror}") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def dagster_home(settings: Settings) -> Path:
    """``DAGSTER_HOME`` as it is set, else ``$VIRAL_ASSETS_HOME/dagster``; whether it is there is not looked at."""
    chosen = _chosen()
    return Path(chosen).expanduser() if chosen else settings.home.resolve() / "dagster"


def _chosen() -> str:
    return os.environ.get("DAGSTER_HOME", "").strip()


def code_location_arguments() -> list[str]:
    """What tells ``dagster`` where the definitions are, from whatever folder it is started."""
    return ["--workspace", str(_laid_out_or_bundled(WORKSPACE_FILE))]


def _laid_out_or_bundled(name: str) -> Path:
    from viral_assets.settings import STARTER, working_root

    file = working_root() / name
    return file if file.is_file() else STARTER / name
