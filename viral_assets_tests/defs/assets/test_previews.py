"""What the Dagster UI is told of an hour: nothing disappears, and unknown is not zero."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from viral_assets.defs.assets import previews
from viral_assets.hours import HOUR, HourRange
from viral_assets.scoring import OPPORTUNITY_COLUMNS, Selected
from viral_assets.vocabulary import CHOSEN

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
WINDOW = HourRange(AT, AT + 2 * HOUR)


def selected(dropped: dict[str, int], *, read: int) -> Selected:
    return Selected(
        pd.DataFrame(columns=list(OPPORTUNITY_COLUMNS)), {AT: Counter(dropped)}, {AT: read}, np.empty(0, object), {}
    )


def opportunities_of(**selections: Selected) -> dict[datetime, dict[str, Any]]:
    columns = [*OPPORTUNITY_COLUMNS, "text", "author_handle"]
    nothing = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    return previews.of_opportunities(nothing, WINDOW, selections)


def test_by_project_what_was_read_is_left_out_for_a_reason_or_chosen() -> None:
    found = opportunities_of(
        baking=selected({"gate": 3, "minima": 2, "unknown": 1}, read=10), garden=selected({"minima": 8}, read=8)
    )[AT]
    assert found["looked at"] == 18
    assert found["what became of them"] == (
        "14 of 18 left out: 10 below a minimum of followers, likes or views; 3 did not pass the gate; "
        "1 followers, likes or views that the project insists on are unknown"
    )
    header, _, baking, garden = found["from read to chosen"].value.splitlines()
    assert header.startswith("| project | read | did not pass the gate | below a minimum of followers")
    columns = ["project", "read", "gate", "minima", "unknown", CHOSEN]
    rows = [dict(zip(columns, map(str.strip, row.split("|")[1:-1]), strict=True)) for row in (baking, garden)]
    assert [{name: value for name, value in row.items() if value != "0"} for row in rows] == [
        {"project": "baking", "read": "10", "gate": "3", "minima": "2", "unknown": "1", "chosen": "4"},
        {"project": "garden", "read": "8", "minima": "8"},
    ]
    assert "followers\\, likes or views that the project insists on are unknown | 1 " in found["left out"].value


def test_an_hour_that_had_nothing_to_select_from_says_so_unlike_one_in_which_all_were_refused() -> None:
    hours = opportunities_of(baking=selected({"gate": 3}, read=3))
    found = hours[AT + HOUR]
    assert (found["looked at"], found["from read to chosen"].value) == (0, "Nothing to show.")
    assert found["what became of them"] == "no tweets"
    assert hours[AT]["what became of them"] == "all 3 left out: 3 did not pass the gate"


def tweets_of(*rows: dict[str, Any]) -> dict[str, Any]:
    frame = pd.DataFrame(
        [{"window_start": AT, "author_handle": "mara", "is_retweet": False, "text": "hi", **row} for row in rows]
    )
    for name in ("like_count", "view_count", "author_followers"):
        frame[name] = pd.array(frame[name].tolist(), dtype="Int64")
    frame["window_start"] = pd.to_datetime(frame["window_start"], utc=True)
    return previews.of_tweets(frame, WINDOW, [], 0)[AT]


def test_tweets_of_which_something_is_unknown_are_counted_and_not_taken_for_unpopular() -> None:
    known = {"like_count": 5, "view_count": 0, "author_followers": 10}
    found = tweets_of(known, known | {"like_count": None}, known | {"author_followers": None})
    assert (found["likes"], found["likes unknown"], found["followers unknown"]) == (10, 1, 1)
    assert "views unknown" not in found
    assert found["most liked"].value.count("mara") == 2
    assert "<NA>" not in found["most liked"].value
