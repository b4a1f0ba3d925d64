"""Parquet files. Their values become the texts a table would have, nested columns become columns with dotted names.

Read in small pieces, so that memory does not grow with the file. What a row group cannot give, because its bytes are
damaged, is one reject that says how many rows it had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions, Reject, SourceFile
from viral_assets.sources.parsers.address_columns import with_addresses
from viral_assets.sources.parsers.cells import cell_text, float_text
from viral_assets.sources.parsers.column_evidence import MOST_ROWS, evidence, missing, telling_columns
from viral_assets.sources.parsers.column_names import IDENTITY, TABLE
from viral_assets.sources.parsers.doubtful_ids import Candidate
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import BY_SIGNATURE, FileFormat
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.layouts import lacking, layout
from viral_assets.sources.parsers.raw_text import in_a_line, raw_row
from viral_assets.sources.parsers.row_parser import RowParser

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"

BATCH_ROWS = 1_000
MOST_COLUMNS = 20_000
BUFFER_BYTES = 2**20
MOST_THRIFT = 64 * 2**20
"""Bytes of the descriptions inside a file; a damaged length must not take all memory."""


def probe(head: FileHead) -> float:
    """By the bytes that every Parquet file begins with."""
    return BY_SIGNATURE if head.magic == MAGIC else 0.0


class ParquetReader(FileReader):
    """Reads a Parquet file, group by group.

    Raises:
        SourceError: the file is damaged where it says what is in it, or has no columns for what a tweet needs.
    """

    def __init__(self, file: SourceFile, head: FileHead, options: ReadOptions) -> None:
        with ParquetTable(file) as table:
            known = layout(table.names, options.columns)
            anything = range(len(table.names)) if IDENTITY in known.missing else ()
            self._first = table.first_rows({*telling_columns(known, table.integers), *anything})
        self._layout = with_addresses(known, self._first)
        lacks = missing(self._layout, self._first)
        if lacks:
            raise SourceError(f"{file.name}: {lacking(lacks, self._layout, self._first)}")
        kind = f"{TABLE}, Parquet"
        super().__init__(file, options, kind, mapping=self._layout.described, unused=self._layout.unused)

    def _records(self) -> Iterator[Candidate]:
        with ParquetTable(self._file) as table:
            yield from table.records(RowParser(evidence(self._layout, self._first), self._times, self._remarks))


class ParquetTable:
    """One Parquet file, open; a context manager.

    Args:
        file: Parquet is read from its end.
        integers: the columns of whole numbers.

    Raises:
        SourceError: the file is damaged where it says what is in it.
    """

    def __init__(self, file: SourceFile) -> None:
        # Half a second to import, which only files of this kind should cost.
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._damages = (pa.ArrowException, OSError, ValueError, MemoryError, TypeError, KeyError, OverflowError)
        try:
            self._stream = file.open_seekable()
        except ValueError as error:
            raise SourceError(f"{file.name}: {error}") from None
        try:
            self._file: pq.ParquetFile = pq.ParquetFile(
                self._stream,
                buffer_size=BUFFER_BYTES,
                pre_buffer=False,
                thrift_string_size_limit=MOST_THRIFT,
                thrift_container_size_limit=MOST_THRIFT // 64,
                arrow_extensions_enabled=False,
            )
            leaves = list(_leaves(self._file.schema_arrow))
            self._columns = [path for path, _ in leaves]
            self.integers = frozenset(at for at, (_, kind) in enumerate(leaves) if pa.types.is_integer(kind))
        except self._damages as error:
            self._stream.close()
            raise SourceError(f"{file.name}: a Parquet file that cannot be read ({in_a_line(error)})") from None
        if len(self._columns) > MOST_COLUMNS:
            self._stream.close()
            raise SourceError(f"{file.name}: a Parquet file with more than {MOST_COLUMNS:,} columns")

    def __enter__(self) -> ParquetTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close(force=True)
        self._stream.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all columns, nested ones with dots."""
        return tuple(".".join(path) for path in self._columns)

    def first_rows(self, columns: Collection[int]) -> list[list[str]]:
        """Some columns of the first rows, as far as they can be read; the cells of the others are blank."""
        found: list[list[str]] = []
        names = list(dict.fromkeys(self._columns[at][0] for at in sorted(columns)))
        try:
            for batch in self._file.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
                blank = [""] * batch.num_rows
                cells = [
                    _texts(_column(batch, path)) if at in columns else blank for at, path in enumerate(self._columns)
                ]
                found += map(list, zip(*cells, strict=True))
                if len(found) >= MOST_ROWS:
                    break
        except self._damages:
            pass
        return found[:MOST_ROWS]

    def records(self, rows: RowParser) -> Iterator[Candidate]:
        """The records of all rows, which are counted from 1."""
        number = 0
        for group in range(self._file.num_row_groups):
            expected, read = self._file.metadata.row_group(group).num_rows, 0
            try:
                for cells in self._rows_of(group):
                    read += 1
                    record = rows.candidate(cells, f"row {number + read}", partial(self._raw, cells))
                    if record is not None:
                        yield record
            except self._damages as error:
                lost = (
                    f"rows {number + read + 1:,} to {number + expected:,} cannot be read: their part of the file is "
                    f"damaged ({in_a_line(error)})"
                )
                yield Reject(f"row group {group + 1}", "bad_parquet", lost, "")
            number += expected

    def _raw(self, cells: list[str]) -> str:
        return raw_row(self.names, cells)

    def _rows_of(self, group: int) -> Iterator[list[str]]:
        batches = self._file.iter_batches(BATCH_ROWS, row_groups=[group], use_threads=False)
        for batch in batches:
            columns = [_texts(_column(batch, path)) for path in self._columns]
            yield from map(list, zip(*columns, strict=True))


def _leaves(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The columns that are no structures, as paths, and their types; of a structure those inside."""
    import pyarrow as pa

    for field in schema:
        inside = (*path, field.name)
        if pa.types.is_struct(field.type) and len(inside) < 5:
            yield from _leaves([field.type.field(index) for index in range(field.type.num_fields)], inside)
        else:
            yield inside, field.type


def _column(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    """The values of a column; null where a structure around it is."""
    import pyarrow.compute as pc

    column = batch.column(batch.schema.names.index(path[0]))
    for name in path[1:]:
        column = pc.struct_field(column, name)
    return column


def _texts(column: pa.Array) -> list[str]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return [value or "" for value in _decoded(column)]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_floating(column.type):
        return ["" if value is None or value != value else float_text(value) for value in column.to_pylist()]
    return [cell_text(value) for value in column.to_pylist()]


def _decoded(column: pa.Array) -> list[str | None]:
    """Text that is not UTF-8 keeps its bytes as surrogates, as in text files, for whoever meets it to judge."""
    import pyarrow as pa

    try:
        values: list[str | None] = column.to_pylist()
    except UnicodeDecodeError:
        large = pa.types.is_large_string(column.type)
        binary = column.view(pa.large_binary() if large else pa.binary())
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in binary.to_pylist()]
    return values


FORMAT = FileFormat("Parquet", probe, ParquetReader)
