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

# Installed without the checkout there is no instance file to copy; Dagster's defaults are right but for this.
FALLBACK_INSTANCE = "telemetry:\n  enabled: false\n"


def prepare_instance(settings: Settings) -> Path:
    """``DAGSTER_HOME`` as it is set, else ``$VIRAL_ASSETS_HOME/dagster`` with a copy of the checkout's
    ``dagster.yaml``; an instance file that is already there stays as it is. Sets ``DAGSTER_HOME`` for this process
    and its children.

    Raises:
        ConfigurationError: ``DAGSTER_HOME`` is not a folder, or the home cannot be written.
    """
    from viral_assets.settings import checkout_root

    chosen = os.environ.get("DAGSTER_HOME", "").strip()
    if chosen:
        home = Path(chosen).expanduser()
        if not home.is_absolute() or not home.is_dir():
            raise ConfigurationError(f"DAGSTER_HOME: {chosen} is not an existing folder, written as an absolute path")
    else:
        home = settings.home.resolve() / "dagster"
        try:
            home.mkdir(parents=True, exist_ok=True)
            instance = home / INSTANCE_FILE
            if not instance.exists():
                template = checkout_root() / INSTANCE_FILE
                if template.exists():
                    shutil.copyfile(template, instance)
                else:
                    instance.write_text(FALLBACK_INSTANCE, encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"VIRAL_ASSETS_HOME: {error.filename}: {error.strerror}") from None
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def code_location_arguments() -> list[str]:
    """What tells ``dagster`` where the definitions are, from whatever folder it is started."""
    from viral_assets.settings import checkout_root

    workspace = checkout_root() / WORKSPACE_FILE
    return ["--workspace", str(workspace)] if workspace.exists() else ["--module-name", "viral_assets.definitions"]
