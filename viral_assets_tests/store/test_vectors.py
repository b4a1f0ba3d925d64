"""An embedding is computed once for each model and text, and comes back as it was said to, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from viral_assets.defs.checks.vectors import NORM_TOLERANCE
from viral_assets.store import vectors as module
from viral_assets.store.engine import Database
from viral_assets.store.tables import embeddings
from viral_assets.store.vectors import as_stored, read_vectors, write_vectors
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.store.rows import empty

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@tried_on(2 / 3, unchecked=SHARED_FIXTURES)
@given(matrix=arrays.arrays(np.float32, st.tuples(st.integers(0, 4), st.integers(1, 5)), elements=finite))
def test_vectors_come_back_as_they_are_said_to_bit_for_bit(database: Database, matrix: np.ndarray) -> None:
    empty(database, [embeddings])
    digests = [f"digest {n}" for n in range(len(matrix))]
    with database.begin() as connection:
        write_vectors(connection, "m", digests, matrix)
        found = read_vectors(connection, "m", [*digests, "unknown"])

    assert found.keys() == set(digests)
    stored = as_stored(matrix)
    for digest, row in zip(digests, stored, strict=True):
        assert found[digest].dtype == np.float32
        assert found[digest].tobytes() == row.tobytes()
    assert as_stored(stored).tobytes() == stored.tobytes(), "to be stored again changes nothing"


def unit_rows(count: int, dimensions: int) -> np.ndarray:
    rows: np.ndarray = np.random.default_rng(7).standard_normal((count, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@pytest.mark.parametrize("dimensions", [2, 256, 768])
def test_a_cosine_is_off_by_little(dimensions: int) -> None:
    rows = unit_rows(200, dimensions)
    off = np.abs(as_stored(rows) @ as_stored(rows).T - rows @ rows.T)
    assert off.max() < 0.001
    assert np.median(off) < 0.0002
    assert np.abs(np.linalg.norm(as_stored(rows), axis=1) - 1).max() < NORM_TOLERANCE


def test_a_number_takes_two_bytes(database: Database) -> None:
    with database.begin() as connection:
        write_vectors(connection, "m", ["a"], unit_rows(1, 256))
        (vector,) = connection.scalars(sa.select(embeddings.c.vector))
    assert len(vector) == 1 + 2 * 256


def test_rows_from_before_are_read_as_they_are(database: Database) -> None:
    (row,) = unit_rows(1, 256)
    with database.begin() as connection:
        connection.execute(sa.insert(embeddings).values(model="m", text_sha256="a", vector=row.tobytes()))
        write_vectors(connection, "m", ["a", "b"], np.stack([row, row]))
        found = read_vectors(connection, "m", ["a", "b"])
    assert found["a"].tobytes() == row.tobytes()
    assert found["b"].tobytes() == as_stored(row[None])[0].tobytes()


def test_models_do_not_share_vectors(database: Database) -> None:
    with database.begin() as connection:
        write_vectors(connection, "one", ["a", "b"], np.eye(2, dtype=np.float32))
        write_vectors(connection, "two", ["a"], np.ones((1, 3), dtype=np.float32))

        assert set(read_vectors(connection, "one", ["a", "b", "c"])) == {"a", "b"}
        assert set(read_vectors(connection, "two", ["a", "b", "c"])) == {"a"}
        assert read_vectors(connection, "two", ["a"])["a"].tolist() == [1, 1, 1]
        assert read_vectors(connection, "three", ["a"]) == read_vectors(connection, "one", []) == {}


def test_what_is_known_stays_as_it_is(database: Database) -> None:
    with database.begin() as connection:
        write_vectors(connection, "m", ["a"], np.zeros((1, 2), dtype=np.float32))
        write_vectors(connection, "m", ["a", "b", "b"], np.ones((3, 2), dtype=np.float32))

        assert {digest: v.tolist() for digest, v in read_vectors(connection, "m", ["a", "b"]).items()} == {
            "a": [0, 0],
            "b": [1, 1],
        }


def test_other_layouts_of_a_matrix_are_stored_alike(database: Database) -> None:
    matrix = np.arange(6, dtype=">f8").reshape(3, 2).T[:, ::-1]
    with database.begin() as connection:
        write_vectors(connection, "m", ["a", "b"], matrix)
        found = read_vectors(connection, "m", ["a", "b"])

    assert [found["a"].tolist(), found["b"].tolist()] == matrix.tolist()


@pytest.mark.parametrize(
    ("digests", "matrix"),
    [
        (["a"], np.zeros((2, 3), np.float32)),
        (["a"], np.zeros(3, np.float32)),
        (["a"], np.full((1, 2), np.nan, np.float32)),
        (["a"], np.full((1, 2), np.inf, np.float32)),
    ],
)
def test_what_is_no_embedding_is_refused(sqlite_database: Database, digests: list[str], matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"do not fit|not a finite number"), sqlite_database.begin() as connection:
        write_vectors(connection, "m", digests, matrix)


def test_more_vectors_than_one_statement_takes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOKUP_ROWS", 4)
    monkeypatch.setattr(module, "_WRITE_ROWS", 3)
    digests = [str(n) for n in range(10)]
    with database.begin() as connection:
        write_vectors(connection, "m", digests, np.arange(10, dtype=np.float32).reshape(10, 1))
        found = read_vectors(connection, "m", digests)

        assert [found[digest].item() for digest in digests] == list(range(10))
        assert set(read_vectors(connection, "m", [*digests, "x"])) == set(digests)
