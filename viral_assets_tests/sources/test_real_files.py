"""Real answers of the X API, where they are at hand (they may not be redistributed with the project)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from viral_assets.sources.files.ingest import IngestOptions, ingest_paths
from viral_assets.store.engine import Database
from viral_assets_tests.sources.examples import NOW, read

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no real files at hand")


@pytest.mark.parametrize(
    ("name", "tweets", "retweets", "rejects"),
    [
        ("x_api_v2_reuters_500.json", 500, 0, 0),
        ("x_api_v2_stream_truncated_7.jsonl", 7, 0, 1),
        ("x_api_v2_twarc2_200.jsonl", 200, 145, 0),
        ("x_api_v2_twarc2_flattened_100.jsonl", 100, 47, 0),
    ],
)
def test_plausible_counts(name: str, tweets: int, retweets: int, rejects: int) -> None:
    found, rejected, _ = read(DATA / name)
    assert (len(found), sum(tweet.is_retweet for tweet in found), len(rejected)) == (tweets, retweets, rejects)
    assert all(tweet.author_handle and tweet.author_followers is not None and tweet.text for tweet in found)
    assert all("&amp;" not in tweet.text for tweet in found)


def test_all_of_them_land(database: Database) -> None:
    # Other files may lie beside them.
    files = sorted(DATA.glob("x_api_v2_*"))
    reports = ingest_paths(database, files, IngestOptions(NOW))
    assert sum(
        (Counter(read=report.read, new=report.new, rejected=report.rejected) for report in reports), Counter()
    ) == {
        "read": 808,
        "new": 807,
        "rejected": 1,
    }
    hours = {hour for report in reports for hour in report.windows}
    assert datetime(2020, 1, 23, 4, tzinfo=UTC) in hours
    again = ingest_paths(database, files, IngestOptions(NOW))
    assert all(report.already_ingested for report in again)
