"""What became of the tweets of some hours, in numbers and in a sentence."""

from __future__ import annotations

import pandas as pd
import pytest

from viral_assets.hours import HOUR, HourRange
from viral_assets.queries.selection import SelectionFacts, selection_facts, what_became
from viral_assets.store.engine import Database
from viral_assets.store.tables import selection_counts
from viral_assets.store.windows import replace_window
from viral_assets_tests.queries.worked_on import AT

HOURS = HourRange(AT - HOUR, AT + 2 * HOUR)


@pytest.fixture
def counted(database: Database) -> Database:
    """Three hours: one as usual in two projects, one of which nothing was chosen, one without tweets."""
    rows = [
        ("example", AT - HOUR, "chosen", 2),
        ("example", AT - HOUR, "gate", 5),
        ("other", AT - HOUR, "label", 6),
        ("example", AT, "gate", 3),
        ("example", AT + 5 * HOUR, "gate", 100),
    ]
    frame = pd.DataFrame(rows, columns=["project", "window_start", "reason", "tweets"])
    with database.begin() as connection:
        replace_window(connection, selection_counts, HourRange(AT - HOUR, AT + 6 * HOUR), frame)
    return database


def test_they_add_up_over_hours_and_projects(counted: Database) -> None:
    with counted.read() as connection:
        both, other = (selection_facts(connection, HOURS, names) for names in ((), ("other",)))
    assert both == SelectionFacts(2, {"gate": 8, "label": 6}, hours=3, empty_hours=1, refused_hours=1)
    assert list(both.left_out) == ["gate", "label"]
    assert both.read == 16
    assert other == SelectionFacts(0, {"label": 6}, hours=3, empty_hours=2, refused_hours=1)
    assert other.as_json() == {
        "read": 6,
        "left_out": {"label": 6},
        "hours_without_tweets": 2,
        "hours_with_none_chosen": 1,
    }


@pytest.mark.parametrize(
    ("read", "left_out", "said"),
    [
        (0, {}, "no tweets"),
        (7, {}, "all 7 chosen"),
        (7, {"gate": 7}, "all 7 left out: 7 did not pass the gate"),
        (
            2000,
            {"label": 3, "gate": 1200, "duplicate": 2, "a new reason": 1},
            (
                "1,206 of 2,000 left out: 1,200 did not pass the gate; 3 scored too low; 2 says what another one says; "
                "1 for other reasons"
            ),
        ),
    ],
)
def test_the_sentence_tells_no_tweets_from_all_refused(read: int, left_out: dict[str, int], said: str) -> None:
    assert what_became(read, left_out) == said
