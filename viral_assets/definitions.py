"""What Dagster loads: ``defs``, put together in ``defs.build``, once it is known which hours backfills want that are
under way. Who runs hours without Dagster's servers takes it from there, and Dagster's tables are not asked.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

import dagster as dg

from viral_assets.garbage import keep_what_is_loaded, loading

with loading():
    from viral_assets.defs.build import build_defs
    from viral_assets.errors import ViralAssetsError
    from viral_assets.settings import Settings, load_settings

_log = logging.getLogger(__name__)


def _first_hour(settings: Settings) -> datetime:
    """That of the settings, once no backfill is under way for an earlier one: ``VIRAL_ASSETS_START`` may move later
    while one is."""
    first, home = settings.first_hour(), os.environ.get("DAGSTER_HOME", "").strip()
    if settings.start is None or not home:
        # Without the variable the first hour does not move.
        return first
    return min(first, first_hour_under_way(Path(home)) or first)


def first_hour_under_way(dagster_home: Path) -> datetime | None:
    """The first of all hours that backfills are about which are under way.

    When the first hour of the partitions moves behind it, Dagster fails the whole backfill, and cancels the runs that
    it has queued for hours that still exist. So it may only move once the backfill is over.

    Returns:
        None where no backfill is under way, and where Dagster's tables cannot be read, which is logged.
    """
    if not (dagster_home / "dagster.yaml").is_file():
        return None
    from viral_assets.defs.history.backfills import first_hour_of_backfills
    from viral_assets.instance import open_instance

    try:
        with open_instance(dagster_home, to_execute=False) as instance:
            return first_hour_of_backfills(instance)
    except (dg.DagsterError, ViralAssetsError) as error:
        _log.warning("backfills that are under way cannot be looked up: %s", " ".join(str(error).split()))
        return None


with loading():
    defs = build_defs(begins=_first_hour(load_settings()))
keep_what_is_loaded()
