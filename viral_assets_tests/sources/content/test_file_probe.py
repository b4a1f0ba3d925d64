"""Files as bytes and text."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.content.encoding import EncodingDetector
from viral_assets.sources.content.file_probe import expand_paths, printable_name, probe_file
from viral_assets_tests.effort import calls_made

LATIN_1 = "id,text\n1,Café à la carte, très bien – naïve Ärzte\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


class TestProbe:
    def test_it_tells_hash_size_and_beginning(self, path: Path) -> None:
        path.write_bytes(b"id,text\n1,hi\n")
        found = probe_file(path)
        assert (found.sha256, found.size) == (hashlib.sha256(path.read_bytes()).hexdigest(), 13)
        assert (found.encoding, found.head) == ("utf-8", "id,text\n1,hi\n")

    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            ("naïve".encode(), "utf-8"),
            ("naïve".encode("utf-8-sig"), "utf-8"),
            ("naïve".encode("utf-16"), "utf-16"),
            (LATIN_1.encode("cp1252"), "cp1252"),
            (b"na\xefve caf\xc3\xa9", "utf-8"),  # UTF-8 elsewhere: one letter is damaged
            (b"a \xff\xfe b", "utf-8"),  # no letters of any language
            (b"a \xc3\x28 b", "utf-8"),
            (b"a \x81 b \xe9t\xe9", "utf-8"),  # 0x81 is nothing in Windows-1252
        ],
    )
    def test_encodings(self, path: Path, content: bytes, encoding: str) -> None:
        path.write_bytes(content)
        assert probe_file(path).encoding == encoding

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_text_is_read_as_it_was_written(self, path: Path, encoding: str) -> None:
        path.write_bytes(LATIN_1.encode(encoding))
        found = probe_file(path)
        assert found.head == LATIN_1
        with found.open_text(newline="") as stream:
            assert stream.read() == LATIN_1

    @pytest.mark.parametrize(
        ("text", "encoding"),
        [
            ("Как вы забираете у детей планшет?", "cp1251"),
            ("Как вы забираете у детей планшет?", "iso8859-5"),
            ("كيف تبعدون الأطفال عن الشاشة؟", "cp1256"),
            ("איך מרחיקים ילדים ממסכים בלי ריב", "cp1255"),
            ("Πώς αφηνουν τα παιδια το κινητο;", "cp1253"),
            ("How many hours a day? Сколько часов в день?", "cp1251"),
        ],
    )
    def test_text_of_another_script_is_taken_for_no_western_one(self, path: Path, text: str, encoding: str) -> None:
        path.write_bytes(f"id,text\n1,{text}\n".encode(encoding))
        assert probe_file(path).encoding == "utf-8", "damaged, so that it is rejected and not stored as another text"

    @pytest.mark.parametrize("text", ["Œuvre créée à Noël", "Hääyöaieuutinen, pää edellä", "Ça a déjà été prévu, où ?"])
    def test_accented_letters_side_by_side_are_western_still(self, path: Path, text: str) -> None:
        path.write_bytes(text.encode("cp1252").replace(b"\x8c", b"OE"))
        assert probe_file(path).encoding == "cp1252"

    def test_a_character_on_the_edge_of_a_block_is_no_damage(self, path: Path) -> None:
        path.write_bytes(b"x" * (2**18 - 1) + "é".encode() + b"y" * 2**20 + b"\xff")
        assert probe_file(path).encoding == "utf-8"

    def test_half_a_character_on_the_edge_of_a_block_is_damage(self, path: Path) -> None:
        path.write_bytes(b"x" * (2**18 - 1) + "é".encode("cp1252") + b"y" * 2**20)
        assert probe_file(path).encoding == "cp1252"

    def test_what_is_decided_is_not_looked_at(self) -> None:
        detector = EncodingDetector()
        detector.feed("🔥".encode())
        damaged = "été ".encode("cp1252") * 1_000
        assert calls_made(lambda: detector.feed(damaged)) <= 3, "the call, and those that count it"
        assert detector.conclude() == "utf-8"

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "empty"),
            (b"\xef\xbb\xbf\r\n \n", "empty"),
            (b"\0" * 5000, "empty"),
            (bytes(range(256)) * 20, "neither text nor a table"),
            (b"\x1f\x8b\x08\x00abc", "gzip file is cut off"),
            (b"PK\x03\x04rest", "Excel"),
            (b"\x28\xb5\x2f\xfdrest", "zstd file is cut off"),
        ],
    )
    def test_what_is_no_text_is_named(self, path: Path, content: bytes, problem: str) -> None:
        path.write_bytes(content)
        with pytest.raises(SourceError, match=problem) as error:
            probe_file(path)
        assert "\n" not in str(error.value)
        assert str(path) in str(error.value)

    def test_blank_lines_without_end_are_no_file_of_tweets(self, path: Path) -> None:
        path.write_bytes(b"\n" * 1_100_000 + b"id,text")
        with pytest.raises(SourceError, match="blank"):
            probe_file(path)

    def test_a_folder_a_device_and_nothing(self, tmp_path: Path) -> None:
        for wrong, problem in (
            (tmp_path, "not a file"),
            (Path("/dev/null"), "not a file"),
            (tmp_path / "x", "No such file"),
        ):
            with pytest.raises(SourceError, match=problem):
                probe_file(wrong)

    def test_a_pipe_does_not_make_it_wait(self, path: Path) -> None:
        os.mkfifo(path)
        with pytest.raises(SourceError, match="not a file"):
            probe_file(path)


class TestPaths:
    def test_folders_become_their_files_hidden_ones_left_out(self, tmp_path: Path) -> None:
        for name in ("b.json", "a.csv", "deep/er/c.json", ".hidden", ".git/config", "~$a.xlsx"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x")
        assert expand_paths([tmp_path]) == [tmp_path / "a.csv", tmp_path / "b.json", tmp_path / "deep/er/c.json"]

    def test_a_file_is_listed_once(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("x")
        assert expand_paths([tmp_path / "a", tmp_path]) == [tmp_path / "a"]

    def test_what_is_not_there_is_left_to_the_reader(self, tmp_path: Path) -> None:
        assert expand_paths([tmp_path / "nothing"]) == [tmp_path / "nothing"]

    def test_a_folder_without_files_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "inside").mkdir()
        with pytest.raises(SourceError, match="there is no file in this folder"):
            expand_paths([tmp_path])

    def test_names_that_are_no_text_are_written_out(self) -> None:
        assert printable_name(Path(os.fsdecode(b"caf\xe9.json"))) == "caf\\xe9.json"
