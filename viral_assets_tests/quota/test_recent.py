"""What a process remembers of the window is what the table says, however the table came to be so."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.quota.recent import RecentGrants

ANY: Any = cast("sa.Connection", None)


class Table:
    """Times of grants, and how many of them were read."""

    def __init__(self, *times: float) -> None:
        self.times = list(times)
        self.read = 0

    def since(self, connection: sa.Connection, moment: float) -> list[float]:
        found = sorted(at for at in self.times if at >= moment)
        self.read += len(found)
        return found


def test_only_what_is_new_is_read() -> None:
    rows = Table(*range(100))
    recent = RecentGrants(rows.since)
    assert recent.count(ANY, 9.5) == (90, 99)
    read = rows.read

    rows.times += [100, 101]

    assert recent.count(ANY, 9.5) == (92, 101)
    assert rows.read - read == 3
    assert recent.times(ANY, 97) == [98, 99, 100, 101]


def test_grants_of_the_same_moment_are_all_counted() -> None:
    rows = Table(1, 5, 5)
    recent = RecentGrants(rows.since)
    assert recent.count(ANY, 0) == (3, 5)

    rows.times += [5, 5]

    assert recent.count(ANY, 0) == (5, 5)


def test_an_empty_window_has_no_newest_grant() -> None:
    assert RecentGrants(Table(1, 2).since).count(ANY, 2) == (0, 2)


def test_an_older_view_of_the_table_is_believed() -> None:
    rows = Table(1, 2, 3)
    recent = RecentGrants(rows.since)
    recent.count(ANY, 0)

    rows.times.remove(3)
    assert recent.times(ANY, 0) == [1, 2]
    rows.times.append(3)
    assert recent.times(ANY, 0) == [1, 2, 3]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("grant"), st.floats(0, 3)),
        st.tuples(st.just("set back"), st.floats(0, 20)),
        st.tuples(st.just("look"), st.just(0.0)),
    )
)


@given(steps)
def test_it_is_always_what_the_table_says(happening: list[tuple[str, float]]) -> None:
    """Also after a clock that was set back, by the rule that what lies ahead is dated anew before a grant."""
    now, rows = 1000.0, Table()
    recent = RecentGrants(rows.since)
    for what, seconds in happening:
        match what:
            case "grant":
                now += seconds
                rows.times = [min(at, now) for at in rows.times] + [now]
            case "set back":
                now -= seconds
            case _:
                assert recent.times(ANY, now - 10) == sorted(at for at in rows.times if at > now - 10)
