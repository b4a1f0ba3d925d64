"""Files of each format, whole and damaged, from recognition to records."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.parsers import json_files
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.sources.examples import NOW, json_lines, page, read, reasons, tweet, user

PAGE = page(tweet(1), tweet(2), tweet(3))
FLAT = [tweet(number, author=user()) for number in (1, 2, 3)]


def table(delimiter: str = ",", newline: str = "\r\n") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=newline)
    writer.writerow(["tweetId", "createdAt", "text", "likeCount"])
    for number in (1, 2, 3):
        text = f"one, two; three\nand so on ({number}) – „fine“"
        writer.writerow([f"212423263100000000{number}", "2026-11-21T20:05:00.000Z", text, number])
    return stream.getvalue().encode()


FILES: dict[str, tuple[str, bytes]] = {
    "a page": ("X API v2, JSON lines", json.dumps(PAGE).encode()),
    "a page, pretty": ("X API v2, JSON", json.dumps(PAGE, indent=2).encode()),
    "a list of pages": ("X API v2, JSON lines", json.dumps([page(tweet(1), tweet(2)), page(tweet(3))]).encode()),
    "a list of pages, pretty": (
        "X API v2, JSON",
        json.dumps([page(tweet(1), tweet(2)), page(tweet(3))], indent=1).encode(),
    ),
    "pages, one a line": ("X API v2, JSON lines", json_lines(page(tweet(1)), page(tweet(2), tweet(3)))),
    "stream objects": ("X API v2, JSON lines", json_lines(*({"data": tweet(number)} for number in (1, 2, 3)))),
    "flattened, one a line": ("X API v2, JSON lines", json_lines(*FLAT)),
    "flattened, a list": ("X API v2, JSON lines", json.dumps(FLAT).encode()),
    "flattened, a list, one a line": (
        "X API v2, JSON",
        b"[\n" + b",\n".join(map(str.encode, map(json.dumps, FLAT))) + b"\n]",
    ),
    "a table": ("table, separated by ','", table()),
    "a table of semicolons": ("table, separated by ';'", table(";", "\n")),
    "a table of tabs": ("table, tab-separated", table("\t")),
}

every_file = pytest.mark.parametrize("name", FILES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anything.bin"


class TestRecognition:
    @every_file
    def test_the_content_tells_the_format(self, path: Path, name: str) -> None:
        expected, content = FILES[name]
        path.write_bytes(content)
        assert detect_format(probe_file(path), ReadOptions(NOW)).format == expected
        tweets, rejects, _ = read(path)
        assert [tweet.tweet_id[-1] for tweet in tweets] == ["1", "2", "3"]
        assert not rejects

    @every_file
    @pytest.mark.parametrize(
        "rewrite",
        [
            pytest.param(lambda text: text.encode("utf-8-sig"), id="byte-order mark"),
            pytest.param(lambda text: text.encode("utf-16"), id="UTF-16"),
            pytest.param(lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n").encode(), id="CRLF"),
            pytest.param(lambda text: b"\n\n" + text.encode() + b"\n\n\0\0\0\n", id="blank around"),
        ],
    )
    def test_encodings_and_line_endings_do_not_matter(
        self, path: Path, name: str, rewrite: Callable[[str], bytes]
    ) -> None:
        path.write_bytes(rewrite(FILES[name][1].decode()))
        tweets, rejects, _ = read(path)
        assert len(tweets) == 3
        assert not rejects

    def test_latin_1_is_read_as_it_was_meant(self, path: Path) -> None:
        path.write_bytes("id,text,created_at\n1,Café – très bien,2026-11-21T20:05:00Z\n".encode("cp1252"))
        ((found,), _, _) = read(path)
        assert found.text == "Café – très bien"
        path.write_bytes(json_lines(tweet(1, text="déjà vu")).decode().encode("cp1252"))
        ((found,), _, _) = read(path)
        assert found.text == "déjà vu"

    def test_lines_that_keep_a_stream_alive_are_skipped(self, path: Path) -> None:
        path.write_bytes(
            b"\r\n\r\n" + json_lines({"data": tweet(1)}) + b"\r\n\r\n" + json_lines({"data": tweet(2)}) + b"\r\n"
        )
        tweets, rejects, _ = read(path)
        assert (len(tweets), rejects) == (2, [])

    def test_an_empty_answer_has_no_records(self, path: Path) -> None:
        path.write_bytes(b'{"meta": {"result_count": 0}}')
        assert read(path) == ([], [], {"page without tweets": 1})

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"just a letter to somebody\n", "neither JSON"),
            (b'{"name": "package", "version": "1.0"}', "JSON, but no tweets .* its keys are 'name', 'version'"),
            (
                b"a,b,c\n1,2,3\n",
                "no column for the tweet's id and its text and its time; its columns are 'a', 'b', 'c'",
            ),
            (b"id,likes,retweets\n1,2,3\n", "no column for its text and its time; its columns are 'id'"),
            (
                "id,本文,いいね\n1,こんにちは,2\n".encode("shift_jis"),
                "no column for its text and its time; names of its columns are not UTF-8: save the file as UTF-8",
            ),
            (b"<html><body>Rate limit exceeded</body></html>", "neither JSON"),
        ],
    )
    def test_another_format_is_refused_in_one_line(self, path: Path, content: bytes, problem: str) -> None:
        path.write_bytes(content)
        with pytest.raises(SourceError, match=problem) as error:
            detect_format(probe_file(path), ReadOptions(NOW))
        assert "\n" not in str(error.value)

    def test_times_without_a_zone_are_told(self, path: Path) -> None:
        path.write_bytes(b'id,text,created_at\n1,hi,"March 17, 2026 at 05:47 PM"\n')
        assert read(path)[2] == {"time without a zone, taken as UTC": 1}


class TestDamage:
    def test_a_cut_last_line_is_one_reject(self, path: Path) -> None:
        path.write_bytes(json_lines({"data": tweet(1)}, {"data": tweet(2)})[:-100])
        tweets, (reject,), _ = read(path)
        assert len(tweets) == 1
        assert (reject.reason, reject.locator) == ("bad_json", "line 2")
        assert reject.raw.startswith('{"data": {"id": "212')

    def test_a_damaged_first_line_does_not_hide_the_rest(self, path: Path) -> None:
        for damaged in (b"{{", b"x", b"", b"}\x01"):
            path.write_bytes(damaged + json_lines({"data": tweet(1)})[1:] + json_lines({"data": tweet(2)}))
            tweets, _, _ = read(path)
            assert "2124232631000000002" in {tweet.tweet_id for tweet in tweets}

    def test_invalid_utf_8_costs_its_own_tweet(self, path: Path) -> None:
        content = json_lines(page(tweet(1), tweet(2, text="bad @@ bytes"), tweet(3)))
        path.write_bytes(content.replace(b"@@", b"\xff\xfe"))
        tweets, (reject,), _ = read(path)
        assert [tweet.tweet_id[-1] for tweet in tweets] == ["1", "3"]
        assert (reject.reason, reject.locator) == ("bad_encoding", "line 1, tweet 2")

    def test_invalid_utf_8_in_a_table_costs_its_own_row(self, path: Path) -> None:
        path.write_bytes(table().replace(b"(2)", b"(2) \xff\xfe"))
        tweets, (reject,), _ = read(path)
        assert len(tweets) == 2
        assert (reject.reason, "\\xff\\xfe" in reject.raw) == ("bad_encoding", True)

    def test_invalid_utf_8_where_nobody_looks_costs_nothing(self, path: Path) -> None:
        path.write_bytes(json_lines(tweet(1, source="@@")).replace(b"@@", b"\xff\xfe"))
        tweets, rejects, _ = read(path)
        assert (len(tweets), rejects) == (1, [])

    def test_an_endless_line_is_given_up_and_the_next_one_read(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(json_files, "LONGEST_LINE", 1000)
        endless = json_lines({"data": tweet(1, text="x" * 5000)})
        path.write_bytes(json_lines({"data": tweet(2)}) + endless + json_lines({"data": tweet(3)}))
        tweets, (reject,), _ = read(path)
        assert [tweet.tweet_id[-1] for tweet in tweets] == ["2", "3"]
        assert (reject.reason, reject.locator) == ("too_long", "line 2")

    @pytest.mark.parametrize("around", ['{"tweet":', "[", '{"1":', '{"data":'])
    def test_values_nested_without_end_are_read_or_rejected(self, path: Path, around: str) -> None:
        for depth in (10, 300, 900, 5000):
            end = "]" if around == "[" else "}"
            path.write_text(around * depth + json.dumps(tweet(1)) + end * depth)
            tweets, rejects, _ = read(path)
            assert tweets or rejects

    def test_a_page_that_has_lost_the_bracket_of_its_data_does_not_vanish_into_the_next(self) -> None:
        content = FILES["a list of pages, pretty"][1].replace(b'"data": [', b'"data": \t', 1)
        tweets, rejects = accounted(content)
        found = " ".join([*(tweet.text for tweet in tweets), *(reject.raw for reject in rejects)])
        assert all(f"({number})" in found for number in (1, 2, 3))

    @pytest.mark.slow
    @every_file
    @tried_on(1 / 4, unchecked=SHARED_FIXTURES)
    @given(data=st.data())
    def test_one_changed_byte_makes_no_tweet_vanish(self, name: str, data: st.DataObject) -> None:
        """Each is read or in quarantine; the one that was hit may have become unrecognisable."""
        content = bytearray(FILES[name][1])
        at = data.draw(st.integers(content.index(b"\n") + 1 if "table" in name else 12, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
        tweets, rejects = accounted(bytes(content))
        found = " ".join([*(tweet.text for tweet in tweets), *(reject.raw for reject in rejects)])
        assert sum(f"({number})" in found for number in (1, 2, 3)) >= 2

    @pytest.mark.slow
    @every_file
    @tried_on(1 / 4, unchecked=SHARED_FIXTURES)
    @given(data=st.data())
    def test_a_file_cut_anywhere_keeps_what_was_complete(self, name: str, data: st.DataObject) -> None:
        content = FILES[name][1]
        at = data.draw(st.integers(0, len(content)))
        begun = sum(f"({number})".encode() in content[:at] for number in (1, 2, 3))
        tweets, _ = accounted(content[:at])
        assert len(tweets) >= begun - 1

    @pytest.mark.slow
    @every_file
    @tried_on(1 / 4, unchecked=SHARED_FIXTURES)
    @given(data=st.data())
    def test_much_damage_never_crashes(self, name: str, data: st.DataObject) -> None:
        content = bytearray(FILES[name][1])
        for _ in range(data.draw(st.integers(1, 30))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + 1] = data.draw(st.binary(max_size=3))
            if not content:
                return
        accounted(bytes(content))

    @given(st.binary(max_size=400))
    def test_any_bytes_are_a_problem_or_records(self, content: bytes) -> None:
        accounted(content)


def accounted(content: bytes) -> tuple[list[Any], list[Any]]:
    """Tweets and rejects of a file, each reject complete and in a place of its own; none for a file that is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        try:
            tweets, rejects, _ = read(path)
        except SourceError as error:
            assert "\n" not in str(error)  # noqa: PT017 - a refusal is as good as records
            return [], []
    assert all(reject.reason and reject.detail for reject in rejects), reasons(rejects)
    assert len({reject.locator for reject in rejects}) == len(rejects)
    return tweets, rejects
