"""Whatever values a record has, and however it is written: it is a tweet, a reject, or left out with a remark, and
nothing but the project's own errors comes out.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import SourceError
from viral_assets.sources.base import Reject
from viral_assets.sources.files.detect import FORMATS
from viral_assets.sources.parsers.column_evidence import Evidence, ObjectColumns
from viral_assets.sources.parsers.column_names import COLUMNS
from viral_assets.sources.parsers.doubtful_ids import Doubtful, DoubtfulIds, IdFromAddress
from viral_assets.sources.parsers.json_format import json_formats
from viral_assets.sources.parsers.layouts import layout
from viral_assets.sources.parsers.row_parser import RowParser
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.sources.every_shape import LEFT_OUT, SHAPES
from viral_assets_tests.sources.examples import NOW, Object, anything, json_lines, read
from viral_assets_tests.sources.formats_at_hand import flat, table, workbook

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["0", "-1", "nan", "1.92797E+18", "9.000", "12.0", "2026-11-21", "2h", "yesterday", "\0", "&amp;"]
    )
    | st.sampled_from(
        ["2126043340469580000", "18050206876707110", "https://x.com/a/status/20", "https://t.me/a/1", "RT @"]
    )
)
"""Values that open no further record."""


def paths(record: Object, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The keys to all values of a record."""
    found = [(*before, key) for key in record]
    for key, value in record.items():
        found += paths(value, (*before, key)) if isinstance(value, dict) else []
    return found


@st.composite
def records(draw: st.DrawFn, values: st.SearchStrategy[Any], shape: str) -> list[Object]:
    """Some records of one shape, each with a few of its values replaced or taken away."""
    made = [SHAPES[shape]() for _ in range(draw(st.integers(1, 4)))]
    for record in made:
        for path in draw(st.lists(st.sampled_from(paths(record)), max_size=4)):
            place: Any = record
            for key in path[:-1]:
                place = place.get(key) if isinstance(place, dict) else None
            if not isinstance(place, dict):
                continue
            if draw(st.booleans()):
                place[path[-1]] = draw(values)
            else:
                place.pop(path[-1], None)
    return made


def clean(value: Any) -> Any:
    """A value as JSON has it: without bytes, and with texts that can be written."""
    if isinstance(value, dict):
        return {clean(str(key)): clean(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [clean(inside) for inside in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def as_parquet(*rows: Object) -> bytes:
    """Each value as a text, as columns have one type."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [None if row.get(name) is None else str(row[name]) for row in rows] for name in names}
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def as_excel(*rows: Object) -> bytes:
    """Each value as a text, without what XML cannot hold."""
    names = dict.fromkeys(name for row in rows for name in row)
    cells = [["" if row.get(name) is None else str(row[name]) for name in names] for row in rows]
    return workbook({"Posts": [[_NOT_IN_XML.sub("", cell) for cell in row] for row in ([*names], *cells)]})


def as_csv(*rows: Object) -> bytes:
    names = dict.fromkeys(name for row in rows for name in row)
    return table(*({name: row.get(name, "") for name in names} for row in rows))


WRITERS: dict[str, Callable[..., bytes]] = {
    "JSON": lambda *values: json.dumps(values).encode(),
    "JSON lines": json_lines,
    "in an envelope": lambda *values: json.dumps({"results": values}).encode(),
    "CSV": lambda *values: as_csv(*(flat(value) for value in values)),
    "Excel": lambda *values: as_excel(*(flat(value, mark=".") for value in values)),
    "Parquet": lambda *values: as_parquet(*(flat(value, mark=".") for value in values)),
}


def counted(content: bytes, path: Path) -> int | None:
    """How many records a file is read as; None where it is refused as a whole, in one line."""
    path.write_bytes(content)
    try:
        tweets, rejects, remarks = read(path)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - a refusal is as good as records
        return None
    assert all(reject.reason and reject.detail and reject.locator for reject in rejects)
    assert all(each.text.strip() and each.tweet_id.isdecimal() for each in tweets)
    return len(tweets) + len(rejects) + sum(remarks[remark] for remark in LEFT_OUT)


many = tried_on(1, unchecked=SHARED_FIXTURES)
of_each = tried_on(1 / 5, unchecked=SHARED_FIXTURES)
"""For what is tried of each shape, and each way to write it."""
shapes = pytest.mark.parametrize("shape", SHAPES)


@shapes
@pytest.mark.parametrize("writer", WRITERS)
@given(data=st.data())
@of_each
def test_each_record_counts_once(shape: str, writer: str, data: st.DataObject, tmp_path: Path) -> None:
    found = [clean(record) for record in data.draw(records(plain, shape))]
    number = counted(WRITERS[writer](*found), tmp_path / "file")
    assert number in (None, len(found))


@shapes
@given(data=st.data())
@of_each
def test_nothing_disappears_whatever_is_inside(shape: str, data: st.DataObject, tmp_path: Path) -> None:
    found = [clean(record) for record in data.draw(records(anything, shape))]
    number = counted(json_lines(*found), tmp_path / "file")
    assert number is None or number >= len(found)


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
@many
def test_any_bytes_are_refused_in_one_line_or_read(content: bytes, tmp_path: Path) -> None:
    counted(content, tmp_path / "file")


@pytest.mark.parametrize("form", json_formats(FORMATS), ids=lambda form: form.name)
@given(data=st.data())
@many
def test_a_parser_makes_records_of_any_object(form: Any, data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(sorted(SHAPES)))
    parser = form.parser_for(Times(NOW), Counter(), None, ObjectColumns())
    for record in data.draw(records(anything, shape)):
        assert 0 <= form.confidence_in(record) <= 1
        assert all(isinstance(each, Tweet | Reject) for each in parser.records(record, "here"))


@given(st.lists(st.lists(plain.map(str), min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=6))
@many
def test_a_row_of_any_cells_is_a_record_or_left_out(rows: list[list[str]]) -> None:
    remarks: Counter[str] = Counter()
    parser = RowParser(Evidence(layout(list(COLUMNS))), Times(NOW), remarks)
    found = [each for row in rows if (each := parser.candidate(row, "here", lambda: "raw")) is not None]
    assert all(isinstance(each, Tweet | Reject | Doubtful | IdFromAddress) for each in found)
    settled = DoubtfulIds(remarks).settled(found)
    assert len(settled) + sum(remarks[remark] for remark in LEFT_OUT) == len(rows)
    assert all(isinstance(each, Tweet | Reject) for each in settled)
