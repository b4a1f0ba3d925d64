"""Which format a file has. Its content decides; its name and ending do not count."""

from __future__ import annotations

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions
from viral_assets.sources.content.file_probe import FileProbe
from viral_assets.sources.parsers import (
    apify_items,
    csv_table,
    json_objects,
    parquet_table,
    x_api_v1,
    x_api_v2,
    x_graphql,
    xlsx_table,
)
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import Format
from viral_assets.sources.parsers.head import read_head

FORMATS: tuple[Format, ...] = (
    x_api_v2.FORMAT,
    x_api_v1.FORMAT,
    x_graphql.FORMAT,
    apify_items.FORMAT,
    json_objects.FORMAT,
    csv_table.FORMAT,
    parquet_table.FORMAT,
    xlsx_table.FORMAT,
)
"""All formats there are. Their order does not count: no two are equally sure of the same file."""


def detect_format(file: FileProbe, options: ReadOptions) -> FileReader:
    """The reader for a file: that of the format which is most confident of its beginning.

    Raises:
        SourceError: the file has none of the known formats; the message says what it has instead.
    """
    head = read_head(file, options.columns)
    confidence, best = max(((each.probe(head), each) for each in FORMATS), key=lambda found: found[0])
    if not confidence:
        known = "neither JSON with tweets nor a table with a header row like id,text,created_at"
        raise SourceError(f"{file.name}: {known}")
    return best.open(file, head, options, FORMATS)
