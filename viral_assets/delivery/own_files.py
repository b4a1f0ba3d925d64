"""The files that exports wrote, and what was in them: so that one which somebody has worked in since is not replaced
without a word.

What is known is one small file in the home, and only a help: without it every file counts as not ours.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from viral_assets.errors import ConfigurationError
from viral_assets.whole_files import replaced_file

MOST = 1_000
"""Files remembered; the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """Args:
    path: of the file that knows them, made when the first is noted.
    """

    path: Path

    @classmethod
    def of(cls, home: Path) -> OwnFiles:
        """Those of a home."""
        return cls(home / "exports" / ".written.json")

    def refuse_changed(self, path: Path) -> None:
        """Nothing, where the file may be replaced: it is not there, is as we left it, or was never ours.

        Raises:
            ConfigurationError: we wrote it, and it has been changed since.
        """
        known = self._read().get(str(path.absolute()))
        if known is None:
            return
        at, sha256 = known
        with suppress(OSError):
            if _sha256(path) != sha256:
                raise ConfigurationError(
                    f"{path} has been changed since an export wrote it on {at}; take another --out, "
                    "or say --replace if nothing in it is needed any more"
                )

    def note(self, path: Path, at: datetime) -> None:
        """Remember the file as it is now."""
        known = self._read()
        known.pop(str(path.absolute()), None)
        known[str(path.absolute())] = (f"{at:%Y-%m-%d at %H:%M} UTC", _sha256(path))
        with replaced_file(self.path) as file:
            json.dump(dict(list(known.items())[-MOST:]), file)

    def _read(self) -> dict[str, tuple[str, str]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(path): (str(at), str(sha256)) for path, (at, sha256) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
