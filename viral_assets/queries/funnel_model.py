"""What came of the tweets, as plain values. How it is counted is in ``funnel``, how it is drawn in ``charts``.

Days are UTC and those of the tweets: a reply approved on Tuesday to a tweet of Monday is Monday's. So every stage of
a day's funnel is a part of the stage before. Days of the quota are US Pacific, where they begin and end.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Self

from viral_assets.hours import HourRange
from viral_assets.queries.edits import EditedWeek
from viral_assets.queries.intervals import wilson
from viral_assets.queries.packing_model import PackReport
from viral_assets.quota.limits import Limits
from viral_assets.text.display import kind

STAGES = {
    "tweets": "Tweets",
    "scored": "Scored",
    "opportunities": "Worth a reply",
    "answered": "With suggestions",
    "approved": "Approved",
    "posted": "Posted",
}
"""Of the funnel, all of them counted in tweets: attributes of :class:`Funnel`, and what people call them."""


BANDS = 10
"""Of scores, each 0.1 wide."""


def band_name(number: int) -> str:
    """The band of so many tenths: ``0.7 to 0.8``."""
    return f"{number / BANDS:.1f} to {(number + 1) / BANDS:.1f}"


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many got how far.

    ``tweets``, ``scored``, ``opportunities``, ``answered`` (with suggestions), ``approved`` (with a suggestion that a
    person approved, edited or posted), ``refused`` (all suggestions rejected) and ``posted`` are tweets; where several
    projects are added up, a tweet counts once for each. The rest are suggestions.
    """

    tweets: int = 0
    scored: int = 0
    opportunities: int = 0
    answered: int = 0
    approved: int = 0
    refused: int = 0
    posted: int = 0
    suggestions: int = 0
    approved_suggestions: int = 0
    rejected_suggestions: int = 0
    posted_suggestions: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def decided(self) -> int:
        """Tweets a person has decided about: some suggestion approved, or all of them rejected."""
        return self.approved + self.refused

    @property
    def approval(self) -> Rate:
        """Of the tweets decided about, those with a reply worth posting."""
        return Rate("approved", self.approved, self.decided)


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """A day (UTC) of a project. ``cost_usd`` is None where a price is unknown."""

    day: date
    project: str
    funnel: Funnel
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Rate:
    """``approved`` of ``decided``, for something with a name; ``low`` and ``high`` bound the 95 % interval."""

    name: str
    approved: int
    decided: int

    @property
    def share(self) -> float | None:
        """None where nothing was decided."""
        return self.approved / self.decided if self.decided else None

    @property
    def low(self) -> float:
        return wilson(self.approved, self.decided)[0]

    @property
    def high(self) -> float:
        return wilson(self.approved, self.decided)[1]


@dataclass(frozen=True, slots=True)
class QuotaDay:
    """What all keys together used on a day (US Pacific) to write; the cost is that of embeddings too.

    ``requests_of_busiest`` is the key that used most, and ``spared_usd`` how much more the same would have cost at the
    standard tier of the service.
    """

    day: date
    requests: int
    tokens: int
    cost_usd: float
    requests_of_busiest: int
    spared_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class NumbersReport:
    """Everything the numbers page shows.

    Args:
        project: the only project counted; None for all.
        first, last: days (UTC), both in the report; ``last`` is today.
        days: for each day and project, by day, then project; days without anything are there with zeros.
        by_topic: of tweets decided about, most decided first.
        by_type: of suggestions decided about, by suggestion type, most decided first.
        by_band: of tweets decided about, by total score in steps of 0.1, lowest first.
        quota: by day, oldest first, days without requests included. Of all projects: they share it.
        limits: of the key in the environment, where the caller knows them.
        packs: suggestions decided about, by the request that wrote them.
        edits: what people changed in approved drafts, week by week.
    """

    project: str | None
    first: date
    last: date
    generated_at: datetime
    days: tuple[DayNumbers, ...]
    by_topic: tuple[Rate, ...]
    by_type: tuple[Rate, ...]
    by_band: tuple[Rate, ...]
    quota: tuple[QuotaDay, ...]
    limits: Limits | None = None
    packs: PackReport = field(default_factory=PackReport)
    edits: tuple[EditedWeek, ...] = ()

    @property
    def hours(self) -> HourRange:
        """Those of its days."""
        start = datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)
        return HourRange(start, start + (self.last - self.first + timedelta(days=1)))

    @property
    def projects(self) -> tuple[str, ...]:
        """Those with anything in these days, sorted."""
        return tuple(sorted({each.project for each in self.days}))

    @property
    def by_kind(self) -> tuple[Rate, ...]:
        """``by_type`` with the types as a person reads them."""
        return tuple(replace(rate, name=kind(rate.name)) for rate in self.by_type)

    @property
    def changed_by_week(self) -> tuple[Rate, ...]:
        """Of the approved drafts, those that were changed."""
        return tuple(Rate(each.name, each.changed, each.kept) for each in self.edits)

    @property
    def by_day(self) -> dict[date, Funnel]:
        """All projects of the report added up, oldest day first."""
        sums: dict[date, Funnel] = {}
        for each in self.days:
            sums[each.day] = sums.get(each.day, Funnel()) + each.funnel
        return sums

    @property
    def by_project(self) -> dict[str, Funnel]:
        """All days added up, projects sorted."""
        sums = dict.fromkeys(self.projects, Funnel())
        for each in self.days:
            sums[each.project] += each.funnel
        return sums

    @property
    def total(self) -> Funnel:
        """Everything added up."""
        return sum((each.funnel for each in self.days), Funnel())

    @property
    def cost_usd(self) -> float | None:
        """What the suggestions cost; None where a price is unknown."""
        return cost_of(self.days)

    @property
    def cost_per_posted_usd(self) -> float | None:
        """What the suggestions cost for each tweet with a posted reply; None where that is unknown or there is none."""
        cost, posted = self.cost_usd, self.total.posted
        return None if cost is None or not posted else cost / posted


def cost_of(days: tuple[DayNumbers, ...]) -> float | None:
    """The sum; unknown where one of them is."""
    costs = [each.cost_usd for each in days]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
