"""What a process remembers of the window is what the table says, however the table came to be so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.quota.recent import RecentGrants, WindowGrant

ANY: Any = cast("sa.Connection", None)
ESTIMATE = 100


@dataclass
class Table:
    """Grants, and how many of them were read."""

    grants: list[WindowGrant] = field(default_factory=list)
    read: int = 0

    def grant(self, *moments: float) -> None:
        self.grants += [
            WindowGrant(f"{len(self.grants) + at}", when, ESTIMATE, None) for at, when in enumerate(moments)
        ]

    def answer(self, number: int, at: float, tokens: int) -> None:
        self.grants[number] = self.grants[number]._replace(tokens=tokens, answered_at=at)

    def redate(self, number: int, now: float) -> None:
        self.grants.append(self.grants.pop(number)._replace(at=now))

    def set_back(self, now: float) -> None:
        self.grants = [
            grant._replace(at=min(grant.at, now), answered_at=grant.answered_at and min(grant.answered_at, now))
            for grant in self.grants
        ]

    def since(self, connection: sa.Connection, moment: float, answered: float | None) -> list[WindowGrant]:
        # What is of one moment comes in any order.
        found = [
            grant
            for grant in reversed(self.grants)
            if grant.at >= moment
            or (answered is not None and grant.answered_at is not None and grant.answered_at >= answered)
        ]
        self.read += len(found)
        return sorted(found, key=lambda grant: grant.at)

    def window(self, after: float) -> tuple[list[float], int]:
        found = [grant for grant in self.grants if grant.at > after]
        return sorted(grant.at for grant in found), sum(grant.tokens for grant in found)


def seen(recent: RecentGrants, after: float) -> tuple[list[float], int]:
    window = recent.window(ANY, after)
    return [grant.at for grant in window.grants()], window.tokens


def test_only_what_is_new_is_read() -> None:
    rows = Table()
    rows.grant(*range(100))
    recent = RecentGrants(rows.since)
    assert recent.window(ANY, 9.5).requests == 90
    read = rows.read

    rows.grant(100, 101)

    assert recent.window(ANY, 9.5).requests == 92
    assert rows.read - read == 3
    assert seen(recent, 97)[0] == [98, 99, 100, 101]


def test_only_new_answers_are_read() -> None:
    rows = Table()
    rows.grant(*range(50))
    recent = RecentGrants(rows.since)
    assert recent.window(ANY, -1).tokens == 50 * ESTIMATE
    for number in range(48):
        rows.answer(number, 50 + number, tokens=7)
    assert recent.window(ANY, -1).tokens == 48 * 7 + 2 * ESTIMATE
    read = rows.read

    rows.answer(49, 98, tokens=80)

    assert recent.window(ANY, -1).tokens == 48 * 7 + ESTIMATE + 80
    assert rows.read - read == 2, "the last answer and the new one, which is of the last grant"
    assert recent.window(ANY, 48).tokens == 80


def test_the_newest_is_a_grant_or_an_answer() -> None:
    rows = Table()
    recent = RecentGrants(rows.since)
    assert recent.window(ANY, 0).newest is None
    rows.grant(1, 2)
    assert recent.window(ANY, 0).newest == 2
    rows.answer(0, 3, tokens=1)
    recent.forget()
    assert recent.window(ANY, 0).newest == 3


def test_grants_of_the_same_moment_are_all_counted() -> None:
    rows = Table()
    rows.grant(1, 5, 5)
    recent = RecentGrants(rows.since)
    assert seen(recent, 0) == ([1, 5, 5], 300)

    rows.grant(5, 5)
    rows.answer(1, 6, tokens=1)
    rows.answer(3, 6, tokens=1)

    assert seen(recent, 0) == ([1, 5, 5, 5, 5], 302)


def test_what_was_sent_late_leaves_later_and_is_counted_once() -> None:
    rows = Table()
    rows.grant(1, 2, 3)
    recent = RecentGrants(rows.since)
    recent.window(ANY, 0)
    read = rows.read

    rows.redate(0, 4)

    assert seen(recent, 0) == ([2, 3, 4], 300)
    assert rows.read - read == 2, "the last one that was known, and what is new"
    assert seen(recent, 2.5) == ([3, 4], 200)


def test_an_older_view_of_the_table_is_believed() -> None:
    rows = Table()
    rows.grant(1, 2, 3)
    recent = RecentGrants(rows.since)
    recent.window(ANY, 0)

    last = rows.grants.pop()
    assert seen(recent, 0)[0] == [1, 2]
    rows.grants.append(last)
    assert seen(recent, 0)[0] == [1, 2, 3]


steps = st.lists(
    st.tuples(
        st.sampled_from(["grant", "grant", "answer", "answer", "sent late", "look", "look", "set back"]),
        st.floats(0, 0.99),
    ),
    min_size=10,
    max_size=100,
)


@given(steps)
def test_it_is_always_what_the_table_says(happening: list[tuple[str, float]]) -> None:
    """Also after a clock that was set back, by the rule of the ledger: what lies ahead is dated anew, and read anew."""
    now, rows = 1000.0, Table()
    recent = RecentGrants(rows.since)
    for what, amount in happening:
        match what:
            case "grant":
                now += 3.0 * round(amount, 1)
                rows.grant(now)
            case "answer":
                waiting = [number for number, grant in enumerate(rows.grants) if grant.answered_at is None]
                if waiting:
                    rows.answer(waiting[int(amount * len(waiting))], now, tokens=int(100 * amount))
            case "sent late":
                waiting = [number for number, grant in enumerate(rows.grants) if grant.answered_at is None]
                if waiting and now - 10 < rows.grants[sent := waiting[int(amount * len(waiting))]].at:
                    now += amount
                    rows.redate(sent, now)
            case "set back":
                now -= 20.0 * amount
                rows.set_back(now)
                recent.forget()
            case _:
                assert seen(recent, now - 10) == rows.window(now - 10)
