"""What a store weighs that is pruned every week, while new hours come in: a year of them, then some weeks more.

The store is made as for ``year.py``, on SQLite. After its first pruning nothing is older than it is kept but decisions,
what they are about, what was paid and what was counted, and from then on a week adds those alone: the room that tweets,
vectors and answers had is used again. Run from a clone with the development dependencies:

    python benchmarks/prune.py
    python benchmarks/prune.py --tweets 100000 --days 30 --weeks 12
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import _year_store
import sqlalchemy as sa
from _synthetic import tweets as synthetic_tweets

from viral_assets.embedding import build_embedder
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.upkeep.prune import prune
from viral_assets.upkeep.retention import cutoffs

YEAR, WEEK = 8_760, 168
PRUNED = ("vectors", "undecided", "snapshots", "answers", "rejects")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tweets", type=int, default=1_000_000, help="of the year (default: a million)")
    parser.add_argument("--weeks", type=int, default=8, help="after it (default: 8)")
    parser.add_argument("--days", type=int, default=90, help="that everything is kept for (default: 90)")
    parser.add_argument("--folder", type=Path, help="where there is room: 3 kB a tweet")
    given = parser.parse_args()
    hours = YEAR + given.weeks * WEEK
    count = given.tweets * hours // YEAR
    start = _year_store.END - timedelta(hours=hours)
    texts = [each["text"] for each in synthetic_tweets(20_000, 11, start=start, hours=hours)]
    model = build_embedder("wordllama").model
    print("| at the end of | file | of it free | tweets | decisions | pruned in |")
    print("| :--- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="prune-", dir=given.folder) as folder:
        database = Database(f"sqlite:///{folder}/viral_assets.db")
        database.upgrade()
        for week in range(given.weeks + 1):
            first, end = (0, YEAR) if week == 0 else (YEAR + (week - 1) * WEEK, YEAR + week * WEEK)
            _year_store.fill_hours(database, count, hours, first, end, texts, model)
            if week == 0:
                print(f"| the year, not pruned | {_weight(database)} | |", flush=True)
            began = time.process_time()
            prune(database, cutoffs(dict.fromkeys(PRUNED, given.days), start + timedelta(hours=end)))
            took = time.process_time() - began
            print(f"| {f'week {week}' if week else 'the year'} | {_weight(database)} | {took:.1f} s |", flush=True)


def _weight(database: Database) -> str:
    with database.read() as connection:
        size, pages, free = (
            connection.scalar(sa.text(f"PRAGMA {name}")) or 0 for name in ("page_size", "page_count", "freelist_count")
        )
        rows = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (tables.tweets, tables.suggestion_events)
        ]
    return f"{size * pages / 1e6:,.0f} MB | {size * free / 1e6:,.0f} MB | {rows[0]:,} | {rows[1]:,}"


if __name__ == "__main__":
    main()
