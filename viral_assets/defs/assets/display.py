"""How results look in the Dagster UI: tables, bars, previews. Which numbers are shown is decided by the assets;
pictures are drawn in ``queries.charts``.

Tweets, handles and suggestions are untrusted: every cell goes through :func:`cell`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.columns import LINEAGE, description_of
from viral_assets.hours import hour_key
from viral_assets.store.tables import kind_of
from viral_assets.text.display import clipped

if TYPE_CHECKING:
    from sqlalchemy import Table

ROW_COUNT = "dagster/partition_row_count"
"""The key of the number of rows, as Dagster knows it."""

CELL_CHARACTERS = 300

SHOWN_IN_PLACE = 1000
"""Markdown shorter than this (characters) is shown in place by the UI, longer one in a dialog with room for it."""

BAR_CHARACTERS = 24

# Any ASCII punctuation may be escaped in Markdown (https://spec.commonmark.org/0.31.2/#backslash-escapes), and all of
# it is. Addresses would still be made links of, without being asked: an invisible space within keeps them text.
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(://|www(?=\.)|@)", re.IGNORECASE)
_INVISIBLE_SPACE = "\u200b"


def cell(value: object, limit: int = CELL_CHARACTERS) -> str:
    """A value as one line of Markdown that says what the value says and does nothing else."""
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub(rf"\1{_INVISIBLE_SPACE}", clipped(str(value), limit)))


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, in_dialog: bool = False
) -> dg.MarkdownMetadataValue:
    """A table of untrusted values; says so when there are none.

    Args:
        in_dialog: for tables with texts, which in place would be squeezed into columns of one word.
    """
    lines = ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    if not lines:
        return dg.MetadataValue.md("Nothing to show.")
    head = ["| " + " | ".join(map(cell, header)) + " |", "|" + " --- |" * len(header)]
    table = "\n".join(head + lines)
    return dg.MetadataValue.md(table.ljust(SHOWN_IN_PLACE) if in_dialog else table)


def bars(counts: Mapping[str, int], *, of: str) -> dg.MarkdownMetadataValue:
    """Counts with a bar each, in the given order; ``of`` heads the first column."""
    largest = max(counts.values(), default=0)
    return markdown_table(
        (of, "count", ""),
        ((name, f"{count:,}", "█" * round(BAR_CHARACTERS * count / max(1, largest))) for name, count in counts.items()),
    )


def table_metadata(table: Table) -> dict[str, Any]:
    """What the UI knows of a table before anything is in it: its name, its columns, and what those are made of."""
    known: dict[str, Any] = {
        "dagster/table_name": table.name,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    name=column.name,
                    type="timestamp (UTC)" if kind_of(column) == "time" else kind_of(column),
                    description=description_of(column),
                    constraints=dg.TableColumnConstraints(nullable=bool(column.nullable), unique=bool(column.unique)),
                )
                for column in table.columns
            ]
        ),
    }
    if table.name in LINEAGE:
        known["dagster/column_lineage"] = dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(dg.AssetKey(source.asset), source.column) for source in sources]
                for column, sources in LINEAGE[table.name].items()
            }
        )
    return known


def add_hour_metadata(context: dg.AssetExecutionContext, metadata: Mapping[datetime, Mapping[str, Any]]) -> None:
    """Attach metadata to each hour's materialization, also when one run materializes several hours."""
    for hour, values in metadata.items():
        context.add_asset_metadata(values, partition_key=hour_key(hour))


def tell_of_left_out(context: dg.AssetExecutionContext, hours: Iterable[datetime], warnings: Sequence[str]) -> None:
    """Say in the log and with each hour which project files the run does without."""
    for warning in warnings:
        context.log.warning(warning)
    if warnings:
        told = markdown_table(("project files",), [(warning,) for warning in warnings])
        add_hour_metadata(context, {hour: {"left out": told} for hour in hours})
