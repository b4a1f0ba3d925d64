"""What people made of suggestions by how many tweets shared the request that wrote them, as plain values.

Only suggestions that a person approved (edited and posted ones included) or rejected count, each for the request that
wrote it: a tweet that was asked about again counts for the later request as far as that one wrote its suggestions.
Drafts of the offline provider are left out. The sizes of requests were chosen by the planner, not by lot, so that a
difference between them may have other reasons; of one request, the positions are compared among themselves.

How it is counted is in ``packing``, what follows for the cap in ``learning.packing``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Self

from viral_assets.queries.intervals import Z_95, students, wilson
from viral_assets.queries.tally import Names, Number

LEAST_DECIDED = 40
"""Suggestions decided about, for a share to be shown: with fewer, its interval is wider than 30 points."""

LEAST_REQUESTS = 10
"""Requests that these came from: how alike the suggestions of one request are cannot be told from fewer."""


@dataclass(frozen=True, slots=True)
class SizeGroup:
    """Requests about ``least`` to ``most`` tweets; None where there is no upper end."""

    least: int
    most: int | None

    @property
    def name(self) -> str:
        if self.most is None:
            return f"{self.least} or more"
        return f"{self.least}" if self.most == self.least else f"{self.least} to {self.most}"


SIZES = (SizeGroup(1, 1), SizeGroup(2, 3), SizeGroup(4, 6), SizeGroup(7, 10), SizeGroup(11, None))

THIRDS = ("first third", "middle third", "last third")
"""Of the tweets of a request, in the order in which the prompt names them."""

LEAST_FOR_THIRDS = 3
"""Tweets in a request whose positions are compared."""


@dataclass(frozen=True, slots=True)
class DecisionSums:
    """Sums over requests, of the decisions about what each one wrote. Those of different requests can be added.

    The suggestions of one request are not independent: they share a prompt, a moment and often a reader's mood. How
    far they go together is measured by the last three sums, and makes the interval wider (:attr:`design_effect`).

    Args:
        requests: with any decision.
        approved, decided: suggestions; who is not approved is rejected.
        edited: of the approved, those that a person changed first.
        largest: the most tweets that one of these requests asked about.
        approved_squared, approved_times_decided, decided_squared: of each request's two numbers, added up.
    """

    requests: int = 0
    approved: int = 0
    decided: int = 0
    edited: int = 0
    largest: int = 0
    approved_squared: int = 0
    approved_times_decided: int = 0
    decided_squared: int = 0

    def __add__(self, other: Self) -> Self:
        sums = {each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        return type(self)(**{**sums, "largest": max(self.largest, other.largest)})

    @property
    def rejected(self) -> int:
        return self.decided - self.approved

    @property
    def design_effect(self) -> float:
        """By how much the variance of the share exceeds that of independent decisions; at least 1 (Kish 1965,
        Survey Sampling; the variance is that of a ratio of totals of clusters)."""
        if self.decided == 0:
            return 1.0
        if self.requests < 2:
            return float(self.decided)
        share = self.approved / self.decided
        independent = self.decided * share * (1 - share)
        if independent == 0:
            return 1.0
        scatter = self.approved_squared - 2 * share * self.approved_times_decided + share**2 * self.decided_squared
        return max(1.0, self.requests / (self.requests - 1) * scatter / independent)

    @property
    def effective(self) -> float:
        """Independent decisions that would say as much."""
        return self.decided / self.design_effect

    @property
    def missing(self) -> str:
        """What it takes for a share; empty where there is enough."""
        lacks = {"decision": LEAST_DECIDED - self.decided, "request": LEAST_REQUESTS - self.requests}
        lacking = {name: count for name, count in lacks.items() if count > 0}
        return " and ".join(f"{count} more {name}{'s' if count > 1 else ''}" for name, count in lacking.items())

    @property
    def enough(self) -> bool:
        """Whether a share says anything."""
        return self.decided >= LEAST_DECIDED and self.requests >= LEAST_REQUESTS


@dataclass(frozen=True, slots=True)
class PackRate:
    """The decisions about requests of one kind. ``low`` and ``high`` bound the 95 % interval of the share approved:
    Wilson's, of as many independent decisions as these are worth (Korn and Graubard 1998)."""

    name: str
    judged: DecisionSums

    @property
    def approved(self) -> int:
        return self.judged.approved

    @property
    def decided(self) -> int:
        return self.judged.decided

    @property
    def share(self) -> float | None:
        """None where there are too few decisions."""
        return self.judged.approved / self.judged.decided if self.judged.enough else None

    @property
    def low(self) -> float:
        return self._interval[0]

    @property
    def high(self) -> float:
        return self._interval[1]

    @property
    def missing(self) -> str:
        """See :attr:`Judged.missing`."""
        return self.judged.missing

    @property
    def _interval(self) -> tuple[float, float]:
        judged = self.judged
        if not judged.decided:
            return 0.0, 1.0
        if judged.requests < 2:
            return wilson(judged.approved / judged.decided, 1.0)
        trials = judged.effective * (Z_95 / students(Z_95, judged.requests - 1)) ** 2
        return wilson(judged.approved / judged.decided * trials, trials)


@dataclass(frozen=True, slots=True)
class ModelPacks:
    """What one model wrote: models differ, and not all of them are used for requests of all sizes.

    Args:
        model: the one that answered, as the service names it, where it does.
        by_size: in the order of :data:`SIZES`; sizes without a decision are left out.
        by_third: in the order of :data:`THIRDS`, of requests about three tweets or more.
    """

    model: str
    by_size: dict[SizeGroup, DecisionSums]
    by_third: dict[str, DecisionSums]

    @property
    def total(self) -> DecisionSums:
        return sum(self.by_size.values(), DecisionSums())

    @property
    def size_rates(self) -> tuple[PackRate, ...]:
        return tuple(PackRate(group.name, judged) for group, judged in self.by_size.items())

    @property
    def third_rates(self) -> tuple[PackRate, ...]:
        return tuple(PackRate(name, judged) for name, judged in self.by_third.items())


@dataclass(frozen=True, slots=True)
class PackReport:
    """What is known of requests and their suggestions.

    Args:
        models: most decided first.
        unknown: suggestions decided about whose request, or whose place in it, the ledger does not know.
    """

    models: tuple[ModelPacks, ...] = ()
    unknown: int = 0


Cells = Mapping[tuple[str, int], DecisionSums]
"""By model, and by the index of a size or a third."""

ALONE, UNPLACED, BY_SIZE, BY_THIRD = "alone", "unplaced", "size", "third"
"""The words that ``packing.count_packs`` begins with."""


def packs_of(numbers: Iterable[tuple[Names, Number]]) -> PackReport:
    """The report, from the numbers of all hours; others than those words begin are passed over."""
    unknown = 0
    alone: defaultdict[str, dict[str, int]] = defaultdict(dict)
    requests: defaultdict[Names, Counter[str]] = defaultdict(Counter)
    for (word, *names), number in numbers:
        if word == UNPLACED:
            unknown += int(number)
        elif word == ALONE:
            _, model, name = names
            alone[model][name] = alone[model].get(name, 0) + int(number)
        elif word in (BY_SIZE, BY_THIRD):
            _, model, index, request, tweets, name = names
            requests[word, model, index, request, tweets][name] += int(number)
    cells: dict[str, dict[tuple[str, int], DecisionSums]] = {BY_SIZE: {}, BY_THIRD: {}}
    for model, sums in alone.items():
        cells[BY_SIZE][model, 0] = DecisionSums(largest=1, **sums)
    for (word, model, index, _, tweets), counts in requests.items():
        approved, decided = counts["approved"], counts["decided"]
        products = (approved * approved, approved * decided, decided * decided)
        key, judged = (model, int(index)), DecisionSums(1, approved, decided, counts["edited"], int(tweets), *products)
        cells[word][key] = cells[word].get(key, DecisionSums()) + judged
    return report_of(cells[BY_SIZE], cells[BY_THIRD], unknown)


def report_of(sizes: Cells, thirds: Cells, unknown: int) -> PackReport:
    """From decisions by model and index, and how many belong to no index."""
    found = [
        ModelPacks(
            model,
            {group: sizes[model, index] for index, group in enumerate(SIZES) if (model, index) in sizes},
            {name: thirds[model, index] for index, name in enumerate(THIRDS) if (model, index) in thirds},
        )
        for model in {model for model, _ in sizes}
    ]
    return PackReport(tuple(sorted(found, key=lambda each: (-each.total.decided, each.model))), unknown)
