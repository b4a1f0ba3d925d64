"""Where digests are written, and where people find them. What they look like is in ``delivery``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
from pydantic import Field

from viral_assets.hours import HOUR, HourRange
from viral_assets.settings import load_settings


class DigestFolderResource(dg.ConfigurableResource[Any]):
    """Names the digest of each hour and range."""

    folder: str | None = Field(default=None, description="Folder for digests. Null: digests/ in VIRAL_ASSETS_HOME.")

    url: str | None = Field(
        default=None, description="Where people find that folder. Null: VIRAL_ASSETS_DIGEST_URL, else its path."
    )

    def link(self, file: Path) -> dg.MetadataValue[Any]:
        """What a person opens: an address where the folder has one, else the path. Browsers do not follow a link from
        a web page to a file of the machine.
        """
        url = self.url or load_settings().digest_url
        if not url:
            return dg.MetadataValue.path(file)
        return dg.MetadataValue.url(f"{url.rstrip('/')}/{quote(file.relative_to(self._folder()).as_posix())}")

    def page(self, window: HourRange) -> Path:
        """``2026-11-21/2026-11-21-20h.html`` for an hour, ``2026-11-20-00h_to_2026-11-21-23h.html`` for more."""
        folder = self._folder()
        first, last = f"{window.start:%F-%H}h", f"{window.end - HOUR:%F-%H}h"
        if len(window) == 1:
            return folder / f"{window.start:%F}" / f"{first}.html"
        return folder / f"{first}_to_{last}.html"

    def _folder(self) -> Path:
        return Path(self.folder) if self.folder else load_settings().digests
