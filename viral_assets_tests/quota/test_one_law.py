"""Whatever happens, every ledger decides alike: in memory, on SQLite and on PostgreSQL, where one call grants by itself
what the Python function would grant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.quota import open_ledger
from viral_assets.quota.ledger import (
    AlreadyClaimed,
    Decision,
    Exhausted,
    Granted,
    GrantRequest,
    Ledger,
    Settlement,
    Waiting,
)
from viral_assets.quota.limits import Limits
from viral_assets.quota.priority import Priority
from viral_assets.store.engine import Database
from viral_assets_tests.laws import SHARED_FIXTURES, tried_on
from viral_assets_tests.quota.conftest import about
from viral_assets_tests.quota.test_sql_ledger import finish
from viral_assets_tests.statements import statements_sent
from viral_assets_tests.virtual_clock import VirtualClock

_worlds = count()
RUNNERS = ("a", "b", "c")
TWEETS = ("1", "2", "3")
FEW = tried_on(1 / 4, unchecked=SHARED_FIXTURES)


@dataclass(frozen=True)
class Asks:
    """For some requests at once, which are of a runner of this number."""

    runner: int
    tokens: tuple[int, ...]
    cost: float
    priority: Priority
    tweets: tuple[str, ...]
    again: bool


@dataclass(frozen=True)
class Ends:
    """The oldest request under way."""

    settlement: Settlement


@dataclass(frozen=True)
class SentLate:
    """The newest request under way."""


@dataclass(frozen=True)
class Finished:
    """Somebody has finished a tweet."""

    tweet: str
    outcome: str


@dataclass(frozen=True)
class Blocks:
    seconds: float
    limit: int | None


@dataclass(frozen=True)
class Passes:
    seconds: float


@dataclass(frozen=True)
class Leaves:
    runner: int


Event = Asks | Ends | SentLate | Finished | Blocks | Passes | Leaves
tweets = st.lists(st.sampled_from(TWEETS), max_size=2, unique=True).map(tuple)
asks = st.builds(
    Asks,
    st.integers(0, len(RUNNERS) - 1),
    st.lists(st.integers(0, 60), min_size=1, max_size=3).map(tuple),
    st.sampled_from([0.0, 0.0625]),
    st.sampled_from([Priority.PERSON, *Priority]),
    tweets,
    st.sampled_from([True, True, False]),
)
ends = st.builds(
    Ends,
    st.one_of(
        st.builds(lambda tokens: Settlement("answered", input_tokens=tokens, cost_usd=0.03125), st.integers(0, 90)),
        st.sampled_from([Settlement("refused"), Settlement("unsent"), Settlement("failed")]),
    ),
)
events = st.lists(
    st.one_of(
        asks,
        asks,
        asks,
        ends,
        ends,
        st.builds(SentLate),
        st.builds(Finished, st.sampled_from(TWEETS), st.sampled_from(["done", "deferred"])),
        # Nothing ends at the very moment of a request, which two clocks may see to either side of it.
        st.builds(Blocks, st.sampled_from([0.0517, 0.0517, 2.0017]), st.sampled_from([None, None, None, 4])),
        st.builds(Passes, st.sampled_from([0.1003, 0.1003, 1.0007, 4.0013, 7.0019])),
        st.builds(Leaves, st.integers(0, len(RUNNERS) - 1)),
    ),
    min_size=20,
    max_size=40,
)


def of_one_runner(happening: list[Event]) -> list[Event]:
    return [replace(each, runner=0) if isinstance(each, Asks | Leaves) else each for each in happening]


quotas = st.builds(
    Limits,
    max_requests=st.sampled_from([4, 12, 50]),
    max_tokens=st.one_of(st.none(), st.sampled_from([100, 300])),
    requests_per_day=st.sampled_from([None, None, 10, 30]),
    daily_budget_usd=st.one_of(st.none(), st.just(1.0)),
    window_seconds=st.just(10.0),
)


@dataclass
class World:
    """Some ledgers to which the same happens."""

    limits: Limits
    databases: tuple[Database | None, ...]
    clock: VirtualClock = field(default_factory=VirtualClock)
    under_way: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = f"world-{next(_worlds)}"
        self.ledgers: list[Ledger] = [
            open_ledger(each, self.limits, self.name, clock=self.clock) for each in self.databases
        ]
        self.claims = None not in self.databases
        self.decisions: list[Decision] = []

    def happen(self, number: int, event: Event) -> None:
        match event:
            case Asks():
                self.ask(number, event)
            case Ends(settlement) if self.under_way:
                ended = self.under_way.pop(0)
                for ledger in self.ledgers:
                    ledger.settle(ended, settlement)
            case SentLate() if self.under_way:
                in_time = {ledger.redate(self.under_way[-1]) is not None for ledger in self.ledgers}
                assert len(in_time) == 1
                self.clock.advance(0.01)
            case Finished(tweet, outcome) if self.claims:
                for database in self.databases:
                    assert database is not None
                    finish(database, tweet, outcome, self.name)
            case Blocks(seconds, limit):
                for ledger in self.ledgers:
                    ledger.block(seconds, "refused", limit=limit)
            case Passes(seconds):
                self.clock.advance(seconds)
            case Leaves(runner):
                for ledger in self.ledgers:
                    ledger.leave(self.runner(runner))

    def runner(self, number: int) -> str:
        return f"{self.name}-{RUNNERS[number]}"

    def ask(self, number: int, event: Asks) -> None:
        requests = [
            GrantRequest(
                f"{self.name}-{number}-{index}",
                self.runner(event.runner),
                tokens,
                event.cost,
                project=self.name,
                tweet_ids=event.tweets,
                again=event.again,
                claim=self.claims,
                priority=event.priority,
            )
            for index, tokens in enumerate(event.tokens)
        ]
        first, *others = (ledger.ask_many(requests, remaining=3) for ledger in self.ledgers)
        for other in others:
            assert [comparable(each) for each in other] == [comparable(each) for each in first]
        assert all(each == Granted() for each in first[:-1])
        assert len(first) == len(requests) or first[-1] != Granted()
        self.decisions += first
        self.under_way += [
            request.request_id for request, decision in zip(requests, first, strict=False) if decision == Granted()
        ]
        self.clock.advance(0.01)


def comparable(decision: Decision) -> Any:
    if isinstance(decision, Waiting | Exhausted):
        return type(decision), about(decision.seconds), decision.reason
    return decision


def run(world: World, happening: list[Event]) -> None:
    for number, event in enumerate(happening):
        world.happen(number, event)
    first, *others = (ledger.status() for ledger in world.ledgers)
    for other in others:
        for name in ("window_requests", "window_tokens", "day_requests", "day_tokens", "learned_requests"):
            assert getattr(other, name) == getattr(first, name), name
        assert other.day_cost_usd == about(first.day_cost_usd)


@given(limits=quotas, happening=events)
@FEW
def test_both_databases_decide_alike(
    sqlite_database: Database, postgres_database: Database, limits: Limits, happening: list[Event]
) -> None:
    run(World(limits, (sqlite_database, postgres_database)), happening)


@given(limits=quotas, happening=events.map(of_one_runner))
@FEW
def test_a_script_s_ledger_decides_like_a_database_s(
    sqlite_database: Database, limits: Limits, happening: list[Event]
) -> None:
    """For one runner: whether others that wait still live is no question within one process."""
    run(World(limits, (None, sqlite_database)), happening)


def test_where_there_is_room_postgresql_is_asked_once_and_knows_what_is_taken(
    postgres_database: Database, ticking: VirtualClock
) -> None:
    ledger = open_ledger(postgres_database, Limits(max_requests=4, max_tokens=100), "key", clock=ticking)

    def ask(name: str, runner: str, *tweets: str, tokens: int = 10, **fields: Any) -> Decision:
        ticking.advance(0.01)
        return ledger.ask(GrantRequest(name, runner, tokens, 0.0, project="calm", tweet_ids=tweets, **fields))

    ask("first", "a", "1")
    ledger.state()
    with statements_sent(sa.Engine) as sent:
        assert ask("second", "a", "2") == Granted()
    assert len(sent) == 1
    finish(postgres_database, "3")
    ledger.settle("first", Settlement("failed"))
    with statements_sent(sa.Engine) as sent:
        ledger.settle("second", Settlement("answered", input_tokens=70))
    assert len(sent) == 1

    assert ask("taken", "b", "1") == AlreadyClaimed(frozenset(), frozenset("1"))
    assert ask("done", "b", "3") == AlreadyClaimed(frozenset("3"), frozenset())
    assert isinstance(ask("too many tokens", "b", "4", tokens=21), Waiting)
    ledger.withdraw("b")
    assert ask("person", "b", "1", again=True, priority=Priority.PERSON) == Granted()
    assert ask("fourth", "b", "5") == Granted()
    with statements_sent(sa.Engine) as sent:
        assert isinstance(ask("fifth", "b", "6"), Waiting)
    assert len(sent) > 1, "who has to wait is told by the rules themselves"
