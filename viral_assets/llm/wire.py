"""A last look before a request of the package requests is written, when its body is made and its connection is open.

A granted request may be sent now, and now is soon over (``quota/turns.py``); whoever stands still for a moment, or
waits for a connection, has to know before the service counts it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _OfThread(threading.local):
    look: Callable[[], None] | None = None


_OF_THREAD = _OfThread()


@contextmanager
def looking_at_the_wire(look: Callable[[], None]) -> Iterator[None]:
    """Requests that this thread sends meanwhile through a :class:`WireAdapter` are looked at; what ``look`` raises is
    raised where the request is made, which has not been sent then."""
    before, _OF_THREAD.look = _OF_THREAD.look, look
    try:
        yield
    finally:
        _OF_THREAD.look = before


def _look() -> None:
    if _OF_THREAD.look is not None:
        _OF_THREAD.look()


class _Connection(HTTPConnection):
    """Looks once more when it is open."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is None:
            self.connect()
        _look()
        super().request(*args, **kwargs)


class _SecureConnection(HTTPSConnection):
    """The same; its pool has opened it."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        _look()
        super().request(*args, **kwargs)


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecureConnections(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Connections, "https": _SecureConnections}


class WireAdapter(HTTPAdapter):
    """For a session of requests, whether there is a proxy or not."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
