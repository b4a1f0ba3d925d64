"""A valid file of three tweets, marked (1), (2), (3), in each format there is, and ways to damage them."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from viral_assets_tests.sources.examples import Object, apify_item, json_lines, page, status, tweet, user

Damage = Callable[[random.Random, bytes], bytes]

NUMBERS = (1, 2, 3)


def flat(nested: Object, prefix: str = "", mark: str = "/") -> Object:
    """Nested keys as one, as Apify's tables have them."""
    cells: Object = {}
    for key, value in nested.items():
        cells |= flat(value, f"{prefix}{key}{mark}", mark) if isinstance(value, dict) else {f"{prefix}{key}": value}
    return cells


def table(*rows: Object, delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def parquet(*rows: Object, group: int = 2) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), stream, row_group_size=group)
    return stream.getvalue()


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    """An Excel workbook of some sheets, each of rows of cells; times without a zone, as it has none."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append([each.replace(tzinfo=None) if isinstance(each, datetime) else each for each in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet(*rows: Object) -> list[list[Any]]:
    """Rows with the names of their columns above."""
    return [list(rows[0]), *(list(row.values()) for row in rows)]


V2 = [tweet(number, author=user()) for number in NUMBERS]
ITEMS = [apify_item(number) for number in NUMBERS]
STATUSES = [status(number) for number in NUMBERS]

FILES: dict[str, bytes] = {
    "v2 page": json.dumps(page(*(tweet(number) for number in NUMBERS))).encode(),
    "v2 list of pages": json.dumps([page(tweet(1), tweet(2)), page(tweet(3))], indent=1).encode(),
    "v2 lines": json_lines(page(tweet(1)), page(tweet(2), tweet(3))),
    "v2 stream": json_lines(*({"data": tweet(number)} for number in NUMBERS)),
    "v2 flattened": json_lines(*V2),
    "apify json": json.dumps(ITEMS, indent=2).encode(),
    "apify lines": json_lines(*ITEMS),
    "apify csv": table(*map(flat, ITEMS)),
    "v1.1 json": json.dumps(STATUSES, indent=2).encode(),
    "v1.1 lines": json_lines(*STATUSES),
    "v1.1 search": json.dumps({"statuses": STATUSES, "search_metadata": {"count": 3}}).encode(),
    "csv": table(*({"id": each["id"], "text": each["text"], "date": each["created_at"], "likes": 5} for each in V2)),
    "parquet": parquet(*map(flat, ITEMS)),
    "nested parquet": parquet(*ITEMS),
    "xlsx": workbook({"Posts": sheet(*(flat(each, mark=".") for each in ITEMS))}),
}


def skippable(content: bytes) -> bytes:
    """A frame of zstd that decompressors pass over."""
    return b"\x50\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


def pzstd(content: bytes, piece: int = 500) -> bytes:
    """As pzstd writes it: frames of equal content, before each one to be skipped that holds its length."""
    frames = [zstd.compress(content[at : at + piece]) for at in range(0, len(content), piece)]
    return b"".join(skippable(len(frame).to_bytes(4, "little")) + frame for frame in frames)


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "gzip in pieces": lambda content: gzip.compress(content[:500]) + gzip.compress(content[500:]),
    "zstd in pieces": lambda content: zstd.compress(content[:500]) + zstd.compress(content[500:]),
    "zstd as pzstd writes it": pzstd,
    "gzip in zstd": lambda content: zstd.compress(gzip.compress(content)),
}


def _flip(rng: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randrange(len(content))]


def _remove(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.randrange(1, 60) :]


def _insert(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    return (
        content[:at]
        + rng.choice((b"\0", b'"', b"\n", b"{", b"}", b"]", b"\xff\xfe", b",", b"\\", b"9" * 30))
        + content[at:]
    )


def _repeat(rng: random.Random, content: bytes) -> bytes:
    at = rng.randrange(len(content))
    piece = content[at : at + rng.randrange(1, 200)]
    return content[:at] + piece + content[at:]


DAMAGES: tuple[Damage, ...] = (_flip, _flip, _cut, _remove, _insert, _repeat)
