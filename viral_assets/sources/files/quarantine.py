"""Keeping what is no source at all: a file that cannot be read goes to the quarantine as one record."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from viral_assets.sources.content.file_probe import printable_name
from viral_assets.store.engine import Database
from viral_assets.store.rejects import write_rejects

UNREADABLE_FILE = "unreadable_file"
WHOLE_FILE = "file"
RAW_BYTES = 2_000
"""As much of the file's beginning is kept; the file itself stays where it is."""


def quarantine_file(database: Database, path: Path, problem: str, now: datetime) -> bool:
    """Remember that a file could not be read, and why; once for each content.

    Returns:
        Whether this was news.
    """
    head, content_hash = b"", hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(2**20):
                head = head or chunk[:RAW_BYTES]
                content_hash.update(chunk)
    except OSError:  # without its content, its name is all there is to know it by
        content_hash.update(str(path).encode(errors="surrogateescape"))
    row = {
        "source": printable_name(path),
        "source_sha256": content_hash.hexdigest(),
        "locator": WHOLE_FILE,
        "reason": UNREADABLE_FILE,
        "detail": problem,
        "raw": head.decode("utf-8", "replace"),
        "rejected_at": now,
    }
    with database.begin() as connection:
        return write_rejects(connection, [row]) > 0
