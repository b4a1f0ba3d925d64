"""Where the tests' files are: in memory, where the system has a folder for that with enough room.

Thousands of databases are made, written to and thrown away, and each write that is to last waits for a disk.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
"""Bytes: several times what the whole suite needs at once."""


def keep_files_in_memory() -> None:
    """For this process and those it starts. Whoever sets ``TMPDIR`` has decided otherwise."""
    if "TMPDIR" not in os.environ and _is_fit(IN_MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)


def _is_fit(folder: Path) -> bool:
    """Whether it is there, has room, and may hold programs, as a test of the installed package has some."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    return shutil.disk_usage(folder).free >= ROOM and not os.statvfs(folder).f_flag & os.ST_NOEXEC
