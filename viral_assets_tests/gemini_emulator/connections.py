"""Answers that go wrong below HTTP: connections that break, and bytes that trickle."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class TrackedProtocol(H11Protocol):
    """Knows its connections, so that a fault can break one."""

    transports: dict[tuple[str, int], asyncio.Transport] = {}  # noqa: RUF012 - one registry for all connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            self.transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.client:
            self.transports.pop(self.client, None)


class BrokenConnection(Response):
    """Sends a part of the body, which may be nothing at all, and resets the connection."""

    def __init__(self, whole: Response, sent: float | None) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole, self._sent = whole, sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._sent is not None:
            body = bytes(self._whole.body)
            await send({"type": "http.response.start", "status": 200, "headers": self._whole.raw_headers})
            part = body[: int(len(body) * self._sent)]
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0.02)
        transport = TrackedProtocol.transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        await asyncio.sleep(0)


class Trickle(Response):
    """Sends its body a byte at a time, for ever longer than anybody waits."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self._whole.raw_headers})
        for byte in bytes(self._whole.body):
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": b""})
