"""Where failed runs are told of: a server that takes what a Slack webhook would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Webhook:
    """``texts`` are those of the messages it has got."""

    def __init__(self, url: str, texts: list[str]) -> None:
        self.url = url
        self.texts = texts


@contextmanager
def listening() -> Iterator[Webhook]:
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            texts.append(json.loads(body)["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Webhook(f"http://127.0.0.1:{server.server_port}/", texts)
        server.shutdown()
        thread.join(5)
