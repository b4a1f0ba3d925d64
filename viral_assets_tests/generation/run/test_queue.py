"""The queue: nothing is lost or doubled, whatever fails, and a bad tweet is found with few requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import BlockedAnswerError, RejectedRequestError
from viral_assets.generation.run.failures.bisection import (
    BisectionStep,
    PoisonItem,
    RequestBatch,
    after_answer,
    after_failure,
)
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.outcome import BatchOutcome
from viral_assets.generation.run.queue import WorkQueue
from viral_assets_tests.generation.make import opportunity

REJECTED = RejectedRequestError("HTTP 400")


def items(count: int, project: str = "calm") -> list[Item]:
    return [Item(opportunity(str(number), project=project)) for number in range(count)]


def put(queue: WorkQueue, step: BisectionStep) -> PoisonItem | None:
    """As the loop does it; what was found is no longer in the queue."""
    queue.put(BatchOutcome(again=step.released, bisections=step.batches))
    return step.poison


def ids(some: Iterable[Item]) -> list[str]:
    return [item.opportunity.tweet_id for item in some]


@dataclass
class Run:
    """Asks about what is in the queue until nothing is left; ``fails`` says whether a request does."""

    queue: WorkQueue
    fails: Callable[[RequestBatch], bool]
    cap: int
    requests: int = 0
    answered: list[str] = field(default_factory=list)
    poison: list[str] = field(default_factory=list)

    def to_the_end(self) -> Run:
        while len(self.queue):
            batch = self.queue.next_bisection() or RequestBatch(tuple(self.queue.take("calm", self.cap, 0.0)))
            assert 0 < len(batch.items) <= self.cap
            self.requests += 1
            if self.fails(batch):
                found = put(self.queue, after_failure(batch, REJECTED))
            else:
                self.answered += ids(batch.items)
                found = put(self.queue, after_answer(batch))
            if found is not None:
                self.poison += ids([found.item])
        return self


def poisoned(*tweet_ids: str) -> Callable[[RequestBatch], bool]:
    return lambda batch: any(tweet_id in tweet_ids for tweet_id in ids(batch.items))


@pytest.mark.parametrize("size", [*range(2, 17), 20, 40])
def test_a_bad_tweet_costs_at_most_two_and_the_logarithm_of_its_pack(size: int) -> None:
    for bad in map(str, range(size)):
        run = Run(WorkQueue(items(size)), poisoned(bad), cap=size).to_the_end()

        assert run.poison == [bad]
        assert sorted(run.answered) == sorted({*map(str, range(size))} - {bad}), "its neighbours get theirs, once"
        assert run.requests - 1 <= 2 + math.log2(size)


@given(st.integers(1, 30), st.integers(1, 12), st.sets(st.integers(0, 29)))
def test_any_number_of_bad_tweets_costs_no_other(count: int, cap: int, bad: set[int]) -> None:
    run = Run(WorkQueue(items(count)), poisoned(*map(str, bad)), cap).to_the_end()

    assert sorted(run.poison) == sorted(str(number) for number in bad if number < count)
    assert sorted(run.answered) == sorted(str(number) for number in range(count) if number not in bad)


def test_a_service_that_takes_no_packs_costs_no_tweet_that_does_well_alone() -> None:
    run = Run(WorkQueue(items(8)), lambda batch: len(batch.items) > 1, cap=8).to_the_end()

    assert run.poison == []
    assert sorted(run.answered) == ids(items(8))


def test_the_error_that_is_reported_is_the_last_one() -> None:
    queue = WorkQueue(())
    blocked = BlockedAnswerError("withheld")
    assert put(queue, after_failure(RequestBatch(tuple(items(2))), blocked)) is None

    first_half = queue.next_bisection()
    assert first_half is not None
    found = put(queue, after_failure(first_half, blocked))

    assert found is not None
    assert (ids([found.item]), found.error) == (["0"], blocked)


@given(st.integers(1, 25), st.integers(1, 10), st.lists(st.sampled_from(["pass", "fail", "trouble", "refused"])))
def test_nothing_is_lost_or_doubled_whatever_happens(count: int, cap: int, happening: list[str]) -> None:
    everything = items(count)
    queue = WorkQueue(everything)
    ended: list[Item] = []
    for event in happening:
        if not len(queue):
            break
        batch = queue.next_bisection() or RequestBatch(tuple(queue.take("calm", cap, 0.0)))
        assert len(queue) + len(batch.involved) + len(ended) == count
        match event:
            case "pass":
                ended += batch.items
                found = put(queue, after_answer(batch))
                ended += [found.item] if found else []
            case "fail":
                found = put(queue, after_failure(batch, REJECTED))
                ended += [found.item] if found else []
            case "trouble":
                for item in (*batch.set_aside, *batch.items):
                    queue.put_back(item)
            case "refused":
                queue.put_batch_first(batch)
        assert len(queue) + len(ended) == count

    assert sorted(ids([*queue.drain(), *ended]), key=int) == ids(everything)
    assert len(queue) == 0


def test_what_is_handed_back_keeps_its_place() -> None:
    queue = WorkQueue(items(5))
    first = queue.take("calm", 2, 0.0)

    queue.put_first(first)

    assert ids(queue.take("calm", 5, 0.0)) == list("01234")


def test_a_tweet_in_backoff_is_passed_over_and_keeps_its_place() -> None:
    some = items(4)
    some[1] = replace(some[1], not_before=10.0)
    queue = WorkQueue(some)

    assert queue.ready(0.0) == {"calm": 3}
    assert queue.next_ready_at(4.0) == 10.0
    assert ids(queue.take("calm", 2, 0.0)) == ["0", "2"]
    assert ids(queue.take("calm", 9, 11.0)) == ["1", "3"]
    assert queue.ready(0.0) == {}
    assert queue.next_ready_at(10.0) is None


def test_a_tweet_that_asks_for_smaller_packs_gets_them() -> None:
    some = items(6)
    some[0] = some[0].in_packs_of(1)
    some[3] = some[3].in_packs_of(2)
    queue = WorkQueue(some)

    assert ids(queue.take("calm", 5, 0.0)) == ["0"]
    assert ids(queue.take("calm", 5, 0.0)) == ["1", "2", "4", "5"], "it waits for a pack that is small enough"
    assert ids(queue.take("calm", 5, 0.0)) == ["3"]


def test_projects_are_kept_apart() -> None:
    queue = WorkQueue([*items(2), *items(3, project="other")])

    assert queue.ready(0.0) == {"calm": 2, "other": 3}
    assert {item.opportunity.project for item in queue.take("other", 9, 0.0)} == {"other"}
    assert ids(queue.sample("calm", 1)) == ["0"]
    assert len(queue) == 2
