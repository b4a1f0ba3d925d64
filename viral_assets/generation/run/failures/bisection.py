"""Finding the tweet that makes its whole request fail.

It is found by halving: one half is asked again, and what comes of it says something about the other half too. What
seems to be fine is asked together with the next half, not by itself. So one bad tweet among K costs at most
``1 + log2(K)`` (rounded up) requests more, one more where a filter withheld the answer or the run makes sure of a
rejection in the end, and its neighbours nothing; an answer that was withheld by chance costs two. The steps are pure
functions from what was asked to what is to be asked next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from viral_assets.errors import BlockedAnswerError, ProviderError
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.items import Item


@dataclass(frozen=True, slots=True)
class Bisection:
    """How far the search for a bad tweet has come.

    The tweet is either among the first ``candidates`` of the batch's items (the others seem to be fine), or in
    ``rest``, which is not asked about now. ``error`` is what the last failure was. ``is_first``:
    it was the only one, which may have been chance.
    """

    candidates: int
    rest: tuple[Item, ...]
    error: ProviderError
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class BorrowedTweets:
    """Tweets of other runs that a request asks about besides. Their own runs read its answer, which is done with when
    they have; and only those search for a bad one among them."""

    request_id: str
    opportunities: tuple[Opportunity, ...] = ()

    def with_more(self, opportunities: Iterable[Opportunity]) -> BorrowedTweets:
        return replace(self, opportunities=(*self.opportunities, *opportunities))


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """What the next request asks about; ``bisection`` when its answer will tell about other tweets too.

    ``suspected``: a request about these and others has failed, and one about those others has not. What becomes of
    ``guests`` is no part of the batch's outcome.
    """

    items: tuple[Item, ...]
    bisection: Bisection | None = None
    suspected: bool = False
    guests: BorrowedTweets | None = None

    @property
    def own(self) -> tuple[Opportunity, ...]:
        """What the run itself asks about."""
        return tuple(item.still_asked for item in self.items)

    @property
    def asked(self) -> tuple[Opportunity, ...]:
        """What the prompt is about."""
        return self.own if self.guests is None else (*self.own, *self.guests.opportunities)

    @property
    def without_guests(self) -> RequestBatch:
        """The same for the tweets of this run alone, of which a request about others too has failed."""
        return replace(self, guests=None, suspected=True)

    @property
    def set_aside(self) -> tuple[Item, ...]:
        """Tweets that the request does not ask about, and that wait for what it tells about them."""
        return self.bisection.rest if self.bisection else ()

    @property
    def involved(self) -> tuple[Item, ...]:
        """All tweets whose fate is bound to this request, asked about or not."""
        return (*self.items, *self.set_aside)


@dataclass(frozen=True, slots=True)
class PoisonItem:
    """A tweet that makes requests fail, and how they fail."""

    item: Item
    error: ProviderError


@dataclass(frozen=True, slots=True)
class BisectionStep:
    """The batches to ask next, the tweets that are free of suspicion and wait with all others, and what was found."""

    batches: tuple[RequestBatch, ...] = ()
    released: tuple[Item, ...] = ()
    poison: PoisonItem | None = None


def after_failure(batch: RequestBatch, error: ProviderError) -> BisectionStep:
    """The batch's request failed because of what it asks about. A tweet that was asked about alone is the one."""
    candidates, fine, rest = batch.items, batch.items[:0], batch.set_aside
    if batch.bisection is not None:
        candidates, fine = batch.items[: batch.bisection.candidates], batch.items[batch.bisection.candidates :]
    if not candidates:
        # What seemed to be fine fails without the one that was left: there are two at least, or it was never that one.
        further = after_failure(RequestBatch(fine), error)
        return replace(further, batches=(RequestBatch(rest), *further.batches))
    if len(batch.items) == 1:
        return BisectionStep(released=rest, poison=PoisonItem(batch.items[0], error))
    if len(candidates) == 1:
        # All that is left to see is whether the others do well without it.
        return BisectionStep((RequestBatch((*fine, *rest), Bisection(0, candidates, error)),))
    is_first = batch.bisection is None and not batch.suspected
    return BisectionStep((_first_half(candidates, (*fine, *rest), error, is_first=is_first),))


def after_answer(batch: RequestBatch) -> BisectionStep:
    """The batch's request did not fail: what is searched for is in the part that was not asked about.

    A tweet without which the others did well, after they had failed with it, is the one.
    """
    if batch.bisection is None:
        return BisectionStep()
    rest, error = batch.bisection.rest, batch.bisection.error
    if batch.bisection.is_first and isinstance(error, BlockedAnswerError):
        # Filters withhold by chance too: one request more tells, where every further half would be one.
        return BisectionStep((RequestBatch(rest, suspected=True),))
    if len(rest) > 1:
        return BisectionStep((_first_half(rest, (), error),))
    if batch.bisection.candidates:
        # It has never been asked about without those that were answered now: make sure.
        return BisectionStep((RequestBatch(rest),))
    return BisectionStep(poison=PoisonItem(rest[0], error))


def _first_half(
    candidates: tuple[Item, ...], fine: tuple[Item, ...], error: ProviderError, *, is_first: bool = False
) -> RequestBatch:
    middle = len(candidates) // 2
    return RequestBatch((*candidates[:middle], *fine), Bisection(middle, candidates[middle:], error, is_first))
