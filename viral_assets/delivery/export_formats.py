"""The formats of an export: CSV for spreadsheets (see ``export_table``), JSON for scripts, Parquet for analysis.

All have the same columns, and all are written part by part into a file that appears at the end. Only CSV needs
formulas neutralised: nothing runs the cells of the others, so those keep every text as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from viral_assets.delivery.export_table import CONTEXT_COLUMNS, export_records, write_csv_of
from viral_assets.errors import ConfigurationError
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.whole_files import replaced_binary_file, replaced_file

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_WHOLE_NUMBERS = {"rank", "followers", "views"}
_NUMBERS = {"priority_score", "score_total"}
_TIMES = {"posted_at"}


def format_of(path: Path) -> Format:
    """The format that a file's name asks for; CSV where it has no ending.

    Raises:
        ConfigurationError: it ends in something else.
    """
    ending = path.suffix.lower().lstrip(".")
    for known in FORMATS:
        if ending == known:
            return known
    if ending:
        raise ConfigurationError(
            f"{path}: there is no export as .{ending}; name a .csv, .json or .parquet file, or say which with --format"
        )
    return "csv"


def write_export(path: Path, kind: Format, parts: Iterable[Sequence[OpportunityView]], columns: Sequence[str]) -> int:
    """Write the rows of all parts, atomically, and return how many there are.

    Args:
        columns: as :func:`~viral_assets.delivery.export_table.columns_for` names them.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    write = {"csv": write_csv_of, "json": _write_json, "parquet": _write_parquet}[kind]
    return write(path, parts, columns)


def _write_json(path: Path, parts: Iterable[Sequence[OpportunityView]], columns: Sequence[str]) -> int:
    """One array of objects, an object a line."""
    count = 0
    with replaced_file(path) as file:
        file.write("[")
        for part in parts:
            for cells in export_records(part, len(columns)):
                file.write(",\n" if count else "\n")
                file.write(json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False))
                count += 1
        file.write("\n]\n")
    return count


def _write_parquet(path: Path, parts: Iterable[Sequence[OpportunityView]], columns: Sequence[str]) -> int:
    """A row group a part; ``posted_at`` is an instant in UTC, ids are texts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, schema = 0, parquet_schema(columns)
    posted_at = columns.index("posted_at")
    with replaced_binary_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in parts:
            values = [list(column) for column in zip(*export_records(part, len(columns)), strict=True)]
            if not values:
                continue
            values[posted_at] = [row.created_at for row in part]
            arrays = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(part)
    return count


def parquet_schema(columns: Sequence[str]) -> pa.Schema:
    """What each column is."""
    import pyarrow as pa

    def kind(name: str) -> pa.DataType:
        if name in _WHOLE_NUMBERS:
            return pa.int64()
        if name in _NUMBERS:
            return pa.float64()
        return pa.timestamp("us", tz="UTC") if name in _TIMES else pa.string()

    may_be_missing = {"followers", "views", *CONTEXT_COLUMNS}
    always = columns[: columns.index("suggested_type") + 1]
    return pa.schema(
        [pa.field(name, kind(name), nullable=name in may_be_missing or name not in always) for name in columns]
    )
