"""The files of digests, by the hour in their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

_NAME = re.compile(r"(?:.+_to_)?(\d{4}-\d\d-\d\d)-(\d\d)h\.(?:html|csv)")


def old_digests(folder: Path, before: datetime) -> Iterator[Path]:
    """The digests whose last hour ended before a time; files with other names are none."""
    for file in sorted(folder.rglob("*h.*")):
        named = _NAME.fullmatch(file.name)
        if named is None or not file.is_file():
            continue
        try:
            last = datetime.fromisoformat(f"{named[1]}T{named[2]}").replace(tzinfo=UTC)
        except ValueError:
            continue
        if last + timedelta(hours=1) <= before:
            yield file
