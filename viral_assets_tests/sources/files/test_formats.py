"""Of every file, one format is surer than all others; and a new format is one file and one line in the list."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files import detect
from viral_assets.sources.files.detect import FORMATS
from viral_assets.sources.files.ingest import IngestOptions, ingest_file
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
from viral_assets.sources.parsers.format import Format
from viral_assets.sources.parsers.head import FileHead, read_head
from viral_assets.sources.parsers.json_format import json_formats
from viral_assets.store.engine import Database
from viral_assets.store.rejects import count_rejects_by_reason
from viral_assets.store.tables import tweets
from viral_assets_tests.sources import toy_json_format, toy_log_format
from viral_assets_tests.sources.examples import NOW, apify_item, json_lines, page, status, tweet, user
from viral_assets_tests.sources.formats_at_hand import DAMAGES, FILES, PACKINGS, parquet, table
from viral_assets_tests.sources.fuzz import mutated_record
from viral_assets_tests.sources.parsers.test_other_programs import web_result
from viral_assets_tests.store.rows import stored

ROW = {"id": "2124232631000000001", "text": "hi", "created_at": "2026-11-21T20:05:00Z"}
ANSWER = {"data": {"search": {"entries": [{"tweet_results": {"result": web_result()}}]}}}

V2, V1, WEB, APIFY = x_api_v2.FORMAT, x_api_v1.FORMAT, x_graphql.FORMAT, apify_items.FORMAT
OBJECTS, CSV = json_objects.FORMAT, csv_table.FORMAT
PARQUET, XLSX = parquet_table.FORMAT, xlsx_table.FORMAT

EXPECTED: dict[str, Format] = {
    **{name: V2 for name in FILES if name.startswith("v2")},
    **{name: V1 for name in FILES if name.startswith("v1.1")},
    **{name: APIFY for name in FILES if name.startswith("apify")},
    **{name: PARQUET for name in FILES if name.endswith("parquet")},
    **{name: CSV for name in FILES if name.endswith("csv")},
    "xlsx": XLSX,
}
SAMPLES: dict[str, tuple[Format, bytes]] = {
    **{name: (EXPECTED[name], content) for name, content in FILES.items()},
    "v2 meta alone": (V2, b'{"meta": {"result_count": 0}}'),
    "v2 behind values that say nothing": (V2, json_lines({"note": "hi"}, [1], page(tweet(1)), status(2))),
    "v2 too long to be whole": (V2, json.dumps(page(*(tweet(at) for at in range(9))), indent=1).encode()[:-900]),
    "v1.1 archive of one's own": (V1, b"window.YTD.tweets.part0 = [ {" + json.dumps({"tweet": status(1)})[1:].encode()),
    "v1.1 notice first": (V1, json_lines({"delete": {"status": {"id": 1}}}, tweet(2))),
    "web page results": (WEB, json.dumps([web_result(1), web_result(2)]).encode()),
    "web page answers": (WEB, json_lines(ANSWER, ANSWER)),
    "apify search without results": (APIFY, json.dumps([{"noResults": True}, {"demo": True}], indent=1).encode()),
    "objects": (OBJECTS, json_lines(ROW, ROW)),
    "objects of a data frame": (OBJECTS, json.dumps({name: {"0": cell} for name, cell in ROW.items()}).encode()),
    "semicolons": (CSV, table(ROW, delimiter=";")),
    "tabs": (CSV, table(ROW, delimiter="\t")),
    "csv under a title": (CSV, b"Export of November\n\n" + table(ROW)),
    "csv with JSON in a line": (CSV, table(ROW | {"text": 'see\n{"data": []}'})),
    "csv that lacks a column": (CSV, b"id,likes\n1,2\n"),
    "csv without a header": (CSV, b"2124232631000000001,hi\n"),
    "parquet of something else": (PARQUET, parquet({"a": 1})),
}
REWRITES: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "byte-order mark": lambda content: b"\xef\xbb\xbf" + content,
    "UTF-16": lambda content: content.decode().encode("utf-16"),
    "CRLF": lambda content: content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "blank lines around": lambda content: b"\n\n" + content + b"\n\n\0\0",
    **PACKINGS,
}


def ranked(head: FileHead) -> list[tuple[float, Format]]:
    """The formats and how sure they are, the surest first."""
    return sorted(((each.probe(head), each) for each in FORMATS), key=lambda found: -found[0])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_right_format_is_surest_of_every_sample(name: str, tmp_path: Path) -> None:
    expected, content = SAMPLES[name]
    for how, rewrite in REWRITES.items():
        if expected in (PARQUET, XLSX) and how not in (*PACKINGS, "as it is"):
            continue  # no text, of which there is one way to write it
        path = tmp_path / "file"
        path.write_bytes(rewrite(content))
        (first, best), (second, other), *_ = ranked(read_head(probe_file(path)))
        assert best is expected, how
        assert 1 >= first > second >= 0, (how, best.name, other.name)


def test_every_format_has_a_sample() -> None:
    assert {id(expected) for expected, _ in SAMPLES.values()} == {id(each) for each in FORMATS}


@given(
    st.one_of(
        st.text(max_size=300),
        st.recursive(
            st.sampled_from([tweet(1), page(tweet(1)), status(1), apify_item(1), web_result(), ROW, ANSWER, None, "x"]),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.sampled_from(["data", "tweets", "user", "author", "id_str", "fullText"]), inner)
            ),
        ).map(json.dumps),
        st.tuples(st.randoms(use_true_random=False), st.sampled_from(DAMAGES), st.sampled_from([*FILES.values()])).map(
            lambda drawn: drawn[1](drawn[0], drawn[2]).decode("utf-8", "surrogateescape")
        ),
    ),
    st.booleans(),
)
def test_no_two_formats_are_equally_sure_of_anything(text: str, lines: bool) -> None:
    (first, _), (second, _), *_ = ranked(FileHead(text, json_lines=lines))
    assert first > second or first == 0


@pytest.mark.parametrize("seed", range(3))
def test_of_a_single_value_too_one_format_is_surest(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(300):
        _, record = mutated_record(rng)
        first, second, *_ = sorted((each.confidence_in(record) for each in json_formats(FORMATS)), reverse=True)
        assert first > second


def test_what_no_format_knows_has_no_confidence_at_all() -> None:
    assert ranked(FileHead("just a letter to somebody\n"))[0][0] == 0


class TestOneMore:
    """Each of the two toys is one file; the line in the list is the first of each test."""

    def test_a_new_format_of_text_is_ingested(
        self, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(detect, "FORMATS", (*FORMATS, toy_log_format.FORMAT))
        path = tmp_path / "tweets.log"
        path.write_text(
            f"{toy_log_format.FIRST_LINE}20 2026-11-21T20:05:00Z @mara id,text: hello\n21 soon @mara hello\n"
        )
        report = ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert (report.format, report.new, report.rejected) == ("tweet log", 1, 1)
        (row,) = stored(sqlite_database, tweets)
        assert (row["tweet_id"], row["author_handle"], row["text"]) == ("20", "mara", "id,text: hello")
        with sqlite_database.read() as connection:
            assert count_rejects_by_reason(connection) == {"bad_time": 1}

    def test_a_new_format_of_json_is_ingested_also_beside_others(
        self, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(detect, "FORMATS", (toy_json_format.FORMAT, *FORMATS))
        path = tmp_path / "sayings.jsonl"
        saying: dict[str, Any] = {"no": "20", "at": "2026-11-21T20:05:00Z", "says": "hello", "by": "mara"}
        path.write_bytes(json_lines(saying, {"tweets": [saying | {"no": "21"}, tweet(1, author=user())]}, status(2)))
        report = ingest_file(sqlite_database, path, IngestOptions(NOW))
        assert (report.format, report.new, report.rejected) == ("sayings, JSON lines", 4, 0)
        assert {row["author_handle"] for row in stored(sqlite_database, tweets)} == {"mara", "mara_writes_here"}
