"""An export from beginning to end: three formats, marks after the file, and nothing lost in between."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from viral_assets.delivery import export_formats, export_run
from viral_assets.delivery.export_formats import FORMATS, Format, format_of
from viral_assets.delivery.export_run import ExportReport, export_suggestions
from viral_assets.delivery.export_table import COLUMNS, CONTEXT_COLUMNS, columns_for
from viral_assets.errors import ConfigurationError
from viral_assets.queries import export as exports
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.store import decision_changes
from viral_assets.store.audit import history
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets_tests.delivery.examples import GENERATED, TYPES, opportunity, store, suggestion
from viral_assets_tests.statements import statements_sent

TWEETS = 2 * exports.ROWS_AT_ONCE + 1
"""So many that they are read and marked in several parts of their real size."""

REPLIES = tuple(suggestion(f"Reply {kind}.", type_name=kind) for kind in TYPES)


def filled(database: Database, *views: OpportunityView) -> None:
    with database.begin() as connection:
        store(connection, views)


def export(database: Database, path: Path, kind: Format | None = None, **choice: Any) -> ExportReport:
    return export_suggestions(database, path, kind or format_of(path), now=GENERATED, **choice)


def statuses(database: Database) -> dict[tuple[str, str], str]:
    table = comment_suggestions.c
    with database.read() as connection:
        rows = connection.execute(sa.select(table.tweet_id, table.suggestion_type, table.status)).all()
    return {(tweet_id, kind): status for tweet_id, kind, status in rows}


def read(path: Path) -> list[dict[str, Any]]:
    """As pandas opens it, told which columns are ids and times where the format cannot say so."""
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype={"tweet_id": str}, parse_dates=["posted_at"])
    elif path.suffix == ".json":
        frame = pd.read_json(path, dtype=False)
        if len(frame):
            frame["posted_at"] = pd.to_datetime(frame["posted_at"])
    else:
        frame = pd.read_parquet(path)
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in record.items()} for record in records]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_has_the_same_columns_and_values(database: Database, tmp_path: Path, kind: Format) -> None:
    view = opportunity(suggestions=REPLIES, text='Größe "=1+1"\nund mehr 🙂')
    filled(database, view, opportunity(tweet_id="19", total=0.2, views=None, author_followers=None))
    path = tmp_path / f"out.{kind}"

    assert export(database, path) == ExportReport(rows=2, suggestions=5, marked=5, changed=0)
    first, second = read(path)
    assert list(first) == columns_for(3)
    assert first == {
        "rank": 1,
        "priority_score": 78.4,
        "project": "unplugged",
        "tweet_id": view.tweet_id,
        "url": view.url,
        "author": "mara_writes",
        "followers": 48_213,
        "views": 182_440,
        "tweet_text": view.text,
        "posted_at": pd.Timestamp(view.created_at),
        "score_total": 0.784,
        "label": "green",
        "topic": view.topic,
        "why": view.why,
        **dict.fromkeys(CONTEXT_COLUMNS),
        "suggested_response": "Reply add_value.",
        "suggested_type": "add_value",
        "alternative_1": "Reply ask_question.",
        "alt_1_type": "ask_question",
        "alternative_2": "Reply mirror_reframe.",
        "alt_2_type": "mirror_reframe",
    }
    assert (second["tweet_id"], second["views"], second["followers"]) == ("19", None, None)
    assert (second["alternative_2"], second["alt_2_type"]) == (None, None)


def test_parquet_says_what_each_column_is(sqlite_database: Database, tmp_path: Path) -> None:
    four = (*REPLIES, suggestion("A fourth.", type_name="joke"))
    filled(sqlite_database, opportunity(suggestions=four))
    export(sqlite_database, tmp_path / "out.parquet")

    schema = pq.read_schema(tmp_path / "out.parquet")
    assert schema.names == columns_for(4)
    assert schema.field("tweet_id").type == pa.string()
    assert schema.field("posted_at").type == pa.timestamp("us", tz="UTC")
    assert {schema.field(name).type for name in ("rank", "followers", "views")} == {pa.int64()}
    assert {schema.field(name).type for name in ("priority_score", "score_total")} == {pa.float64()}
    assert [name for name in COLUMNS if schema.field(name).nullable] == ["followers", "views", *CONTEXT_COLUMNS]


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_to_export_is_a_file_without_rows(sqlite_database: Database, tmp_path: Path, kind: Format) -> None:
    path = tmp_path / "folder" / f"out.{kind}"

    assert export(sqlite_database, path) == ExportReport(0, 0, 0, 0)
    assert read(path) == []


def test_a_file_that_is_there_is_not_replaced_by_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    path = tmp_path / "replies.csv"
    path.write_text("what somebody works with", encoding="utf-8")

    report = export(sqlite_database, path)

    assert report.kept
    assert path.read_text(encoding="utf-8") == "what somebody works with"


def test_formulas_are_neutralised_where_something_would_run_them(sqlite_database: Database, tmp_path: Path) -> None:
    filled(sqlite_database, opportunity(text="=1+1", suggestions=(suggestion("@SUM(A1)"),)))
    for kind in FORMATS:
        export(sqlite_database, tmp_path / f"out.{kind}")

    cells = {kind: read(tmp_path / f"out.{kind}")[0] for kind in FORMATS}
    assert (cells["csv"]["tweet_text"], cells["csv"]["suggested_response"]) == ("'=1+1", "'@SUM(A1)")
    for kind in ("json", "parquet"):
        assert (cells[kind]["tweet_text"], cells[kind]["suggested_response"]) == ("=1+1", "@SUM(A1)")


def test_a_json_file_is_an_array_with_a_tweet_a_line(sqlite_database: Database, tmp_path: Path) -> None:
    filled(sqlite_database, *(opportunity(tweet_id=str(number)) for number in range(1, 4)))
    export(sqlite_database, tmp_path / "out.json")

    lines = (tmp_path / "out.json").read_text(encoding="utf-8").splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("[", "]", 5)
    assert {type(row["tweet_id"]) for row in json.loads("".join(lines))} == {str}


def test_what_is_in_the_file_is_marked_and_nothing_else(database: Database, tmp_path: Path) -> None:
    standing = ("pending", "approved", "edited", "rejected", "posted", "exported")
    filled(
        database,
        *(opportunity(tweet_id=str(i), suggestions=(suggestion("x", status=s),)) for i, s in enumerate(standing)),
        opportunity(tweet_id="9", label="red"),
    )

    assert export(database, tmp_path / "out.csv", labels=["green"]) == ExportReport(4, 4, 3, 0)
    after = statuses(database)
    assert [after[str(i), "add_value"] for i in range(6)] == [
        *("exported", "exported", "exported", "rejected", "posted", "exported")
    ]
    assert after["9", "add_value"] == "pending"
    with database.read() as connection:
        (event,) = history(connection, "unplugged", "1")
        assert history(connection, "unplugged", "5") == []
    assert (event.who, event.action, event.from_status, event.to_status) == ("export", "export", "approved", "exported")
    assert (event.at, event.reason) == (GENERATED, "to out.csv")

    # Once more: nothing is new.
    assert export(database, tmp_path / "out.csv", labels=["green"]) == ExportReport(4, 4, 0, 0)
    assert export(database, tmp_path / "out.csv", statuses=["pending"], labels=["green"]).rows == 0
    assert export(database, tmp_path / "out.csv", statuses=["rejected", "posted"]) == ExportReport(2, 2, 0, 0)


def test_a_look_changes_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    filled(sqlite_database, opportunity())

    assert export(sqlite_database, tmp_path / "out.csv", mark=False).marked == 0
    assert set(statuses(sqlite_database).values()) == {"pending"}


def test_what_a_person_approved_leads_also_after_an_export(sqlite_database: Database, tmp_path: Path) -> None:
    filled(sqlite_database, opportunity(suggestions=REPLIES))
    key = SuggestionKey("unplugged", opportunity().tweet_id, TYPES[2])
    with sqlite_database.begin() as connection:
        decide(connection, key, "edit", who="anna", at=GENERATED, version=0, text="Anna's own words.")

    for _ in range(2):
        export(sqlite_database, tmp_path / "out.csv")
        (row,) = read(tmp_path / "out.csv")
        assert (row["suggested_response"], row["suggested_type"]) == ("Anna's own words.", TYPES[2])
    assert set(statuses(sqlite_database).values()) == {"exported"}


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_mark(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(sqlite_database, opportunity())
    path = tmp_path / "out.csv"
    path.write_text("old")

    def broken(*_: object) -> list[Any]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("viral_assets.delivery.export_table.export_records", broken)
    with pytest.raises(ConfigurationError, match="No space left"):
        export(sqlite_database, path)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.glob(".*.tmp")] == []
    assert set(statuses(sqlite_database).values()) == {"pending"}


def test_an_end_between_file_and_marks_loses_nothing(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(sqlite_database, opportunity())
    path = tmp_path / "out.csv"

    def killed(*_: object, **__: object) -> None:
        assert len(read(path)) == 1
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export_run, "mark_exported", killed)
        with pytest.raises(KeyboardInterrupt):
            export(sqlite_database, path)
    assert set(statuses(sqlite_database).values()) == {"pending"}

    # The same suggestions are in the next one.
    assert export(sqlite_database, path) == ExportReport(1, 2, 2, 0)


def test_a_decision_made_while_the_file_is_written_stands(database: Database, tmp_path: Path) -> None:
    filled(database, opportunity())
    key = SuggestionKey("unplugged", opportunity().tweet_id, "add_value")

    def somebody_decides(done: int, total: int) -> None:
        assert (done, total) == (1, 1)
        with database.begin() as connection:
            decide(connection, key, "reject", who="anna", at=GENERATED + timedelta(seconds=1), version=0)

    assert export(database, tmp_path / "out.csv", progress=somebody_decides) == ExportReport(1, 2, 1, 1)
    assert statuses(database) == {(key.tweet_id, "add_value"): "rejected", (key.tweet_id, "ask_question"): "exported"}


def test_many_are_read_in_parts_and_ranked_as_a_whole(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 3)
    views = [
        opportunity(project="pq"[number % 2], tweet_id=str(number), total=number * 7 % 10 / 10) for number in range(10)
    ]
    filled(database, *views)
    told: list[tuple[int, int]] = []
    export(database, tmp_path / "out.parquet", limit=8, progress=lambda done, total: told.append((done, total)))

    rows = read(tmp_path / "out.parquet")
    best = sorted(views, key=lambda view: -view.total)[:8]
    assert [row["tweet_id"] for row in rows] == [view.tweet_id for view in best]
    assert [row["rank"] for row in rows] == list(range(1, 9))
    assert told == [(3, 8), (6, 8), (8, 8)]
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3
    assert sum(status == "exported" for status in statuses(database).values()) == 16


@pytest.mark.slow
def test_many_suggestions_take_a_bounded_number_of_statements(database: Database, tmp_path: Path) -> None:
    several = tuple(suggestion("A reply of the usual length. " * 5, type_name=kind) for kind in TYPES)
    filled(
        database,
        *(opportunity(tweet_id=str(10**18 + n), total=n % 997 / 997, suggestions=several) for n in range(TWEETS)),
    )
    with statements_sent(database.engine) as statements:
        assert export(database, tmp_path / "out.parquet") == ExportReport(TWEETS, 3 * TWEETS, 3 * TWEETS, 0)
    # A handful for each part that is read and each batch that is marked, never one for each suggestion.
    parts = -(-TWEETS // exports.ROWS_AT_ONCE) + -(-3 * TWEETS // decision_changes.BATCH)
    assert len(statements) < 6 * parts + 10
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == TWEETS
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(suggestion_events)).scalar_one() == 3 * TWEETS


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", "csv"), ("a.JSON", "json"), ("a.b.parquet", "parquet"), ("replies", "csv"), (".hidden", "csv")],
)
def test_the_file_s_name_tells_the_format(name: str, expected: str) -> None:
    assert format_of(Path("folder.xlsx") / name) == expected


def test_a_format_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no export as \.xlsx; name a \.csv, \.json or \.parquet file"):
        format_of(Path("out.xlsx"))
    assert export_formats.FORMATS == ("csv", "json", "parquet")
