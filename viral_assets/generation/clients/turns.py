"""When a granted request may be sent: now, and now is soon over.

A client looks when all that takes time has been done and the request is about to be written: the prompt has become a
body, a thread is free, the connection is open. The service counts a request when it arrives, which is then at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class Turn(Protocol):
    """Of one request."""

    def is_over(self) -> bool:
        """Whether the request must not be sent any more, unless :meth:`renew` says so. For any thread."""

    async def renew(self) -> None:
        """Have it count from now on. In the event loop of the run.

        Raises:
            TurnOverError: it has to be asked for anew.
        """


def looked_at_by_httpx(turn: Turn | None) -> dict[str, Any]:
    """Extensions of a request of httpx (or httpx2) that look at its turn once the connection is open.

    Source: https://www.python-httpx.org/advanced/extensions/#trace
    """
    if turn is None:
        return {}

    async def trace(event: str, _: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            while turn.is_over():
                await turn.renew()

    return {"trace": trace}
