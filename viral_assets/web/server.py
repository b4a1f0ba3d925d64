"""Serving the application: the port, the browser, and a clean end."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from viral_assets.errors import ConfigurationError

NEXT_PORTS = 20
"""Looked through when the usual port is taken."""

GRACE_SECONDS = 3


def listen(host: str, port: int, *, more: bool) -> socket.socket:
    """A listening socket.

    Args:
        port: 0 for any.
        more: take one of the next ports when this one is taken.

    Raises:
        ConfigurationError: the address cannot be used, or no port is free.
    """
    ports = range(port, min(65_535, port + NEXT_PORTS) + 1) if more and port else [port]
    for candidate in ports:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0]
            listener = socket.socket(family, kind, protocol)
        except OSError as error:
            raise ConfigurationError(f"--host {host}: {error.strerror}") from None
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE and candidate != ports[-1]:
                continue
            advice = "choose another --port" if error.errno == errno.EADDRINUSE else "check --host and --port"
            raise ConfigurationError(f"cannot listen on {host}:{candidate} ({error.strerror}); {advice}") from None
        else:
            return listener
    raise ConfigurationError(f"no port from {port} on is free; choose another --port")


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(app: ASGIApp, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Serve until somebody ends it (Ctrl-C, SIGTERM); ``ready`` is called once pages can be asked for.

    There is no log of requests: an address may hold the token, and what was decided is in the database.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # One process: jobs and names live in it.
        workers=1,
    )
    server = _Server(config, ready)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        # That is how it is ended; uvicorn passes the signal on after it has closed everything.
        return
    finally:
        listener.close()
