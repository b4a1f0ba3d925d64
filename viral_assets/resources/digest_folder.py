"""Where digests are written. What they look like is in ``review``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from viral_assets.hours import HOUR, HourRange
from viral_assets.settings import load_settings


class DigestFolderResource(dg.ConfigurableResource[Any]):
    """Names the digest of each hour and range."""

    folder: str | None = Field(default=None, description="Folder for digests. Null: digests/ in VIRAL_ASSETS_HOME.")

    def page(self, window: HourRange) -> Path:
        """``2026-11-21/2026-11-21-20h.html`` for an hour, ``2026-11-20-00h_to_2026-11-21-23h.html`` for more."""
        folder = Path(self.folder) if self.folder else load_settings().digests
        first, last = f"{window.start:%F-%H}h", f"{window.end - HOUR:%F-%H}h"
        if len(window) == 1:
            return folder / f"{window.start:%F}" / f"{first}.html"
        return folder / f"{first}_to_{last}.html"
