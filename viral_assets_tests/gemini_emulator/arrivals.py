"""What arrived, as the server saw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Arrival:
    """One request. ``at`` is on the monotonic clock of the server.

    A request within a batch is one too, of kind ``batch``; its status stays 0 until it is answered.
    """

    at: float
    kind: str
    key: str
    model: str
    tweet_ids: list[str]
    input_tokens: int
    output_tokens: int = 0
    status: int = 0
    fault: str = ""
    thoughts: int = 0
    output_cap: int | None = None
    tier: str = "standard"
    batch: str = ""


def answered(arrivals: Iterable[Arrival]) -> Counter[str]:
    """How many requests about each tweet were answered, and so paid for."""
    return Counter(
        tweet
        for arrival in arrivals
        if arrival.kind in {"generate", "batch"} and arrival.status == 200
        for tweet in arrival.tweet_ids
    )


def most_within(times: Iterable[float], seconds: float) -> int:
    """Most moments within any window of this length, wherever it begins."""
    ordered, most, first = sorted(times), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
