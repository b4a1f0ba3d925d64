"""The service behind HTTP: in a thread of the test's process, or by itself."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import asdict
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.connections import TrackedProtocol
from viral_assets_tests.gemini_emulator.service import GeminiService
from viral_assets_tests.waiting import PATIENCE


class GeminiEmulator(GeminiService):
    """The server in a thread of its own; a context manager.

    Args:
        config: how it behaves; may be changed while it runs.
        clock: what windows, latency and batches are measured by.
    """

    def __init__(self, config: EmulatorConfig | None = None, *, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(config, clock=clock)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self.app = Starlette(
            routes=[
                Route("/{version}/models/{call}", self._call, methods=["POST"]),
                Route("/{version}/batches", self._list_batches),
                Route("/{version}/batches/{call}", self._about_batch, methods=["GET", "POST", "DELETE"]),
                Route("/_log", self._log),
                Route("/_reset", self._reset, methods=["GET", "POST"]),
            ]
        )

    @property
    def url(self) -> str:
        assert self._socket is not None, "it is served only within its context"
        host, port = self._socket.getsockname()
        return f"http://{host}:{port}"

    def __enter__(self) -> Self:
        bound = self._bind("127.0.0.1", 0)
        self._server = self._uvicorn()
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [bound]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the emulator did not start")
            time.sleep(0.002)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        assert self._thread is not None
        assert self._socket is not None
        self._thread.join(PATIENCE)
        self._socket.close()

    def serve(self, host: str, port: int) -> None:
        """Serve until stopped, in this thread. Prints the address when it can be reached; port 0 is any free one."""
        bound = self._bind(host, port)
        bound.listen()
        print(self.url, flush=True)
        self._uvicorn().run(sockets=[bound])

    def _bind(self, host: str, port: int) -> socket.socket:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        return self._socket

    def _uvicorn(self) -> uvicorn.Server:
        return uvicorn.Server(
            uvicorn.Config(
                self.app,
                http=TrackedProtocol,
                log_level="critical",
                access_log=False,
                lifespan="off",
                # A request that hangs would be waited for: an hour, also when nobody waits for its answer any more.
                timeout_graceful_shutdown=1,
            )
        )

    async def _log(self, request: Request) -> Response:
        return JSONResponse(
            {
                "arrivals": [asdict(each) for each in self.arrivals],
                "max_in_any_window": self.max_in_any_window(),
                "window_seconds": self.config.window_seconds,
                "batches": self.batches.states(),
            }
        )

    async def _reset(self, request: Request) -> Response:
        self.reset()
        return JSONResponse({})

    async def _call(self, request: Request) -> Response:
        at = self.clock.monotonic()
        return await self.respond(request.path_params["call"], _key(request), await request.json(), at=at)

    async def _list_batches(self, request: Request) -> Response:
        size, token = int(request.query_params.get("pageSize", 50)), request.query_params.get("pageToken", "")
        at = self.clock.monotonic()
        return await self.respond_about_batches("list", _key(request), at=at, size=size, token=token)

    async def _about_batch(self, request: Request) -> Response:
        at = self.clock.monotonic()
        name, _, action = request.path_params["call"].partition(":")
        method = {"GET": "get", "DELETE": "delete"}.get(request.method, action)
        return await self.respond_about_batches(method, _key(request), at=at, name=f"batches/{name}")


def _key(request: Request) -> str:
    return request.headers.get("x-goog-api-key") or request.query_params.get("key", "")
