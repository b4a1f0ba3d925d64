"""Decisions made in a spreadsheet: taken over as if made on the page, and never over somebody else's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from viral_assets.delivery.decision_import import ImportReport, import_decisions
from viral_assets.delivery.decision_sheet import COLUMNS, read_sheet, write_sheet
from viral_assets.errors import ConfigurationError
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.pages import read_opportunities
from viral_assets.store import audit, decisions
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.delivery.examples import TYPES, opportunity, store, suggestion

TEXTS = (
    "Put the charger\nin the kitchen 🔌.",
    "=Which part; do they push back on?",
    "So it is \u201cless\u201d about phones, then.",
)
KEYS = [("demo", "2124118326903828751")]
Sheet = list[dict[str, str]]


def shown(database: Database) -> OpportunityView:
    with database.read() as connection:
        return read_opportunities(connection, KEYS)[0]


@pytest.fixture
def sheet(database: Database, tmp_path: Path) -> Sheet:
    """The file of a tweet with three suggestions, as somebody opens it."""
    several = tuple(suggestion(text, type_name=kind) for text, kind in zip(TEXTS, TYPES, strict=True))
    with database.begin() as connection:
        store(connection, [opportunity(project="demo", tweet_id=KEYS[0][1], suggestions=several)])
    assert write_sheet(tmp_path / "decide.csv", [[shown(database)]]) == 3
    with (tmp_path / "decide.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def take_over(database: Database, now: datetime) -> Callable[..., ImportReport]:
    def take(sheet: Sheet, *, delimiter: str = ",", encoding: str = "utf-8", dry_run: bool = False) -> ImportReport:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, delimiter=delimiter, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(sheet)
        rows, problems = read_sheet(text.getvalue().encode(encoding, "replace"))
        report = import_decisions(database, rows, who="mara", now=now, dry_run=dry_run)
        report.problems.extend(problems)
        return report

    return take


def statuses(database: Database) -> list[str]:
    return [each.status for each in shown(database).suggestions]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_that_nobody_filled_in_decides_nothing_whoever_saved_it(
    database: Database, sheet: Sheet, take_over: Callable[..., ImportReport], delimiter: str, encoding: str
) -> None:
    report = take_over(sheet, delimiter=delimiter, encoding=encoding)
    assert (report.untouched, report.done, report.conflicts, report.problems) == (3, {}, [], [])
    assert statuses(database) == ["pending"] * 3


ODD = (
    "'@home' is where the chargers live, says mum",
    "'=1+1",
    "+1 for that",
    "one\u2028two\u2029three\x85four",
    "one\x0btwo\x1cthree",
    "one\rtwo\r\nthree",
    "\t-tab",
    "\u00a0=x",
    "＝1+1",
)


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("of", ["the reply", "the tweet"])
def test_no_text_decides_anything_by_itself_or_breaks_its_row(tmp_path: Path, text: str, of: str) -> None:
    reply, tweet = (text, "A tweet.") if of == "the reply" else ("A reply.", text)
    view = replace(opportunity(project="demo", suggestions=(suggestion(reply),)), text=tweet)
    assert write_sheet(tmp_path / "decide.csv", [[view]]) == 1
    (row,), problems = read_sheet((tmp_path / "decide.csv").read_bytes())
    assert (row.changed, row.actions, problems) == (False, [], [])


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n"])
def test_rows_may_end_as_any_program_ends_them(sheet: Sheet, ends: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({**row, "tweet": "one; two; three; four" * 9} for row in sheet)
    rows, problems = read_sheet(text.getvalue().encode())
    assert ([row.text for row in rows], [row.changed for row in rows], problems) == (list(TEXTS), [False] * 3, [])


def test_a_text_that_begins_like_a_guarded_one_keeps_its_apostrophe(
    database: Database, tmp_path: Path, take_over: Callable[..., ImportReport]
) -> None:
    with database.begin() as connection:
        store(connection, [opportunity(project="demo", tweet_id=KEYS[0][1], suggestions=(suggestion(ODD[0]),))])
    write_sheet(tmp_path / "decide.csv", [[shown(database)]])
    with (tmp_path / "decide.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["decision"] = "yes"
    assert take_over(rows).done == {"approve": 1}
    assert [(each.status, each.text) for each in shown(database).suggestions] == [("approved", ODD[0])]
    again = take_over(rows)
    assert (again.done, again.untouched, again.conflicts) == ({}, 1, [])


def test_what_was_decided_is_taken_over_once(
    database: Database, sheet: Sheet, take_over: Callable[..., ImportReport]
) -> None:
    sheet[0]["text"] = "Ours charges\r\nin the hall."
    sheet[1] |= {"decision": "Approved ", "score": "1,2E+18", "url": "rounded away"}
    sheet[2] |= {"decision": "no", "reason": "too salesy"}
    assert take_over(sheet, dry_run=True).done == {"edit": 1, "approve": 1, "reject": 1}
    assert statuses(database) == ["pending"] * 3
    assert take_over(sheet, delimiter=";").done == {"edit": 1, "approve": 1, "reject": 1}
    assert statuses(database) == ["edited", "approved", "rejected"]
    first, second, _ = shown(database).suggestions
    assert (first.text, first.original_text, first.decided_by) == ("Ours charges\nin the hall.", TEXTS[0], "mara")
    assert second.text == TEXTS[1], "the apostrophe before a formula is not the person's"
    with database.read() as connection:
        assert audit.history(connection, *KEYS[0])[0].reason == "too salesy"
    again = take_over(sheet)
    assert (again.done, again.untouched, again.conflicts, again.problems) == ({}, 3, [], [])


def test_a_changed_text_that_was_posted_is_edited_first(
    database: Database, sheet: Sheet, take_over: Callable[..., ImportReport]
) -> None:
    sheet[0] |= {"decision": "posted", "text": "As it was posted."}
    assert take_over(sheet).done == {"post": 1}
    assert (statuses(database)[0], shown(database).suggestions[0].text) == ("posted", "As it was posted.")
    assert (take_over(sheet).done, take_over(sheet).conflicts) == ({}, [])


def test_what_somebody_decided_meanwhile_is_a_conflict_and_stays(
    database: Database, sheet: Sheet, take_over: Callable[..., ImportReport], now: datetime
) -> None:
    with database.begin() as connection:
        for kind in TYPES:
            decisions.decide(connection, SuggestionKey(*KEYS[0], kind), "reject", who="tom", at=now, version=0)
    sheet[0]["decision"] = "approve"
    sheet[1]["text"] = "Mine."
    report = take_over(sheet)
    assert [(each.line, each.what) for each in report.conflicts] == [
        (line, "tom changed it at 2026-11-21 20:30 UTC, and it is rejected now") for line in (2, 3)
    ]
    assert (report.untouched, report.done) == (1, {})
    assert statuses(database) == ["rejected"] * 3


def test_what_cannot_be_taken_over_costs_nothing_else(
    database: Database, sheet: Sheet, take_over: Callable[..., ImportReport]
) -> None:
    sheet[0]["text"] = "wörter " * 60
    sheet[1]["decision"] = "approve"
    sheet[2]["decision"] = "maybe"
    gone = {**sheet[1], "id": sheet[1]["id"].replace("2124", "9999")}
    report = take_over([*sheet, gone, {**sheet[1]}, {**sheet[1], "id": "2.12412E+18"}, dict.fromkeys(COLUMNS, "")])
    assert report.done == {"approve": 1}
    assert statuses(database) == ["pending", "approved", "pending"]
    said = {each.line: each.what for each in report.problems}
    assert "X takes 280" in said[2]
    assert "there is no decision 'maybe'" in said[4]
    assert "no such suggestion any more" in said[5]
    assert said[6] == "the suggestion stands in line 3 already"
    assert "its id is not one" in said[7]
    assert set(said) == {2, 4, 5, 6, 7}


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01", b"decision,text\n", b"PK\x03\x04", b'id,decision,text\n"' + b"x" * 200_000]
)
def test_what_is_no_file_of_decisions_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError, match="the file"):
        read_sheet(data)
