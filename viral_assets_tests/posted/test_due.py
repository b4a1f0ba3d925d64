"""When replies are looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.posted.due import FOLLOWED, LOOKS, due
from viral_assets.store.posted_replies import ReplyLook
from viral_assets_tests.posted.examples import POSTED_AT


def look(last_hours: float | None, name: str = "1") -> ReplyLook:
    return ReplyLook(name, "t", POSTED_AT, None if last_hours is None else POSTED_AT + timedelta(hours=last_hours))


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        (None, 0.5, False),
        (None, 1, True),
        (1.1, 23, False),
        (1.1, 24, True),
        (26, 71, False),
        (26, 73, True),
        (73, 300, False),
        (None, 200, True),
        (2, 14 * 24, False),
    ],
)
def test_a_look_is_due_once_at_each_of_its_times(last: float | None, now: float, expected: bool) -> None:
    assert bool(due([look(last)], POSTED_AT + timedelta(hours=now))) is expected


@given(st.lists(st.floats(0, 400), min_size=1, max_size=60))
def test_however_often_one_asks_there_are_no_more_looks_than_times(hours: list[float]) -> None:
    last: float | None = None
    looks = 0
    for hour in sorted(hours):
        if due([look(last)], POSTED_AT + timedelta(hours=hour)):
            last, looks = hour, looks + 1
            assert not due([look(last)], POSTED_AT + timedelta(hours=hour))
    assert looks <= len(LOOKS)
    assert last is None or timedelta(hours=last) < FOLLOWED
