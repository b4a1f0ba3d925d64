"""``viral-assets dev``: Dagster's user interface on the data at hand."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Annotated

import typer

from viral_assets.cli.options import add_command
from viral_assets.cli.output import console, say
from viral_assets.errors import ConfigurationError

# `dg dev` wants a package of its own and a project in its own layout.
SUPERSEDED = "Function `dev_command` is superseded"


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, dev, "viral-assets dev", "viral-assets dev --host 0.0.0.0 --port 3001")


def dev(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; 0.0.0.0 lets others in, without a password.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT", help="Port to listen on.")] = 3000,
) -> None:
    """Open the Dagster UI (webserver and daemon) on the same data that the other commands fill. Ctrl-C ends it."""
    from viral_assets.cli.home import code_location_arguments, prepare_instance
    from viral_assets.settings import load_settings

    home = prepare_instance(load_settings())
    _refuse_taken_port(host, port)

    from viral_assets.instance import make_ready

    # Webserver, daemon and code location open it at once, whatever the dagster.yaml there says.
    make_ready(home)
    say(console(as_json=True), f"Dagster UI at http://{host}:{port} on {home} (Ctrl-C ends it)")
    arguments = ["dev", "--host", host, "--port", str(port), *code_location_arguments()]
    listen_to_signals()
    os.execv(sys.executable, [sys.executable, "-W", f"ignore:{SUPERSEDED}", "-m", "dagster", *arguments])


def listen_to_signals() -> None:
    """A shell starts what runs in the background with SIGINT ignored. Dagster gives SIGTERM the handler of SIGINT, and
    would then listen to neither, nor would what it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _refuse_taken_port(host: str, port: int) -> None:
    """Dagster would start its daemon, fail later, and bury the reason in a traceback."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host}:{port} ({error.strerror}); choose another --port") from None
