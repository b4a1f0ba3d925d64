"""From a file to the store: whatever its records lack, read = new + updated + unchanged + rejected.

The same of reading alone is in ``test_every_record_is_counted``; of what is chosen, in ``scoring/test_selection``.
"""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest

from viral_assets.sources.files.ingest import IngestOptions, IngestReport, ingest_file
from viral_assets.store.engine import Database
from viral_assets.store.rejects import count_rejects_by_reason
from viral_assets.store.tables import tweets
from viral_assets_tests.sources.every_shape import LEFT_OUT, SHAPES
from viral_assets_tests.sources.examples import NOW, Object
from viral_assets_tests.sources.fuzz import mutated_record
from viral_assets_tests.store.rows import stored

EVERYBODY_S = ("new", "updated", "unchanged", "rejected")


def records_of_every_shape(rng: random.Random) -> list[Object]:
    """Whole ones, mutated ones, and some of both again."""
    made = [copy.deepcopy(shape()) for shape in SHAPES.values()]
    made += [mutated_record(rng)[1] for _ in range(40)]
    return [*made, *rng.sample(made, 10)]


def accounted_for(report: IngestReport) -> int:
    """How many records a report says it has read, once what it adds up to is held against that."""
    assert report.problem is None
    assert report.read == sum(getattr(report, name) for name in EVERYBODY_S)
    assert report.rejected == report.reject_reasons.total()
    assert all(report.reject_reasons)
    assert report.stored == report.windows.total()
    return report.read + sum(report.remarks[remark] for remark in LEFT_OUT)


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_of_a_file_add_up_to_its_records(seed: int, sqlite_database: Database, tmp_path: Path) -> None:
    records = records_of_every_shape(random.Random(seed))
    path = tmp_path / "file"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    first = ingest_file(sqlite_database, path, IngestOptions(NOW))
    assert accounted_for(first) >= len(records), "an odd value of a list may hold several"
    assert first.new == len(stored(sqlite_database, tweets))
    with sqlite_database.read() as connection:
        assert sum(count_rejects_by_reason(connection).values()) == first.rejected

    again = ingest_file(sqlite_database, path, IngestOptions(NOW, again=True))
    other = ingest_file(sqlite_database, path, IngestOptions(NOW, project="other"))
    for report in (again, other):
        assert accounted_for(report) == accounted_for(first)
        assert (report.new, report.rejected) == (0, first.rejected)
    assert first.new == len(stored(sqlite_database, tweets))
