"""Who has tried tokens that let nobody in, so that trying many takes too long to be worth it. Of one server, in memory:
a token has so many random bits that this only spares the machine."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

MOST = 10
"""Wrong tokens from one address within :data:`WITHIN`; the next one is not even looked at."""

WITHIN = timedelta(minutes=1)

ADDRESSES = 10_000
"""Remembered at most: whoever has more to come from is not held up by this."""


class WrongTokens:
    """Counts them by address.

    Args:
        clock: aware.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._tried: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def wait(self, address: str) -> timedelta:
        """How long somebody from there has to wait before another one is looked at; zero for not at all."""
        now = self._clock()
        with self._lock:
            tried = self._recent(_network(address), now)
            return tried[0] + WITHIN - now if len(tried) >= MOST else timedelta(0)

    def note(self, address: str) -> None:
        """One more was wrong."""
        now, network = self._clock(), _network(address)
        with self._lock:
            tried = self._recent(network, now)
            tried.append(now)
            # The one that tried last is last, so the first is the one to forget.
            self._tried.pop(network, None)
            self._tried[network] = tried
            while len(self._tried) > ADDRESSES:
                del self._tried[next(iter(self._tried))]

    def _recent(self, network: str, now: datetime) -> deque[datetime]:
        tried = self._tried.get(network) or deque(maxlen=MOST)
        while tried and tried[0] + WITHIN <= now:
            tried.popleft()
        return tried


def _network(address: str) -> str:
    """An address of one machine: of IPv6, whose machines have as many as they like, the network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
