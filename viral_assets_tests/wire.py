"""An HTTP server with nothing between it and the socket: what arrives is counted there, any bytes can be the answer.

It answers every request alike until it is told otherwise (``first`` those in ``first``), as a service does that goes on
being in trouble: a client that repeats its request by itself is found out.
"""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back, byte for byte, and what becomes of the connection: it stays, ends, or is reset."""

    sent: bytes
    then: Literal["stays", "ends", "resets"] = "stays"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it came; names of headers in lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def keys(self, key: str) -> list[str]:
        """Every place that holds the key: names of headers, else ``path`` or ``body``."""
        places = [name for name, value in self.headers if key in value]
        return places + ["path"] * (key in self.path) + ["body"] * (key.encode() in self.body)


def reply(status: int, body: object = b"", headers: Mapping[str, str] | None = None, **how: Any) -> Reply:
    """A complete answer. What is neither bytes nor text is sent as JSON."""
    payload = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Other"
    # A server says nothing about the length of what has no body.
    length = {} if status in {204, 304} else {"Content-Length": str(len(payload))}
    lines = {"Content-Type": "application/json; charset=UTF-8", **length, **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return Reply(f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode() + (payload if length else b""), **how)


class Wire:
    """See the module."""

    def __init__(self) -> None:
        self.first: list[Reply] = []
        self.answer = reply(200, {})
        self.connections = 0
        self.arrivals: list[Arrival] = []
        self._ending: list[threading.Event] = []
        wire = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                wire.connections += 1
                self.closed = threading.Event()
                super().setup()

            def handle(self) -> None:
                try:
                    while self._answer_one():
                        pass
                except OSError:
                    return

            def _answer_one(self) -> bool:
                first = self.rfile.readline()
                if not first:
                    return False
                method, path, _ = first.decode("latin-1").split(" ", 2)
                headers = tuple(self._headers())
                body = self.rfile.read(int(dict(headers).get("content-length", "0")))
                answer = wire.first.pop(0) if wire.first else wire.answer
                wire.arrivals.append(Arrival(method, path, headers, body))
                if answer.then != "stays":
                    wire._ending.append(self.closed)
                self.wfile.write(answer.sent)
                if answer.then == "resets":
                    self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return answer.then == "stays"

            def _headers(self) -> list[tuple[str, str]]:
                found = []
                while line := self.rfile.readline().decode("latin-1").strip():
                    name, _, value = line.partition(":")
                    found.append((name.lower(), value.strip()))
                return found

            def finish(self) -> None:
                try:
                    super().finish()
                finally:
                    # Whatever the library does about ending it politely: a reset is a close, with the above.
                    self.request.close()
                    self.closed.set()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.daemon_threads, self._server.request_queue_size = True, 64
        self._server.server_bind()
        self._server.server_activate()
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_for_ends(self) -> None:
        """Until the connections are closed that an answer was the end of: on a busy machine a client may be quick
        enough to send its next request over one that is about to be closed, which then arrives nowhere."""
        while self._ending:
            assert self._ending.pop().wait(600)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
