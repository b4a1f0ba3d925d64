"""Excel workbooks, as people save and programs export them, with made-up tweets."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions
from viral_assets.sources.content import workbooks
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.parsers import xlsx_sheets
from viral_assets_tests.sources.examples import NOW, Object, id_at, read, reasons
from viral_assets_tests.sources.formats_at_hand import PACKINGS, sheet, workbook

POSTED = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
URL = "https://x.com/mara_writes/status/"


def row(number: int = 1, **changes: Any) -> Object:
    identity = id_at(POSTED.isoformat(), number)
    full = {"id": identity, "text": f"hi ({number})", "date": POSTED, "username": "mara_writes", "likes": 5}
    return {key: value for key, value in {**full, **changes}.items() if value is not ...}


ROWS = [row(number) for number in range(1, 4)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.xlsx"


def rezipped(content: bytes, part: str, edit: Any) -> bytes:
    """The workbook with one of its parts changed."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            target.writestr(name, edit(source.read(name)) if name == part else source.read(name))
    return stream.getvalue()


OFFICE = "http://schemas.openxmlformats.org"
PARTS = f"{OFFICE}/officeDocument/2006/relationships"


def excels_own(rows: list[Object]) -> bytes:
    """A workbook with its texts in a part of their own, as Excel writes it, and numbers as they are."""
    texts: list[str] = []
    lines = []
    for line in sheet(*rows):
        cells = ""
        for cell in line:
            if isinstance(cell, str):
                texts.append(f"<si><t>{cell}</t></si>")
                cells += f'<c t="s"><v>{len(texts) - 1}</v></c>'
            else:
                cells += f"<c><v>{46347.8368055556 if isinstance(cell, datetime) else cell}</v></c>"
        lines.append(f"<row>{cells}</row>")
    main = f'xmlns="{OFFICE}/spreadsheetml/2006/main" xmlns:r="{PARTS}"'
    kind = f"{OFFICE.replace('http://schemas', 'application/vnd').replace('.org', '-officedocument')}.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/{TEXTS}" ContentType="{kind}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{PARTS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{PARTS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main}><sheets><sheet name="Posts" sheetId="1" r:id="r1"/></sheets></workbook>',
        SHEET: f"<worksheet {main}><sheetData>{''.join(lines)}</sheetData></worksheet>",
        TEXTS: f"<sst {main}>{''.join(texts)}</sst>",
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return stream.getvalue()


SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


class TestCells:
    def test_texts_numbers_and_dates(self, path: Path) -> None:
        path.write_bytes(workbook({"Posts": sheet(*ROWS)}))
        tweets, rejects, remarks = read(path)
        assert not rejects
        assert [tweet.tweet_id for tweet in tweets] == [each["id"] for each in ROWS]
        assert [(tweet.created_at, tweet.like_count, tweet.author_handle) for tweet in tweets] == [
            (POSTED, 5, "mara_writes")
        ] * 3
        assert remarks == {"time without a zone, taken as UTC": 3}

    @pytest.mark.parametrize(
        ("cells", "completed"),
        [
            ({"date": date(2026, 11, 21)}, True),
            ({"date": "21/11/2026"}, True),
            ({"date": date(2026, 11, 21), "time": time(20, 5)}, False),
            ({"date": "2026-11-21T20:05:00Z"}, False),
            ({"date": POSTED.timestamp()}, False),
            ({"date": ...}, False),
        ],
    )
    def test_dates_that_people_write(self, path: Path, cells: Object, completed: bool) -> None:
        path.write_bytes(workbook({"Posts": sheet(row(**cells))}))
        ((tweet,), _, remarks) = read(path)
        assert tweet.created_at == POSTED
        assert ("date in doubt, or without a time of day, which the tweet's id told" in remarks) is completed

    def test_blank_cells_and_errors_are_unknown(self, path: Path) -> None:
        path.write_bytes(workbook({"Posts": sheet(row(likes="#N/A", views=None, replies="#REF!", shares=0))}))
        ((tweet,), _, _) = read(path)
        assert (tweet.like_count, tweet.view_count, tweet.reply_count, tweet.retweet_count) == (None, None, None, 0)

    def test_what_xml_cannot_hold(self, path: Path) -> None:
        path.write_bytes(workbook({"Posts": sheet(row(text="one_x000D_\ntwo"))}))
        ((tweet,), _, _) = read(path)
        assert tweet.text == "one\r\ntwo"

    def test_whole_numbers_that_have_become_fractions(self, path: Path) -> None:
        path.write_bytes(workbook({"Posts": sheet(row(likes=12.0, views=1_250_000.0))}))
        ((tweet,), _, _) = read(path)
        assert (tweet.like_count, tweet.view_count) == (12, 1_250_000)


class TestIds:
    """Excel keeps 15 digits of a number; programs that write workbooks may keep all of them, or 16 or 17."""

    KEPT = (
        lambda number: int(f"{str(number)[:15]}0000"),
        lambda number: int(f"{round(number, -4)}"),
        lambda number: float(f"{str(number)[:15]}0000"),
        float,
    )

    def rows(self, keep: Any, **more: Any) -> list[Object]:
        ids = [int(id_at(POSTED.isoformat(), 7 + 1_000_003 * number)) for number in range(1, 9)]
        return [row(id=keep(each), url=URL + str(each)) if more else row(id=keep(each)) for each in ids]

    @pytest.mark.parametrize("keep", KEPT)
    def test_rounded_ones_are_rejected(self, path: Path, keep: Any) -> None:
        path.write_bytes(workbook({"Posts": sheet(*self.rows(keep))}))
        tweets, rejects, _ = read(path)
        assert (tweets, set(reasons(rejects)), len(rejects)) == ([], {"rounded_id"}, 8)

    @pytest.mark.parametrize("keep", KEPT)
    def test_addresses_repair_them(self, path: Path, keep: Any) -> None:
        rows = self.rows(keep, url=True)
        path.write_bytes(workbook({"Posts": sheet(*rows)}))
        tweets, rejects, _ = read(path)
        assert not rejects
        assert [URL + tweet.tweet_id for tweet in tweets] == [each["url"] for each in rows]

    @pytest.mark.parametrize("write", [lambda rows: workbook({"Posts": sheet(*rows)}), excels_own])
    @pytest.mark.parametrize("keep", [str, "'{}".format])
    def test_texts_are_whole(self, path: Path, keep: Any, write: Any) -> None:
        rows = self.rows(int)
        path.write_bytes(write([{**each, "id": keep(each["id"])} for each in rows]))
        tweets, _, _ = read(path)
        assert [int(tweet.tweet_id) for tweet in tweets] == [each["id"] for each in rows]

    def test_so_are_numbers_of_programs_that_keep_all_digits(self, path: Path) -> None:
        rows = self.rows(int)
        path.write_bytes(excels_own(rows))
        assert [int(tweet.tweet_id) for tweet in read(path)[0]] == [each["id"] for each in rows]


class TestSheets:
    def test_all_with_tweets_are_read_and_the_others_named(self, path: Path) -> None:
        path.write_bytes(
            workbook(
                {
                    "Summary": [["Report", "November"], ["Posts", 3]],
                    "Week 1": sheet(ROWS[0], ROWS[1]),
                    "Empty": [],
                    "Week 2": [["Mentions of reading"], [], *sheet({"Likes": 7, **row(3, likes=...)})],
                }
            )
        )
        tweets, rejects, remarks = read(path)
        assert ([tweet.like_count for tweet in tweets], rejects) == ([5, 5, 7], [])
        assert remarks["sheet without tweets, left out: 'Summary'"] == 1
        assert remarks["line above the header"] == 1
        assert not any("Empty" in remark for remark in remarks)

    def test_a_reject_says_where_it_is_and_what_it_had(self, path: Path) -> None:
        path.write_bytes(workbook({"One": sheet(ROWS[0], row(2, text=None)), "Two": sheet(row(3, text=None))}))
        _, rejects, _ = read(path)
        assert [reject.locator for reject in rejects] == ["sheet 1 ('One'), row 3", "sheet 2 ('Two'), row 2"]
        assert '"username":"mara_writes"' in rejects[0].raw

    def test_blank_rows_and_repeated_headers_are_no_records(self, path: Path) -> None:
        one = sheet(ROWS[0])
        path.write_bytes(workbook({"Posts": [*one, [], one[0], [None, None], *sheet(ROWS[1])[1:]]}))
        tweets, rejects, remarks = read(path)
        assert (len(tweets), rejects, remarks["repeated header row"]) == (2, [], 1)

    def test_a_note_beside_the_table_spoils_no_row(self, path: Path) -> None:
        path.write_bytes(workbook({"Posts": [[*sheet(ROWS[0])[0]], [*ROWS[0].values(), None, "look at this one"]]}))
        assert len(read(path)[0]) == 1

    @pytest.mark.parametrize(
        ("sheets", "problem"),
        [
            (
                {"Posts": [["id", "likes"], [1, 2]]},
                "no column for its text and its time; its columns are 'id', 'likes'",
            ),
            ({"A": [["a", "b"]], "B": [["id", "date"], [1, 2]]}, "no column for its text"),
            ({"A": [["some", "cells"], ["more", "of them"]]}, "no column for the tweet's id"),
            ({"A": []}, "nothing in it"),
        ],
    )
    def test_a_workbook_without_tweets_is_refused(self, path: Path, sheets: Any, problem: str) -> None:
        path.write_bytes(workbook(sheets))
        with pytest.raises(SourceError, match=problem):
            read(path)

    def test_what_a_column_means_is_told_for_all_sheets(self, path: Path) -> None:
        path.write_bytes(workbook({"A": sheet(row(note="x")), "B": sheet(row(2, text=..., body="hi"))}))
        reader = detect_format(probe_file(path), ReadOptions(NOW))
        assert ("text", "text; body") in reader.mapping
        assert list(reader.unused) == ["note"]


@pytest.mark.parametrize("packing", [*PACKINGS, "zip"])
def test_it_may_be_packed(path: Path, packing: str) -> None:
    content = workbook({"Posts": sheet(*ROWS)})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("export.xlsx", content)
    path.write_bytes(stream.getvalue() if packing == "zip" else PACKINGS[packing](content))
    assert len(read(path)[0]) == 3


class TestUntrusted:
    def refused(self, path: Path, content: bytes) -> str:
        path.write_bytes(content)
        with pytest.raises(SourceError) as error:
            read(path)
        assert "\n" not in str(error.value)
        return str(error.value)

    def test_without_openpyxl_the_extra_is_named(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx_sheets, "find_spec", lambda name: None)
        said = self.refused(path, workbook({"Posts": sheet(*ROWS)}))
        assert "pip install 'viral_assets[xlsx]'" in said
        assert "save the sheet as CSV" in said

    @pytest.mark.parametrize(
        ("bound", "part", "end", "much"),
        [
            ("MOST_CHARACTERS_IN_A_ROW", "SHEET", b"</row>", b"<c><is><t>" + b" " * 10_000 + b"</t></is></c>"),
            ("MOST_IN_A_ROW", "SHEET", b"</row>", b"<c/>" * 10_000),
            ("MOST_ELEMENTS", "SHEET", b"</sheetData>", b'<row r="9"/>' * 10_000),
            ("MOST_ELEMENTS", "SHEET", b"</sheetData>", b"<x/>" * 10_000),
            ("MOST_ELEMENTS", "TEXTS", b"</sst>", b"<si><t/></si>" * 10_000),
            ("MOST_TEXT", "TEXTS", b"</sst>", b"<si><t>no</t></si>" * 10_000),
        ],
    )
    def test_parts_without_end(
        self, path: Path, bound: str, part: str, end: bytes, much: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        name = {"SHEET": SHEET, "TEXTS": TEXTS}[part]
        content = rezipped(excels_own(ROWS), name, lambda part: part.replace(end, much + end, 1))
        path.write_bytes(content)
        assert len(read(path)[0]) == 3
        monkeypatch.setattr(workbooks, "_SMALL", 2**10)
        assert len(read(path)[0]) == 3, "it is not that much"
        monkeypatch.setattr(workbooks, bound, 5_000)
        assert "more in it than is safe to read" in self.refused(path, content)

    def test_more_than_a_sheet_can_have(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "MOST_BYTES", 1_000)
        assert "bytes unpacked" in self.refused(path, workbook({"Posts": sheet(*ROWS)}))

    def test_entities_without_end(self, path: Path) -> None:
        entities = b"".join(
            b'<!ENTITY e%d "%s">' % (number, b"&e%d;" % (number - 1) * 10 if number else b"ha" * 100)
            for number in range(12)
        )
        bomb = b"<!DOCTYPE sst [" + entities + b"]>"
        content = rezipped(excels_own(ROWS), TEXTS, lambda part: bomb + part.replace(b"<t>hi", b"<t>&e11;hi", 1))
        assert "cannot be read" in self.refused(path, content)

    def test_a_row_far_below_is_no_million_of_rows(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(xlsx_sheets, "LAST_ROW", 50)
        content = rezipped(
            workbook({"Posts": sheet(*ROWS)}), SHEET, lambda part: part.replace(b'<row r="4"', b'<row r="99999999999"')
        )
        path.write_bytes(content)
        tweets, (reject,), _ = read(path)
        assert (len(tweets), reject.reason, reject.locator) == (2, "bad_xlsx", "rows after 50")

    def test_a_damaged_sheet_gives_what_it_can(self, path: Path) -> None:
        path.write_bytes(
            rezipped(
                workbook({"Posts": sheet(*ROWS)}), SHEET, lambda part: part.replace(b'<row r="4"', b'<row r="4" <', 1)
            )
        )
        tweets, (reject,), _ = read(path)
        assert (len(tweets), reject.reason, reject.locator) == (2, "bad_xlsx", "rows after 3")

    def test_a_date_beyond_the_calendar_is_no_warning(self, path: Path, recwarn: pytest.WarningsRecorder) -> None:
        content = workbook({"Posts": sheet(*ROWS)})
        path.write_bytes(rezipped(content, SHEET, lambda part: re.sub(rb"<v>46347\.8\d+</v>", b"<v>9e99</v>", part)))
        tweets, _, _ = read(path)
        assert len(tweets) == 3  # the ids tell
        assert not recwarn.list

    @pytest.mark.parametrize(
        ("parts", "problem"),
        [
            ({"[Content_Types].xml": b"<a/>", "xl/workbook.bin": b"x"}, "binary Excel workbook"),
            ({"[Content_Types].xml": b"<a/>", "word/document.xml": b"x"}, "Word document"),
            ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"x"}, "OpenDocument"),
            ({"[Content_Types].xml": b"<a/>", "xl/workbook.xml": b"x"}, "cannot be read"),
        ],
    )
    def test_other_documents_are_named(self, path: Path, parts: dict[str, bytes], problem: str) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        assert problem in self.refused(path, stream.getvalue())
