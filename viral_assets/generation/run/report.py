"""What a generation run says while it runs and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class WindowReport:
    """One hour's part of a run. A request that packs tweets of several hours is shared out by tweets."""

    opportunities: int = 0
    suggestions: int = 0
    rejected_suggestions: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    requests: float = 0.0
    tokens: float = 0.0
    cost_usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; handed to the progress callback whenever a tweet ends.

    ``eta_seconds`` is None until a plan has been made; ``cost_usd`` is None when a model's price is unknown.
    """

    finished: int
    total: int
    suggestions: int
    requests: int
    cost_usd: float | None
    elapsed_seconds: float
    eta_seconds: float | None


ProgressCallback = Callable[[Progress], None]


@dataclass(slots=True)
class GenerationReport:
    """How a run ended.

    ``generated`` counts usable suggestions, ``saved`` those written to the database, ``failed`` opportunities that
    ended blocked, failed or without any suggestion left by the quality filter; ``declined`` those that the model would
    not answer, which is no failure. ``already_done`` were finished by an earlier run and cost nothing now; ``deferred``
    is for a later run (quota of the day, budget, or a stop). ``cost_usd`` is None when a model used has no known price:
    unknown, not free. ``model`` was asked; ``answered_by`` counts the answers of each model that the service says it
    was, and ``cached_tokens`` are part of the input. ``spared_usd`` is how much more the same answers would have cost
    at the standard tier. ``quota_back_in`` is for a run that a used-up quota ended: seconds from then until it allows
    more.
    """

    opportunities: int = 0
    already_done: int = 0
    generated: int = 0
    saved: int = 0
    failed: int = 0
    declined: int = 0
    deferred: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    rejected_suggestions: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    wasted_requests: int = 0
    recovered_answers: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = 0.0
    spared_usd: float = 0.0
    seconds: float = 0.0
    provider: str = ""
    model: str = ""
    answered_by: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    windows: dict[datetime, WindowReport] = field(default_factory=dict)
    quota_back_in: float | None = None

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def count(self, window_start: datetime, outcome: str, suggestions: int) -> None:
        """Add how one tweet ended, with so many usable suggestions."""
        window = self.windows.setdefault(window_start, WindowReport())
        for outcomes in (self.outcomes, window.outcomes):
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        window.suggestions += suggestions
        self.generated += suggestions
        if outcome == "deferred":
            self.deferred += 1
        elif outcome == "declined":
            self.declined += 1
        elif outcome in ("blocked", "failed") or not suggestions:
            self.failed += 1
