"""What is handed over is marked as a decision about each of it would mark it."""

from __future__ import annotations

from datetime import datetime
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from viral_assets.safety.flag import Flag
from viral_assets.store.decisions import SuggestionKey, decide_many
from viral_assets.store.engine import Database
from viral_assets.store.export_marks import mark_exported
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.tables import comment_suggestions, suggestion_events
from viral_assets.vocabulary import EXPORT, STATUSES
from viral_assets_tests.delivery.examples import GENERATED, opportunity, store, suggestion


@pytest.mark.parametrize(
    "second", [NOWHERE, SecondApproval(every=True), SecondApproval(frozenset({"demo"}))], ids=["one", "two", "two here"]
)
def test_it_is_what_decisions_would_do(database: Database, now: datetime, second: SecondApproval) -> None:
    """In every status, decided about or not, of flagged tweets and others, in both projects, changed since or not."""
    cases = list(product(("demo", "other"), (True, False), STATUSES, (True, False)))
    with database.begin() as connection:
        store(connection, [_tweet(number, *case) for number, case in enumerate(cases)])
    keys = [
        (SuggestionKey(project, f"{number}", "add_value"), version)
        for number, (project, *_) in enumerate(cases)
        for version in ([0] if number % 5 else [1])
    ]
    keys.append((SuggestionKey("demo", "gone", "add_value"), 0))

    def state(connection: sa.Connection) -> list[dict[str, Any]]:
        events = suggestion_events.c
        # Which numbers events have says nothing, but that they are in order and of one batch.
        noted = [each for each in events if each.name not in ("id", "batch")]
        one_batch = (events.batch == sa.select(sa.func.min(events.id)).scalar_subquery()).label("one_batch")
        queries = [
            sa.select(comment_suggestions).order_by(*comment_suggestions.primary_key),
            sa.select(*noted, one_batch).order_by(events.id),
        ]
        return [dict(row._mapping) for query in queries for row in connection.execute(query)]

    given: dict[str, Any] = {"who": "export", "at": now, "reason": "to a.csv", "second": second}
    with database.engine.connect() as connection, connection.begin() as transaction:
        decided, left = decide_many(connection, keys, EXPORT, **given)
        expected = len(decided), left, state(connection)
        transaction.rollback()
    with database.begin() as connection:
        assert (*mark_exported(connection, keys, **given), state(connection)) == expected
    assert 0 < expected[0] < len(keys)


def _tweet(number: int, project: str, flagged: bool, status: str, decided: bool) -> Any:
    flags = (Flag("illness", 1.0, "“cancer”"),) if flagged else ()
    by = {"decided_at": GENERATED, "decided_by": "mara"} if decided else {}
    written = suggestion("A drawer in the hall.", status=status, **by)
    return opportunity(project=project, tweet_id=f"{number}", flags=flags, suggestions=(written,))
