#!/usr/bin/env bash
# google-genai 3.4.0, and aiohttp 3.14.5 merely being installed: the asynchronous client changes what a timeout is.
#
# Without aiohttp the timeout is the longest silence: an answer that trickles in for 5 s passes under a timeout of 3 s,
# and a silent server raises httpx2.ReadTimeout. As soon as any other package brings aiohttp, the same program gives up
# after 3 s in all, and what it raises is the builtin TimeoutError: no common base with the former but Exception.
#
# Seen:
#   without aiohttp  trickling: an answer     silent: httpx2.ReadTimeout
#   with aiohttp     trickling: TimeoutError  silent: TimeoutError
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-genai==3.4.0
cat >"$work/ask.py" <<'PY'
import asyncio
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google import genai
from google.genai import types


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        candidate = {"content": {"parts": [{"text": "an answer"}]}, "finishReason": "STOP"}
        body = json.dumps({"candidates": [candidate]}).encode()
        pieces = 10 if "trickling" in self.path else 1
        length = len(body) // pieces + 1
        if pieces == 1:
            time.sleep(6)
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for start in range(0, len(body), length):
                self.wfile.write(body[start : start + length])
                time.sleep(0.5)
        except OSError:
            pass

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()


async def ask(model):
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}", timeout=3000)
    client = genai.Client(api_key="any", vertexai=False, http_options=options)
    try:
        return (await client.aio.models.generate_content(model=model, contents="hello")).text
    except Exception as error:
        kind = type(error)
        return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    finally:
        await client.aio.aclose()


seen = [asyncio.run(ask("trickling")), asyncio.run(ask("silent"))]
print(f"trickling: {seen[0]}, silent: {seen[1]}")
sys.exit(0 if seen == sys.argv[1:] else "changed")
PY
echo "without aiohttp:"
"$work/venv/bin/python" "$work/ask.py" "an answer" httpx2.ReadTimeout
"$work/venv/bin/pip" install -q aiohttp==3.14.5
echo "with aiohttp:"
"$work/venv/bin/python" "$work/ask.py" TimeoutError TimeoutError
