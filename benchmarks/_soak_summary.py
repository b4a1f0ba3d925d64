"""What a soak saw, and whether that is good."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Summary:
    """What the soak saw; the first three decide."""

    without_outcome: list[str] = field(default_factory=list)
    most_in_a_window: int = 0
    asked_again: list[str] = field(default_factory=list)
    allowed_in_a_window: int = 0
    tweets: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    fullest_window_from: float = 0.0
    """Seconds from the beginning, as its troubles are told."""
    answered_twice: int = 0
    """Tweets with two whole answers: the first one was under way at a kill, or was lost in an outage."""
    troubles: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    crashes: int = 0
    unfinished_slots: list[int] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        return not (self.without_outcome or self.asked_again) and self.most_in_a_window <= self.allowed_in_a_window

    def verdict(self, database: str) -> str:
        """One line."""
        if self.held:
            return f"HELD on {database}: {self.tweets:,} tweets, {self.requests:,} requests, nothing lost or repeated"
        return (
            f"FAILED on {database}: {len(self.without_outcome)} of {self.tweets:,} tweets without an outcome, "
            f"at most {self.most_in_a_window} of {self.allowed_in_a_window} requests in a window, "
            f"{len(self.asked_again)} tweets asked again"
        )
