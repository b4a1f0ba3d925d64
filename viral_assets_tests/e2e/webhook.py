"""Where people are told of failed runs and new opportunities: a server that takes what webhooks would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Webhook:
    """``texts`` are those of the alerts it has got, ``told`` what it was told of new opportunities, by
    channel: title and text."""

    def __init__(self, url: str, texts: list[str], told: dict[str, list[tuple[str, str]]]) -> None:
        self.url = url
        self.texts = texts
        self.told = told

    def address(self, channel: str) -> str:
        """Of a channel."""
        return f"{self.url.replace('http', 'json', 1)}told/{channel}"


@contextmanager
def listening() -> Iterator[Webhook]:
    texts: list[str] = []
    told: dict[str, list[tuple[str, str]]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            message = json.loads(body)
            if self.path.startswith("/told"):
                channel = self.path.partition("?")[0].rpartition("/")[2]
                told.setdefault(channel, []).append((message["title"], message["message"]))
            else:
                texts.append(message["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Webhook(f"http://127.0.0.1:{server.server_port}/", texts, told)
        server.shutdown()
        thread.join(5)
