"""What the local servers of services have in common: HTTP, a log of what was asked, and troubles on request."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from viral_assets_tests.waiting import PATIENCE


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """What goes out.

    Args:
        body: a value is sent as JSON, bytes as they are.
        cut: bytes after which the connection breaks, although the length promised more.
        hold: the answer waits for this.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    hold: threading.Event | None = None


def _always(reply: Reply, _: Request) -> Reply:
    return reply


class LocalServer:
    """Answers with ``answer``, or with the next of ``troubles``, each of which is given the request.

    A trouble that returns None lets its request through.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.troubles: deque[Callable[[Request], Reply | None]] = deque()
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def fail(self, *replies: Reply) -> None:
        """The next requests are answered with these."""
        for reply in replies:
            self.troubles.append(partial(_always, reply))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
                with server.lock:
                    server.requests.append(request)
                    trouble = server.troubles.popleft() if server.troubles else None
                    reply = (trouble(request) if trouble else None) or server.answer(request)
                if reply.hold is not None:
                    reply.hold.wait(PATIENCE)
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                try:
                    self.send_response(reply.status)
                    for name, value in {"content-type": "application/json", **reply.headers}.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(raw)))
                    self.end_headers()
                    self.wfile.write(raw if reply.cut is None else raw[: reply.cut])
                except (BrokenPipeError, ConnectionResetError):
                    pass
                if reply.cut is not None:
                    self.close_connection = True

        return Handler
