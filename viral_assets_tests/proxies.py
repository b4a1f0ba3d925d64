"""The proxies of this machine. What tests ask is on it, and no proxy is to look for that elsewhere."""

from __future__ import annotations

import os

PROXIES: dict[str, str] = {}
"""What the environment said of them, for whatever asks others."""


def put_proxies_aside() -> None:
    """Out of the environment of this process, and of all that it starts."""
    names = [name for name in os.environ if name.lower().endswith("_proxy")]
    PROXIES.update({name: os.environ.pop(name) for name in names})
