"""What asking about a batch comes to, as one value, and the pure functions from a batch and what happened to it.

A request makes the value (``request``), a stored answer makes one too (``resume``); the loop alone applies it
(``loop``). What an answer's text is worth is decided in ``answer_processor``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from viral_assets.errors import (
    AdaptedRequestError,
    BlockedAnswerError,
    FatalProviderError,
    NoRoomError,
    ProviderError,
    QuotaError,
    RateLimitedError,
    RejectedRequestError,
    TooMuchInputError,
)
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.failures.bisection import BisectionStep, RequestBatch, after_failure
from viral_assets.generation.run.failures.usefulness import Useless
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.results import TweetResult
from viral_assets.llm.types import Usage
from viral_assets.quota.ledger import Settlement
from viral_assets.vocabulary import Outcome

IN_OPEN_BATCH = "it is in a batch that is not closed: a later run takes the answer"


@dataclass(frozen=True, slots=True)
class Answered:
    """The service answered in so many seconds. ``usage`` is None where it did not count tokens.

    ``is_useful``: some of it is. ``useless`` where nothing is, unless it is known how to ask better.
    """

    seconds: float
    usage: Usage | None
    is_useful: bool = True
    useless: Useless | None = None


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The service's quota is used up: no run that shares it asks until it is free again (HTTP 429)."""

    error: RateLimitedError


@dataclass(frozen=True, slots=True)
class FatalFailure:
    """Key, model or endpoint are wrong: no request will work."""

    error: FatalProviderError


@dataclass(frozen=True, slots=True)
class ServiceFailure:
    """The service had a problem, was too slow, or was not there."""

    error: ProviderError


@dataclass(frozen=True, slots=True)
class RequestAdapted:
    """The service refused how the request was put, which says nothing about how it is."""

    error: AdaptedRequestError


@dataclass(frozen=True, slots=True)
class NoRoom:
    """A cheaper tier has no room, which says nothing about the quota or the service."""

    error: NoRoomError


@dataclass(frozen=True, slots=True)
class TooMuchInput:
    """The model takes less in one request than this one held."""

    error: TooMuchInputError


ServiceReport = (
    RequestAdapted | TooMuchInput | Answered | Useless | RateLimited | NoRoom | FatalFailure | ServiceFailure
)


@dataclass(frozen=True, slots=True)
class Improvable:
    """A tweet that a request more may do good: it has good suggestions and some that were rejected, or the service
    rejected it, which may be chance.

    Where that costs no waiting it is asked about ``again``; else it has ``ended``.
    """

    again: Item
    ended: TweetResult


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch's tweets, what its request cost, and what it says about the service.

    Args:
        ended: tweets that are done with; saved together with ``parsed_request``.
        again: tweets that wait behind the others, each until its own time.
        improvable: to be decided by who knows what is left of the quota, see :meth:`decided`.
        rejected: the same, for who knows whether others are answered.
        optional: so many of ``again``, the last ones, are asked about again only since that costs no waiting.
        first: asked about next, as it is: the request was not sent, or not read.
        bisections: what the search for a bad tweet asks next.
        rejections: (tweet, rule) of each suggestion that the quality filter rejected.
        problem: what is wrong with an answer that says nothing of any of its tweets.
        parsed_request: the request whose stored answer is done with.
        finished_elsewhere: how many tweets another run has finished meanwhile.
        note: for the report.
        settlement: how the request ended, already committed; None where none was sent.
        paid: the tokens that are billed.
        service: None where nothing is learnt about the service.
    """

    ended: tuple[TweetResult, ...] = ()
    again: tuple[Item, ...] = ()
    improvable: tuple[Improvable, ...] = ()
    rejected: tuple[Improvable, ...] = ()
    optional: int = 0
    first: RequestBatch | None = None
    bisections: tuple[RequestBatch, ...] = ()
    rejections: tuple[tuple[Opportunity, str], ...] = ()
    problem: str = ""
    parsed_request: str | None = None
    finished_elsewhere: int = 0
    note: str = ""
    settlement: Settlement | None = None
    paid: Usage | None = None
    service: ServiceReport | None = None

    @property
    def partial(self) -> tuple[TweetResult, ...]:
        """What tweets that are asked again have already, in case this process does not live to see the rest."""
        return tuple(result_of(item, "deferred", "partly answered") for item in self.again if item.accepted)

    @property
    def used_quota(self) -> bool:
        """Whether a request was sent and not refused."""
        return self.settlement is not None and self.settlement.status in ("answered", "failed")

    @property
    def leaves_work(self) -> bool:
        """Whether something has to be asked again, for which requests are kept; none is kept for what is optional."""
        return len(self.again) > self.optional or bool(self.bisections)

    def decided(self, *, spare_quota: bool) -> BatchOutcome:
        """Without ``improvable``: with quota to spare they are asked again, without it they have ended."""
        if spare_quota:
            again = (*self.again, *(each.again for each in self.improvable))
            return replace(self, again=again, optional=len(self.improvable), improvable=())
        return replace(self, ended=(*self.ended, *(each.ended for each in self.improvable)), improvable=())


def result_of(item: Item, outcome: Outcome, reason: str = "") -> TweetResult:
    """How a tweet ended, with what it has."""
    return TweetResult(item.opportunity, tuple(item.accepted.values()), outcome, reason, item.attempts)


def poisoned(step: BisectionStep) -> tuple[TweetResult, ...]:
    """The end for a tweet that makes requests fail, if one was found."""
    if step.poison is None:
        return ()
    outcome: Outcome = "blocked" if isinstance(step.poison.error, BlockedAnswerError) else "failed"
    return (result_of(step.poison.item, outcome, str(step.poison.error)),)


def at_fault(batch: RequestBatch, error: BlockedAnswerError | RejectedRequestError) -> BatchOutcome:
    """One of these tweets is the cause: it is searched for, and the others are asked about again without it."""
    attempted = tuple(replace(item, attempts=item.attempts + 1) for item in batch.items)
    step = after_failure(replace(batch, items=attempted), error)
    outcome = BatchOutcome(ended=poisoned(step), again=step.released, bisections=step.batches)
    if step.poison is None or not isinstance(error, RejectedRequestError) or step.poison.item.rejected:
        return outcome
    # Of a pack, one tweet may be the cause; where one by itself is rejected after the other, it is none of them.
    said = f"{str(error).rstrip('.')}: check the model and its settings (viral-assets models)"
    outcome = replace(outcome, service=Useless(said, is_last_word=True))
    if isinstance(error, TooMuchInputError):
        return outcome
    again = replace(step.poison.item, rejected=True)
    return replace(outcome, ended=(), rejected=tuple(Improvable(again, each) for each in outcome.ended))


def too_large(batch: RequestBatch, error: QuotaError) -> BatchOutcome:
    """No state of the quota will ever allow this request: smaller ones, or not under these limits."""
    if len(batch.items) > 1:
        smaller = tuple(item.in_packs_of(len(batch.items) // 2) for item in batch.items)
        return BatchOutcome(first=RequestBatch(smaller), again=batch.set_aside)
    deferred = result_of(batch.items[0], "deferred", str(error))
    return BatchOutcome(ended=(deferred,), again=batch.set_aside, note=str(error))


def too_much_input(batch: RequestBatch, error: TooMuchInputError) -> BatchOutcome:
    """No tweet is to blame: they are asked about again, fewer at once."""
    asked = len(batch.items)
    # What a request holds besides its tweets is not known here, so this may still be too many.
    fitting = asked * error.allowed // error.counted if error.counted else asked // 2
    smaller = tuple(item.in_packs_of(min(fitting, asked - 1)) for item in batch.items)
    return BatchOutcome(first=RequestBatch(smaller), again=batch.set_aside, service=TooMuchInput(error))


def claimed_elsewhere(
    batch: RequestBatch,
    finished: Collection[str],
    in_flight: Collection[str],
    in_batch: Collection[str] = (),
    *,
    check_again_at: float,
) -> BatchOutcome:
    """Another run finished some of these tweets, or is asking about them: nothing is paid twice."""
    waiting, rest, put_off = [], [], []
    for item in batch.items:
        tweet_id = item.opportunity.tweet_id
        if tweet_id in in_batch:
            put_off.append(result_of(item, "deferred", IN_OPEN_BATCH))
        elif tweet_id in in_flight and tweet_id not in finished:
            waiting.append(replace(item, not_before=check_again_at))
        elif tweet_id not in finished:
            rest.append(item)
    return BatchOutcome(
        ended=tuple(put_off),
        again=(*waiting, *batch.set_aside),
        first=RequestBatch(tuple(rest)),
        finished_elsewhere=len(batch.items) - len(waiting) - len(rest) - len(put_off),
    )
