"""What leaves the house where replies to sensitive tweets take the approval of two people: digest, exports, files of
decisions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from viral_assets.delivery.decision_import import ImportReport, import_decisions
from viral_assets.delivery.decision_sheet import read_sheet, write_sheet
from viral_assets.delivery.digest import render_digest
from viral_assets.delivery.export_run import export_suggestions
from viral_assets.queries.digest import digest_rows
from viral_assets.queries.export import rank_for_export, read_ranked
from viral_assets.safety.flag import Flag
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_status import TO_DECIDE
from viral_assets.store.tables import comment_suggestions
from viral_assets_tests.delivery.examples import GENERATED, TYPES, WINDOW, opportunity, store, suggestion
from viral_assets_tests.store.rows import stored

TWO = SecondApproval(frozenset({"demo"}))
REPLIES = (suggestion("A drawer in the hall."), suggestion("Which drawer?", type_name=TYPES[1]))
KEYS = [SuggestionKey("demo", "1", kind) for kind in TYPES[:2]]


@pytest.fixture
def database(database: Database) -> Database:
    """A sensitive tweet, and a plain one."""
    flags = (Flag("illness", 1.0, "“cancer”"),)
    one = opportunity(project="demo", tweet_id="1", flags=flags, suggestions=REPLIES)
    with database.begin() as connection:
        store(connection, [one, replace(one, tweet_id="2", flags=(), suggestions=REPLIES[:1])])
    return database


def approve(database: Database, key: SuggestionKey, who: str, now: datetime, version: int) -> None:
    with database.begin() as connection:
        decide(connection, key, "approve", who=who, at=now, version=version, second=TWO)


def statuses(database: Database) -> dict[tuple[str, str], str]:
    return {(row["tweet_id"], row["suggestion_type"]): row["status"] for row in stored(database, comment_suggestions)}


def test_an_export_has_it_only_when_both_have_approved(database: Database, now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "replies.json"

    def exported() -> dict[str, list[str]]:
        report = export_suggestions(database, path, "json", now=now, second=TWO)
        rows = json.loads(path.read_text(encoding="utf-8"))
        texts = ("suggested_response", "alternative_1", "alternative_2")
        found = {row["tweet_id"]: [row[name] for name in texts if row[name]] for row in rows}
        assert report.suggestions == sum(map(len, found.values()))
        assert report.changed == 0
        return found

    plain = {"2": ["A drawer in the hall."]}
    assert exported() == plain
    approve(database, KEYS[1], "mara", now, 0)
    assert exported() == plain
    approve(database, KEYS[1], "tom", now, 1)
    assert exported() == {"1": ["Which drawer?"], **plain}
    assert statuses(database) == {
        ("1", TYPES[0]): "pending",
        ("1", TYPES[1]): "exported",
        ("2", TYPES[0]): "exported",
    }


def test_what_was_rejected_is_in_the_file_of_what_was_rejected(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        decide(connection, KEYS[0], "reject", who="mara", at=now, version=0, second=TWO)
        ranked = rank_for_export(connection, statuses=["rejected"], second=TWO)
        (part,) = read_ranked(connection, ranked, statuses=["rejected"], second=TWO)
    assert [each.text for view in part for each in view.suggestions] == ["A drawer in the hall."]


def test_the_digest_opens_x_only_with_what_both_have_approved(database: Database, now: datetime) -> None:
    def links(second: SecondApproval) -> tuple[int, int]:
        with database.read() as connection:
            rows = digest_rows(connection, WINDOW, second=second)
        page = render_digest(rows, title="x", window=WINDOW, generated_at=GENERATED)
        return page.count("Open in X<"), page.count("Two people have to approve this")

    assert links(NOWHERE) == (3, 0)
    assert links(TWO) == (1, 2)
    approve(database, KEYS[0], "mara", now, 0)
    assert links(TWO) == (1, 2)
    approve(database, KEYS[0], "tom", now, 1)
    assert links(TWO) == (2, 1)


def sheet(database: Database, path: Path) -> pd.DataFrame:
    """The file that somebody decides in."""
    with database.read() as connection:
        ranked = rank_for_export(connection, statuses=TO_DECIDE)
        parts = list(read_ranked(connection, ranked, statuses=TO_DECIDE, second=TWO, incomplete=True))
    write_sheet(path, parts)
    return pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)


def take_over(database: Database, frame: pd.DataFrame, who: str, now: datetime) -> ImportReport:
    rows, problems = read_sheet(frame.to_csv(index=False).encode())
    assert problems == []
    return import_decisions(database, rows, who=who, now=now, second=TWO)


def test_two_people_approve_in_files_one_after_the_other(database: Database, now: datetime, tmp_path: Path) -> None:
    first = sheet(database, tmp_path / "first.csv")
    assert first["why"].str.contains("takes the approval of two people").tolist().count(True) == 2
    first["decision"] = "approve"
    report = take_over(database, first, "mara", now)
    assert (report.done, report.awaiting, report.problems) == ({"approve": 3}, 2, [])
    again = take_over(database, first, "Mara", now)
    assert (again.untouched, again.conflicts, again.problems) == (3, [], [])
    assert len(take_over(database, first, "tom", now).conflicts) == 2, "he has not seen that she was first"

    second = sheet(database, tmp_path / "second.csv")
    waiting = second["status"] == "awaiting a second approval"
    assert waiting.sum() == 2
    second["decision"] = waiting.map({True: "approve", False: ""})
    refused = take_over(database, second, "mara", now)
    assert {problem.what.partition(": ")[2] for problem in refused.problems} == {
        "it is awaiting a second approval, which another person has to give: the first one was yours"
    }
    assert len(refused.problems) == 2
    report = take_over(database, second, "tom", now)
    assert (report.done, report.awaiting) == ({"approve": 2}, 0)
    assert set(statuses(database).values()) == {"approved"}


def test_a_row_is_taken_over_whole_or_not_at_all(database: Database, now: datetime, tmp_path: Path) -> None:
    """An edit that should be posted too is one decision: what cannot be posted is not edited either."""
    frame = sheet(database, tmp_path / "decide.csv")
    row = frame["id"].str.startswith(f"demo/1/{TYPES[0]}@")
    frame.loc[row, ["decision", "text"]] = ["posted", "A drawer in the kitchen."]
    report = take_over(database, frame, "mara", now)
    assert (report.done, len(report.problems)) == ({}, 1)
    assert "two people have to approve" in report.problems[0].what
    assert [row["text"] for row in stored(database, comment_suggestions)].count("A drawer in the kitchen.") == 0
