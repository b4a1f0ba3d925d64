"""DataFrames between assets: an asset's result replaces its hours in its table, and is read from there by the next.

Nothing is pickled: what an asset hands on is what everybody can query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg
import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.engine import Database
from viral_assets.store.tables import metadata

if TYPE_CHECKING:
    import pandas as pd


class WindowIOManager(dg.IOManager):
    """Reads and writes the table that is named like the asset, for one hour or a range of them.

    Args:
        database: where the tables are.
        projects: whose rows this run is about; None for everybody's. Other rows are neither read nor replaced.
    """

    def __init__(self, database: Database, projects: Sequence[str] | None = None) -> None:
        self._database = database
        self._projects = projects

    def handle_output(self, context: dg.OutputContext, obj: pd.DataFrame) -> None:
        """Replace the hours of the run by ``obj``, in one transaction."""
        from viral_assets.store.windows import replace_window

        with self._database.begin() as connection:
            replace_window(connection, _table(context), _hours(context), obj, projects=self._projects)

    def load_input(self, context: dg.InputContext) -> pd.DataFrame:
        """All rows of the hours of the run."""
        from viral_assets.store.windows import read_window

        with self._database.read() as connection:
            rows = read_window(connection, _table(context), _hours(context))
        return rows if self._projects is None else rows[rows["project"].isin(self._projects)].reset_index(drop=True)


@dg.io_manager(
    required_resource_keys={"database", "projects", "run_options"},
    description="The project's own tables: an asset's hours are replaced in the table of its name.",
)
def window_io_manager(context: dg.InitResourceContext) -> WindowIOManager:
    """The IO manager of a run, on the run's database and for the run's projects."""
    resources = context.resources
    return WindowIOManager(resources.database.get(), resources.projects.replaced(resources.run_options.projects))


def _table(context: dg.InputContext | dg.OutputContext) -> sa.Table:
    return metadata.tables[context.asset_key.path[-1]]


def _hours(context: dg.InputContext | dg.OutputContext) -> HourRange:
    window = context.asset_partitions_time_window
    return HourRange(window.start, window.end)
