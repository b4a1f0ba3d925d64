"""What no plan can beat, whoever makes it.

N tweets, of which none is asked about yet; an empty window of S seconds with R requests and M tokens; C requests under
way at once; at most K_max tweets a request, which counts f + p*K tokens and takes L(K) = a + b*K seconds; D requests
left of the day. The bound is the least T for which all of these hold:

1. The windows and the day. A request that starts at 60*w or later (with S = 60) and ends by T is about
   K_w = min(K_max, (T - 60*w - a) / b) tweets at most. In each window there are R requests at most, and they count M
   tokens at most: Q_w = min(R, M / (f + p*K_w)) about K_w tweets, and where R allows for one more, one for the rest of
   the tokens, (M - Q_w*(f + p*K_w) - f) / p tweets. N is not above the sum of the D largest of all these requests.
2. Concurrency. Whatever does not start in the first W windows is done in t = T - 60*W seconds by C workers, one request
   after the other: by each of them t / L(K_max) full ones and one for the rest of its time, but no more than R for each
   window that begins in that time. For each W, N is not above the sum of the D largest of these and of what the first W
   windows have room for (as above, with K_w = K_max).

All quotients are rounded down to whole tweets and requests. Without limits of tokens and of the day, and with
W = ceil(N / (R*K_max)) - 1 full windows before the last one and rest = N - R*W*K_max, it comes to

    T >= max( 60*W + a + b*ceil(rest/R),
              (a*ceil(N/K_max) + b*N) / C,
              60*W + (b*rest + a*ceil(rest/K_max)) / C )

where a full request takes no longer than a window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from viral_assets.generation.run.planning.latency import Latency

_EXACT = 1e-9
_ROUNDING = 1e-9


def lower_bound(
    tweets: int,
    *,
    max_requests: int,
    window_seconds: float,
    concurrency: int,
    cap: int,
    latency: Latency,
    max_tokens: float = math.inf,
    tokens_fixed: float = 0.0,
    tokens_per_tweet: float = 0.0,
    requests_today: float = math.inf,
) -> float:
    """Seconds below which no plan can end that starts with an empty window; for the formula see the module.

    Args:
        tweets: to be asked about. Those that the day has no room for are left out.
        max_requests: in any window.
        window_seconds: its length.
        concurrency: requests under way at once.
        cap: tweets per request at most.
        latency: of a request.
        max_tokens: in any window; one request about one tweet has to fit.
        tokens_fixed: what each request counts besides its tweets.
        tokens_per_tweet: what each of its tweets counts.
        requests_today: left of the day.
    """
    if tokens_per_tweet > 0 and max_tokens < math.inf:
        cap = max(1, min(cap, math.floor((max_tokens - tokens_fixed) / tokens_per_tweet + _ROUNDING)))
    tweets = int(min(tweets, requests_today * cap))
    if tweets <= 0:
        return 0.0
    limits = _Limits(
        max_requests, window_seconds, concurrency, cap, latency, max_tokens, tokens_fixed, tokens_per_tweet,
        requests_today,
    )  # fmt: skip
    low, high = 0.0, latency.of(cap)
    while not limits.allow(tweets, high):
        low, high = high, 2 * high
    while high - low > _EXACT * high:
        middle = (low + high) / 2
        low, high = (low, middle) if limits.allow(tweets, middle) else (middle, high)
    return low


Requests = list[tuple[int, float]]
"""How many tweets some requests are about, and how many of them there are."""


@dataclass(frozen=True, slots=True)
class _Limits:
    requests: int
    window: float
    concurrency: float
    cap: int
    latency: Latency
    tokens: float
    fixed: float
    per_tweet: float
    today: float

    def allow(self, tweets: int, deadline: float) -> bool:
        """Whether so many could be done by then, as far as each of the limits by itself knows."""
        windows = math.floor(deadline / self.window) + 1
        full = self._in_a_window(self.cap)
        requests: Requests = []
        for window in range(windows):
            left = deadline - window * self.window
            before = [(each, window * count) for each, count in full]
            after = _largest(self._of_workers(left), self.requests * (windows - window))
            if _sum(_largest([*before, *after], self.today)) < tweets:
                return False
            carried = min(self.cap, math.floor((left - self.latency.fixed) / self.latency.per_tweet + _ROUNDING))
            if carried >= 1:
                requests += self._in_a_window(carried)
        return _sum(_largest(requests, self.today)) >= tweets

    def _in_a_window(self, carried: int) -> Requests:
        """The requests of one window, if each is about so many at most."""
        of_one = self.fixed + self.per_tweet * carried
        if self.tokens == math.inf or not of_one:
            return [(carried, self.requests)]
        full = min(self.requests, math.floor(self.tokens / of_one + _ROUNDING))
        rest = self.tokens - full * of_one - self.fixed
        if full == self.requests or rest < 0 or not self.per_tweet:
            return [(carried, full)]
        return [(carried, full), (math.floor(rest / self.per_tweet + _ROUNDING), 1)]

    def _of_workers(self, seconds: float) -> Requests:
        """The requests of all workers."""
        whole = math.floor(seconds / self.latency.of(self.cap) + _ROUNDING)
        rest = seconds - whole * self.latency.of(self.cap) - self.latency.fixed
        carried = max(0, math.floor(rest / self.latency.per_tweet + _ROUNDING))
        return [(self.cap, self.concurrency * whole), (carried, self.concurrency)]


def _largest(requests: Requests, limit: float) -> Requests:
    """As many of the requests as the limit says, the largest ones."""
    taken: Requests = []
    for tweets, count in sorted(requests, reverse=True):
        taken.append((tweets, min(count, limit)))
        limit -= taken[-1][1]
    return taken


def _sum(requests: Requests) -> float:
    return sum(tweets * count for tweets, count in requests if count)
