"""A frame has the same types whatever the database, and whatever is absent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from viral_assets.store import bulk, frames
from viral_assets.store.engine import Database
from viral_assets.store.frames import read_frame
from viral_assets.store.tables import ingested_files, llm_requests

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def file(sha256: str, first_window: datetime | None) -> dict[str, Any]:
    counts = ("records_read", "records_new", "records_updated", "records_unchanged", "records_rejected")
    row = {"sha256": sha256, "project": "*", "name": "n", "format": "f", "first_window": first_window}
    return {**row, **dict.fromkeys(counts, 0), "last_window": None, "ingested_at": NOON}


@pytest.mark.parametrize("windows", [[None, NOON], [NOON, None], [None, None], []])
def test_absent_times_are_nat_wherever_they_stand(database: Database, windows: list[datetime | None]) -> None:
    with database.begin() as connection:
        bulk.upsert(connection, ingested_files, [file(str(n), window) for n, window in enumerate(windows)])
        frame = read_frame(connection, sa.select(ingested_files).order_by(ingested_files.c.sha256))

    assert {str(frame[name].dtype) for name in ("first_window", "last_window")} == {"datetime64[us, UTC]"}
    assert [None if window is pd.NaT else window for window in frame.first_window] == windows


def test_absent_numbers_and_texts(database: Database) -> None:
    asked = {"id": "1", "granted_at": 0.5, "counted_tokens": 1, "tweet_ids": ["1"], "error": None, "input_tokens": None}
    texts = dict.fromkeys(("quota_key", "purpose", "project", "provider", "model", "run_id", "status"), "")
    with database.begin() as connection:
        bulk.upsert(connection, llm_requests, [{**texts, **asked}, {**texts, **asked, "id": "2", "input_tokens": 7}])
        frame = read_frame(connection, sa.select(llm_requests).order_by(llm_requests.c.id))

    assert frame.error.tolist() == [None, None]
    assert frame.input_tokens.isna().tolist() == [True, False]
    assert frame.finished_at.isna().all()
    assert frame.tweet_ids.tolist() == [["1"], ["1"]]
    kinds = frame[["counted_tokens", "input_tokens", "granted_at", "finished_at", "error"]].dtypes
    assert list(map(str, kinds)) == ["int64", "Int64", "float64", "float64", "object"]


def test_labelled_expressions_and_more_rows_than_are_fetched_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_FETCH_ROWS", 3)
    with database.begin() as connection:
        bulk.upsert(connection, ingested_files, [file(str(n), NOON) for n in range(8)])
        count = sa.func.count().label("files")
        frame = read_frame(connection, sa.select(ingested_files.c.name, count).group_by(ingested_files.c.name))
        everything = read_frame(connection, sa.select(ingested_files.c.sha256).order_by("sha256"))

    assert frame.to_dict("records") == [{"name": "n", "files": 8}]
    assert everything.sha256.tolist() == [str(n) for n in range(8)]
