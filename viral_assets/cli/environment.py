"""The ``.env`` of the working directory: variables for the commands, as Dagster reads them for its user interface."""

from __future__ import annotations

import os
from pathlib import Path

from viral_assets.errors import ConfigurationError


def read_env_file(path: Path) -> None:
    """Set what the file says and the environment does not. Nothing of it is ever shown.

    Raises:
        ConfigurationError: the file cannot be read; the message names it.
    """
    if not path.is_file():
        return
    from dotenv import dotenv_values

    try:
        found = dotenv_values(path, encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    for name, value in found.items():
        if value and not os.environ.get(name):
            os.environ[name] = value
