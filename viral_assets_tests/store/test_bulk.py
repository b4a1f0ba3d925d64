"""Writing many rows: the same on both databases, whatever strangers wrote into them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.store import bulk, driver_values
from viral_assets.store.engine import Database
from viral_assets.store.tables import (
    comment_suggestions,
    embeddings,
    llm_requests,
    quota_state,
    tweet_scores,
    tweets,
)
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.store.rows import empty, stored, tweet_row

law = tried_on(1 / 4, unchecked=SHARED_FIXTURES)

anything = st.text(st.characters(exclude_categories=()))
numbers = st.floats(allow_nan=False)
times = st.integers(0, 4 * 10**15).flatmap(
    lambda microseconds: st.sampled_from(
        [
            datetime.fromtimestamp(0, zone) + timedelta(microseconds=microseconds)
            for zone in (UTC, timezone(timedelta(hours=-5.5)))
        ]
    )
)
REQUEST = (
    *("id", "quota_key", "purpose", "project", "provider", "model", "run_id", "status", "granted_at", "finished_at"),
    *("counted_tokens", "input_tokens", "tweet_ids", "error", "raw_answer"),
)
requests = st.fixed_dictionaries(
    {
        "id": st.uuids().map(lambda made: made.hex),
        "quota_key": st.text("abc", max_size=3),
        "purpose": st.just("generate"),
        "project": st.just("p"),
        "provider": st.just("p"),
        "model": st.just("m"),
        "run_id": st.just(""),
        "status": st.just("answered"),
        "granted_at": numbers,
        "finished_at": st.none() | numbers,
        "counted_tokens": st.integers(-(2**31), 2**31 - 1),
        "input_tokens": st.none() | st.integers(0, 10**6),
        "tweet_ids": st.lists(st.text("0123456789", max_size=19)),
        "error": st.none() | anything,
        "raw_answer": st.none() | anything,
    }
)


def clean(value: Any) -> Any:
    """What is left of a text in a database, told another way than the code does it."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if c != "\0" and not "\ud800" <= c <= "\udfff")


@law
@given(rows=st.lists(requests, max_size=5))
def test_what_is_written_is_read_back_but_for_what_no_database_can_hold(
    database: Database, rows: list[dict[str, Any]]
) -> None:
    empty(database, [llm_requests])
    with database.begin() as connection:
        assert bulk.upsert(connection, llm_requests, rows) == len(rows)

    expected = [{name: clean(value) for name, value in row.items()} for row in rows]
    found = [{name: row[name] for name in REQUEST} for row in stored(database, llm_requests)]
    assert found == sorted(expected, key=lambda row: str(row["id"]))


@pytest.mark.slow
@law
@given(text=anything)
def test_a_statement_of_its_own_stores_the_same_text(database: Database, text: str) -> None:
    """The ledger writes answers one by one, without ``bulk``."""
    empty(database, [quota_state])
    with database.begin() as connection:
        connection.execute(sa.insert(quota_state).values(quota_key="k", blocked_until=0, reason=text))

    assert stored(database, quota_state)[0]["reason"] == clean(text)


@law
@given(moment=times)
def test_a_time_is_the_same_instant_however_it_was_written(database: Database, moment: datetime) -> None:
    empty(database, [comment_suggestions])
    rows = [suggestion("bulk", created_at=moment)]
    with database.begin() as connection:
        bulk.upsert(connection, comment_suggestions, rows)
        connection.execute(sa.insert(comment_suggestions), [suggestion("core", created_at=moment)])
        same = connection.execute(sa.select(sa.func.count()).where(comment_suggestions.c.created_at == moment))
        assert same.scalar_one() == 2

    for row in stored(database, comment_suggestions):
        assert row["created_at"] == moment
        assert row["created_at"].utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 21, 20)  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no time zone"), database.begin() as connection:
        bulk.upsert(connection, comment_suggestions, [suggestion("a", created_at=naive)])
    with pytest.raises(sa.exc.StatementError, match="has no time zone"), database.begin() as connection:
        connection.execute(sa.insert(comment_suggestions), [suggestion("a", created_at=naive)])


def test_an_upsert_inserts_updates_and_counts(database: Database) -> None:
    with database.begin() as connection:
        assert bulk.upsert(connection, quota_state, [state("a", 1), state("b", 1)]) == 2
        assert bulk.upsert(connection, quota_state, [state("b", 2), state("c", 2)]) == 2
        assert bulk.upsert(connection, quota_state, []) == 0

    assert blocked(database) == {"a": 1, "b": 2, "c": 2}


def test_of_rows_with_the_same_key_the_last_one_counts(database: Database) -> None:
    with database.begin() as connection:
        bulk.upsert(connection, quota_state, [state("a", 1), state("a", 3), state("a", 2)])

    assert blocked(database) == {"a": 2}


def test_an_upsert_can_be_told_what_to_update(database: Database) -> None:
    with database.begin() as connection:
        bulk.upsert(connection, quota_state, [state("a", 1, "first")])
        bulk.upsert(connection, quota_state, [state("a", 2, "second")], update=["reason"])
        bulk.upsert(connection, quota_state, [state("a", 3, "third")], update=[])

    assert stored(database, quota_state)[0] | state("a", 1, "second") == stored(database, quota_state)[0]


def test_an_upsert_can_be_told_where_to_update(database: Database) -> None:
    with database.begin() as connection:
        bulk.upsert(connection, quota_state, [state("a", 1, "it's mine"), state("b", 1)])
        changed = bulk.upsert(
            connection,
            quota_state,
            [state("a", 2), state("b", 2), state("c", 2)],
            where=quota_state.c.reason != "it's mine",
        )

    assert changed == 2
    assert blocked(database) == {"a": 1, "b": 2, "c": 2}


def test_insert_ignore_leaves_what_is_there_and_counts_what_is_new(database: Database) -> None:
    with database.begin() as connection:
        assert bulk.insert_ignore(connection, quota_state, [state("a", 1)]) == 1
        assert bulk.insert_ignore(connection, quota_state, [state("a", 2), state("b", 2), state("b", 3)]) == 1
        assert bulk.insert_ignore(connection, quota_state, []) == 0

    assert blocked(database) == {"a": 1, "b": 2}


def test_more_rows_than_one_statement_takes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver_values, "CHUNK_ROWS", 3)
    with database.begin() as connection:
        assert bulk.insert_ignore(connection, quota_state, [state(str(n), n) for n in range(10)]) == 10
        assert bulk.upsert(connection, quota_state, [state(str(n), -n) for n in range(11)]) == 11

    assert blocked(database) == {str(n): -n for n in range(11)}


def test_values_of_numpy_and_pandas_are_taken_for_what_they_are(database: Database) -> None:
    row = {
        "project": np.str_("p"),
        "tweet_id": "1",
        "window_start": pd.Timestamp("2026-11-21 20:00", tz="Europe/Berlin"),
        **dict.fromkeys(("velocity", "relevance", "openness"), np.float32(0.5)),
        "author_quality": np.float64(0.25),
        "total": 1,
        "label": "green",
        "topic": "t",
        "gate": "pass",
        "why": "w",
    }
    with database.begin() as connection:
        bulk.upsert(connection, tweet_scores, [row])

    assert stored(database, tweet_scores) == [
        {
            **row,
            "window_start": datetime(2026, 11, 21, 19, tzinfo=UTC),
            "total": 1.0,
            "velocity": 0.5,
            "unsafe": None,
            "flags": None,
        }
    ]


def test_not_a_number_is_nothing_on_both_databases(database: Database) -> None:
    request = dict.fromkeys(REQUEST, "") | {"tweet_ids": [], "counted_tokens": 0, "granted_at": 0.0}
    request |= {"finished_at": float("nan"), "input_tokens": float("nan")}
    with database.begin() as connection:
        bulk.upsert(connection, llm_requests, [request])

    assert stored(database, llm_requests)[0]["finished_at"] is None
    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        bulk.upsert(connection, quota_state, [state("a", float("nan"))])


def test_bytes_come_back_as_they_went(database: Database) -> None:
    every_byte = bytes(range(256))
    with database.begin() as connection:
        bulk.insert_ignore(connection, embeddings, [{"model": "m", "text_sha256": "d", "vector": every_byte}])

    assert bytes(stored(database, embeddings)[0]["vector"]) == every_byte


def test_one_of_finds_what_is_there_among_very_many(database: Database) -> None:
    odd = ["it's", 'say "hi"', "back\\slash", "{curly}", "a,b", "NULL", "ünï", "%s :x ?", ""]
    with database.begin() as connection:
        bulk.upsert(connection, quota_state, [state(key, 0) for key in [*odd, "not asked for"]])
        asked = [*odd, "\0", "\ud800", *map(str, range(50_000))]
        query = sa.select(quota_state.c.quota_key).where(bulk.one_of(connection, quota_state.c.quota_key, asked))
        assert sorted(connection.execute(query).scalars()) == sorted(odd)
        nothing = sa.select(quota_state.c.quota_key).where(bulk.one_of(connection, quota_state.c.quota_key, []))
        assert connection.execute(nothing).all() == []


def test_huge_counts_and_long_names_fit(database: Database) -> None:
    row = tweet_row(like_count=2**62, author_handle="h" * 5000, lang="x" * 300, text="🙂" * 100_000)
    with database.begin() as connection:
        bulk.upsert(connection, tweets, [row])

    assert stored(database, tweets) == [row]


def state(key: str, blocked_until: float, reason: str = "") -> dict[str, Any]:
    return {"quota_key": key, "blocked_until": blocked_until, "reason": reason}


def blocked(database: Database) -> dict[str, float]:
    return {row["quota_key"]: row["blocked_until"] for row in stored(database, quota_state)}


def suggestion(kind: str, *, created_at: datetime) -> dict[str, Any]:
    return {
        "project": "p",
        "tweet_id": "1",
        "suggestion_type": kind,
        "window_start": datetime(2026, 11, 21, 20, tzinfo=UTC),
        "position": 0,
        "text": "",
        "weighted_length": 0,
        "provider": "offline",
        "model": "",
        "request_id": "",
        "created_at": created_at,
    }
