"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from viral_assets.errors import ConfigurationError


@contextmanager
def replaced_file(path: Path) -> Iterator[TextIO]:
    """Write a new UTF-8 file beside ``path`` and put it in its place at the end; line ends are kept as written.

    A reader sees the old file or the new one, also after a crash; an exception leaves the old one. Missing folders
    are made.

    Raises:
        ConfigurationError: the file cannot be written there.
    """
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("x", encoding="utf-8", errors="replace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}; choose another path") from error
    finally:
        # After a failure; a path that cannot exist cannot be cleaned up either.
        if temporary.is_file():
            temporary.unlink()
