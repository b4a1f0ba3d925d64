"""The ledgers' interface and its values: who asked for what, and what may be asked next.

Every request that is paid for goes through a ledger: :meth:`PaidLedger.ask` before it is sent,
:meth:`PaidLedger.settle` when it has ended, :meth:`PaidLedger.block` when the service refuses. What is counted differs:

* requests, tokens and money of a language model (:class:`Ledger`), kept in ``sql`` (shared by all processes and
  machines on one database) or in ``memory`` (one process); decided by pure functions in ``decision``;
* posts read from X (``posts``), which are paid for one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypeVar

from viral_assets.errors import NoRoomError, ProviderError, RateLimitedError
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.quota.limits import Limits
from viral_assets.quota.priority import Priority

Purpose = Literal["generate", "revise", "learn", "embed"]
"""What a request is for: drafts, what a person asked to have changed in one, what their edits teach, vectors."""

HEARTBEAT_SECONDS = 3.0
"""How often a runner reports that it still runs (:meth:`Ledger.join`)."""

ERROR_LENGTH = 1_000
"""Characters of an error that a ledger keeps."""

REFUSED = "the service refused a request (429)"
DAY_USED_UP = "the service's quota of the day is used up"
"""Reasons of a block, for people."""

ANNOUNCED_SECONDS = 15.0
"""For so long room is left for a runner that has announced itself and not yet said how much it wants."""


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """A request somebody wants to send.

    ``tokens`` and ``cost_usd`` are estimates that hold until the request is settled; ``cost_usd`` is None when the
    model's price is unknown. ``tweet_ids`` are in the order in which the prompt has them.
    """

    request_id: str
    runner: str
    tokens: int
    cost_usd: float | None = None
    project: str = ""
    provider: str = ""
    model: str = ""
    purpose: Purpose = "generate"
    run_id: str = ""
    tweet_ids: tuple[str, ...] = ()
    again: bool = False
    """Ask even about tweets that an earlier run has finished, unless it is one that this run goes on with."""
    tier: Tier = STANDARD
    """Of the service, at which it is asked."""
    batch_id: str | None = None
    """The batch that it is sent with. Until it is settled, or long overdue, nobody else may ask about its tweets,
    whether its runner lives or not; only who writes anew may."""
    claim: bool = True
    """Nobody else may ask about these tweets until the runner leaves. Not for texts that only a script knows.

    A person who asks ``again`` takes over what runs have claimed, but for tweets that a request is under way about.
    """
    priority: Priority = Priority.NEWEST_HOUR

    @property
    def takes_over(self) -> bool:
        """Whether claims of who is less urgent hold only while a request is under way."""
        return self.again and self.priority is Priority.PERSON


@dataclass(frozen=True, slots=True)
class Granted:
    """Send it now.

    ``units`` is for how many of what is paid for: 1 request, or so many posts, which may be fewer than were wanted.
    """

    units: int = 1


@dataclass(frozen=True, slots=True)
class AlreadyClaimed:
    """Nothing was granted: leave these tweets out. Some are ``finished`` by now, others ``in_flight`` elsewhere or
    ``in_batch``, one that is still open."""

    finished: frozenset[str]
    in_flight: frozenset[str]
    in_batch: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Ask again in ``seconds``; the place in the queue is kept."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Not today: the day's requests, budget or posts are used up. ``seconds`` until more may be asked; 0 where the
    limit is this run's own, so that another run may ask at once."""

    seconds: float
    reason: str


Decision = Granted | AlreadyClaimed | Waiting | Exhausted


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a request ended. Token counts are None when the service did not say; then the estimate stays. One that was
    ``unsent``, since there was no connection, does not count any more.

    ``raw_answer`` is committed with it, before anybody parses it. ``units`` are those that came, where they are paid
    for one by one (posts); None where nobody knows, so that those granted go on to count. ``model_version`` is the
    model that answered, where the service says so; ``cached_tokens`` are part of the input. ``tier`` is the one at
    which it was served, None for the one that was asked, and ``spared_usd`` how much less that cost than the standard
    one.
    """

    status: Literal["answered", "refused", "failed", "unsent"]
    input_tokens: int | None = None
    output_tokens: int | None = None
    thought_tokens: int | None = None
    cost_usd: float | None = None
    raw_answer: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    http_status: int | None = None
    units: int | None = None
    model_version: str | None = None
    cached_tokens: int | None = None
    tier: Tier | None = None
    spared_usd: float | None = None

    @classmethod
    def without_answer(cls, error: ProviderError) -> Settlement:
        """How a request ended that a language model's service refused (429, or a busy tier) or did not answer."""
        status: Literal["refused", "failed", "unsent"] = "failed" if error.reached else "unsent"
        if isinstance(error, RateLimitedError | NoRoomError):
            status = "refused"
        return cls(status, error=str(error)[:ERROR_LENGTH], http_status=error.http_status)


class Demand(NamedTuple):
    """How many tweets a runner still wants to ask about; None for one that has only just announced itself.

    Tweets of runners with the same ``sharing`` may share a request; never where it is empty.
    """

    runner: str
    tweets: int | None
    priority: Priority = Priority.NEWEST_HOUR
    sharing: str = ""


class Arrival(NamedTuple):
    """A runner that came, in seconds from now: when it joined and when it was first granted something, if it was.

    ``elsewhere`` is in another process. Generators of one process are used one after the other, as a rule.
    """

    runner: str
    joined: float
    began: float | None
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class QuotaState:
    """What a planner needs to know, all times in seconds from now.

    ``free`` grants are possible at ``blocked_for``, the following ones at the times in ``returning``, in order; after
    that a slot comes back one (padded) window after its use. ``token_releases`` are (seconds, tokens) that leave the
    window. ``demand`` is that of the active runners, in order of arrival; ``arrivals`` are those of this window and of
    about this time in the three hours before, as far as they are known.

    ``requests_today`` and ``usd_today`` are left of the day, which ends in ``day_ends_in`` seconds; None without such a
    limit.
    """

    max_requests: int
    window_seconds: float
    free: int
    returning: tuple[float, ...] = ()
    blocked_for: float = 0.0
    max_tokens: int | None = None
    tokens_used: int = 0
    token_releases: tuple[tuple[float, int], ...] = ()
    demand: tuple[Demand, ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    requests_today: int | None = None
    usd_today: float | None = None
    day_ends_in: float = 0.0


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """For people: what is used and free now and today, and what is blocked until when (epoch seconds).

    ``day_cost_usd`` is what counts against the budget: the spending of all quotas that share it. What this one alone
    has spent is ``day_own_cost_usd``.
    """

    limits: Limits
    now: float
    window_requests: int
    window_tokens: int
    day: str
    day_ends: float
    day_requests: int
    day_tokens: int
    day_cost_usd: float
    blocked_until: float | None = None
    block_reason: str = ""
    learned_requests: int | None = None
    in_flight: int = 0
    runners: int = 0
    day_own_cost_usd: float = 0.0
    waiting: tuple[tuple[Priority, int], ...] = ()
    """How many runners wait for a grant, by priority, the most urgent first; only priorities that somebody has."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was paid for and committed, but not parsed: its process was killed in between."""

    request_id: str
    project: str
    provider: str
    model: str
    tweet_ids: tuple[str, ...]
    raw_answer: str
    finish_reason: str = ""
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class InputLimit:
    """How many tokens one request may hold, and whether its answer's count for that too."""

    allowed: int
    with_output: bool = False


@dataclass(frozen=True, slots=True)
class LatencySample:
    """How long a request about ``tweets`` tweets took."""

    tweets: int
    seconds: float = field(compare=False)


Request_contra = TypeVar("Request_contra", contravariant=True)


class PaidLedger(Protocol[Request_contra]):
    """What every ledger can do, whatever is paid for. Thread-safe; every call is short, and none waits for quota."""

    def ask(self, request: Request_contra, /) -> Decision:
        """Grant the request if every limit allows it, or say how long to wait.

        Raises:
            QuotaError: no state of the quota could ever allow this request.
        """

    def settle(self, request_id: str, settlement: Settlement) -> None:
        """Record how a granted request ended."""

    def block(self, seconds: float, reason: str) -> None:
        """The service refused a request: nobody asks for ``seconds``."""


class Ledger(PaidLedger[GrantRequest], Protocol):
    """The ledger of a language model's requests, tokens and cost. Thread-safe; none of its calls waits for quota."""

    limits: Limits

    def join(
        self, runner: str, tweets: int | None, priority: Priority = Priority.NEWEST_HOUR, *, sharing: str = ""
    ) -> None:
        """Take part: from now on everybody plans for these tweets too. Also the heartbeat, due every
        :data:`HEARTBEAT_SECONDS`.

        Args:
            tweets: None announces to other processes a runner that will soon say how many.
            priority: that of its requests.
            sharing: see :class:`Demand`.
        """

    def leave(self, runner: str) -> None:
        """Stop taking part: place in the queue, demand and claims are deleted."""

    def ask(self, ask: GrantRequest, *, remaining: int = 0) -> Decision:
        """Grant the request if every limit allows it and nobody would be overtaken who is served first (``priority``).

        A runner that asks takes part, whether it has joined or not.

        Args:
            remaining: tweets the runner still wants to ask about besides these.

        Raises:
            QuotaError: no quota state could ever allow this request.
        """

    def ask_many(self, asks: Sequence[GrantRequest], *, remaining: int = 0) -> list[Decision]:
        """Ask for several requests at once, as if one after the other, until one is not granted.

        Args:
            asks: of one runner.
            remaining: tweets the runner still wants to ask about besides all of these.

        Returns:
            A decision for each, in order; where one is not granted, it is the last.

        Raises:
            QuotaError: no quota state could ever allow one of these requests. Nothing was granted.
        """

    def redate(self, request_id: str) -> float | None:
        """A granted request is sent only now, later than ``Limits.send_within_seconds`` after it was granted: from now
        on it counts as granted now. It has counted all the time, so this takes nobody's room. Also where it was sent
        late all the same, once it has ended.

        Returns:
            A time of the monotonic clock that is no later than its new date, however long the database took for it.
            None where it does not count any more or where another day has begun: then it must not be sent, but has to
            be settled as ``unsent`` and asked for anew.
        """

    def redate_all(self, request_ids: Sequence[str]) -> list[float | None]:
        """As :meth:`redate`, for several at once."""

    def withdraw(self, runner: str) -> None:
        """Give up the runner's place in the queue."""

    def settle(self, request_id: str, settlement: Settlement) -> None:
        """Record how a granted request ended; actual usage replaces the estimate."""

    def settle_all(self, ended: Sequence[tuple[GrantRequest, Settlement]]) -> None:
        """Record how several of them ended, together."""

    def block(self, seconds: float, reason: str, *, limit: int | None = None, in_a_row: int = 0) -> None:
        """The service refused a request: nobody asks for ``seconds``, and less than so far may be asked for a while
        (see :func:`~viral_assets.quota.decision.learned_limit`).

        Args:
            limit: requests in a window that the service says it allows.
            in_a_row: so many requests were refused one after the other, each sent when the refusal before it was
                known: what was accepted in the last window seems to be all. 0 where that teaches nothing.
        """

    def block_today(self, reason: str) -> float:
        """The service says that the day's quota is used up. Returns the seconds until the next day."""

    def left_work(self, request_ids: Sequence[str]) -> None:
        """These were answered, and some of their tweets have to be asked about again all the same."""

    def learn_input_limit(self, limit: InputLimit) -> None:
        """The service has said how much its model takes in one request; runs to come plan with it for a while."""

    def input_limit(self) -> InputLimit | None:
        """What it has said of late."""

    def now(self) -> float:
        """The ledger's time, in seconds since the epoch."""

    def state(self) -> QuotaState:
        """What a planner needs to know."""

    def status(self) -> QuotaStatus:
        """What a person wants to know."""

    def unparsed(self, project: str, purpose: Purpose = "generate") -> list[StoredAnswer]:
        """Answers that were stored and not parsed, because their process was killed in between."""

    def latencies(self, count: int = 50, *, tier: Tier = STANDARD) -> list[LatencySample]:
        """The newest answered requests of a tier."""

    def failures(self, count: int = 100) -> tuple[int, int]:
        """Of the newest requests that were sent and not refused: how many had no answer or left work, and how many
        there are."""
