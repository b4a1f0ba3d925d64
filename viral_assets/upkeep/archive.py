"""What is let go of, kept in Parquet: a folder for each table, in it a file for each day that went.

A file is there before its rows are gone, so that whatever happens no row is lost; where a machine went down between
the two, the next run writes the same rows again, beside the first file. ``pandas.read_parquet("archive/tweets")``, or
anything else that reads Parquet, reads a table of it, and ``viral-assets ingest`` its tweets.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from viral_assets.errors import ConfigurationError
from viral_assets.store.tables import ColumnKind, kind_of, referenced_posts, rejected_records, tweets
from viral_assets.upkeep.mentions import names_any
from viral_assets.whole_files import remove_abandoned, replaced_binary_file, replacing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Sink = Callable[[sa.Table, Sequence[Any]], None]
"""Takes rows of a table, with all its columns in their order, that are about to go."""

ENDING = ".parquet"

_OF_AUTHORS = ("author_id", "author_handle")


class Archive:
    """A folder of such files; made when the first row goes.

    Args:
        folder: where; may have an archive already, to which this one is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def part(self, label: str) -> Iterator[Sink]:
        """Rows that go together. Their files have their names when the block ends, and not at all when it fails.

        Args:
            label: what the files are called; with a number behind it where there is such a file already.

        Raises:
            ConfigurationError: a file cannot be written.
        """
        with ExitStack() as files:
            writers: dict[str, pq.ParquetWriter] = {}

            def keep(table: sa.Table, rows: Sequence[Any]) -> None:
                if not rows:
                    return
                if table.name not in writers:
                    writers[table.name] = self._writer(table, label, files)
                writers[table.name].write_table(_as_arrow(table, rows))

            yield keep

    def file(self, path: Path, within: Path) -> None:
        """Keep a file as it is, under its name within a folder.

        Raises:
            ConfigurationError: the copy cannot be written.
        """
        with replacing(self.folder / within.name / path.relative_to(within)) as copy:
            shutil.copy2(path, copy)

    def _writer(self, table: sa.Table, label: str, files: ExitStack) -> pq.ParquetWriter:
        # A quarter of a second to import, which only an archive should cost.
        import pyarrow.parquet as pq

        folder = self.folder / table.name
        names = (f"{label}{f'-{number}' if number > 1 else ''}{ENDING}" for number in range(1, 1_000_000))
        path = next(folder / name for name in names if not (folder / name).exists())
        writer = pq.ParquetWriter(files.enter_context(replaced_binary_file(path)), _schema(table), compression="zstd")
        files.callback(writer.close)
        return writer


@contextmanager
def maybe(archive: Archive | None, label: str) -> Iterator[Sink | None]:
    """A part of the archive, where there is one."""
    if archive is None:
        yield None
        return
    with archive.part(label) as sink:
        yield sink


def archived_tweets_of(folder: Path, accounts: Iterable[str]) -> set[str]:
    """Ids of the tweets in an archive that are of these authors.

    Args:
        accounts: ids and handles.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    names = {name.casefold() for name in accounts}
    found: set[str] = set()
    for path in sorted(folder.glob(f"{tweets.name}/*{ENDING}")) if names else ():
        rows = _read(path, ["tweet_id", *_OF_AUTHORS])
        found.update(
            tweet_id
            for tweet_id, *author in zip(*(column.to_pylist() for column in rows.columns), strict=True)
            if not names.isdisjoint(_small(author))
        )
    return found


def take_out_of_archive(
    folder: Path, ids: Iterable[str], accounts: Iterable[str], now: datetime, *, dry_run: bool = False
) -> dict[Path, int]:
    """Write the files of an archive anew without what names one of these tweets, or tweets of these authors.

    Args:
        accounts: ids and handles.
        now: tells what killed processes have left half written, which goes, too.
        dry_run: only count.

    Returns:
        The files that held any, and how many rows went.

    Raises:
        ConfigurationError: a file cannot be read or written.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = {name.casefold() for name in accounts}
    wanted = {*ids, *archived_tweets_of(folder, names)}
    gone: dict[Path, int] = {}
    for path in sorted(folder.glob(f"*/*{ENDING}")) if wanted or names else ():
        rows = _read(path)
        named = pa.array(list(_naming(path.parent.name, rows, wanted, names)), pa.bool_())
        if count := pc.sum(named).as_py():
            gone[path] = count
            if dry_run:
                continue
            with replaced_binary_file(path) as file:
                pq.write_table(rows.filter(pc.invert(named)), file, compression="zstd")
    for table in folder.glob("*/") if not dry_run else ():
        remove_abandoned(table, now.timestamp())
    return gone


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"{path} cannot be read ({error}): mend it, or move it away") from None


def _naming(table: str, rows: pa.Table, ids: set[str], accounts: set[str]) -> Iterator[bool]:
    """Of each row, whether it names a tweet: raw answers, quarantined records and Dagster's events do in texts."""
    import pyarrow as pa

    if "tweet_id" in rows.schema.names:
        yield from (value in ids for value in rows["tweet_id"].to_pylist())
    elif table == referenced_posts.name:
        for post_id, *author in zip(*(rows[name].to_pylist() for name in ("post_id", *_OF_AUTHORS)), strict=True):
            yield post_id in ids or not accounts.isdisjoint(_small(author))
    else:
        # As in the tables: an account is looked for in records that could not be read, a tweet everywhere.
        names = ids | accounts if table == rejected_records.name else ids
        texts = [rows[field.name].to_pylist() for field in rows.schema if pa.types.is_string(field.type)]
        for cells in zip(*texts, strict=True):
            yield any(names_any(cell, names) for cell in cells if cell)


def _small(names: Iterable[str | None]) -> Iterator[str]:
    return (name.casefold() for name in names if name)


def _schema(table: sa.Table) -> pa.Schema:
    import pyarrow as pa

    types: dict[ColumnKind, pa.DataType] = {
        "text": pa.string(),
        "boolean": pa.bool_(),
        "integer": pa.int64(),
        "float": pa.float64(),
        "bytes": pa.binary(),
        "json": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([(column.name, types[kind_of(column)]) for column in table.c])


def _as_arrow(table: sa.Table, rows: Sequence[Any]) -> pa.Table:
    import pyarrow as pa

    schema = _schema(table)
    columns = zip(*rows, strict=True)
    written = [list(map(_written(kind_of(column)), values)) for column, values in zip(table.c, columns, strict=True)]
    arrays = [pa.array(values, type=field.type) for values, field in zip(written, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _written(kind: ColumnKind) -> Callable[[Any], Any]:
    if kind == "json":
        return lambda value: None if value is None else json.dumps(value, ensure_ascii=False)
    if kind == "time":
        return _aware
    return lambda value: value


def _aware(value: datetime | None) -> datetime | None:
    """Dagster writes times in UTC without saying so."""
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
