"""What goes over the wire to the X API: the token, the host, time limits; and what its headers say of rate limits."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies


class XApiTransport(HTTPAdapter):
    """Puts the token on, sends to the right host, and waits for an answer only so long."""

    def __init__(self, token: str, base_url: str, timeout: tuple[float, float]) -> None:
        super().__init__()
        self._token, self._base_url, self._timeout = token, base_url.rstrip("/"), timeout

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
        asked = urlsplit(request.url or "")
        request.url = self._base_url + asked.path + (f"?{asked.query}" if asked.query else "")
        request.headers["Authorization"] = f"Bearer {self._token}"
        # Those that were found are for tweepy's host.
        how |= {"timeout": self._timeout, "proxies": get_environ_proxies(request.url)}
        return super().send(request, **how)


def pause_seconds(response: requests.Response) -> float:
    """How long the service takes no more such requests, where this was the last of its window; else 0."""
    remaining = response.headers.get("x-rate-limit-remaining", "")
    return (seconds_to_reset(response) or 0.0) if remaining.strip() == "0" else 0.0


def seconds_to_reset(response: requests.Response) -> float | None:
    """By the service's own clock, where it tells; ours may be wrong."""
    try:
        reset = float(response.headers["x-rate-limit-reset"])
    except (KeyError, ValueError):
        return None
    try:
        now = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        now = time.time()
    # The service's clock is shown in whole seconds.
    return max(1.0, reset - now + 1)
