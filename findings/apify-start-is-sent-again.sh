#!/usr/bin/env bash
# apify-client 3.4.0: one start() of a paid actor may start it five times.
#
# The retries of the client cover the POST that starts a run, which is not idempotent and carries no key that would let
# a server tell a repetition. Where the answer is lost on its way back (a 500 from a proxy, a broken connection), each
# repetition starts and bills one more run, and the caller learns of the last one only. max_retries=0 stops it, for all
# requests of the client; start() has no such argument.
#
# Seen: a server that starts a run each time and answers 500 four times has started 5 runs for one call, all five
# requests alike; the caller holds run number 5.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q apify-client==3.4.0
"$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from apify_client import ApifyClient

started = []


class Platform(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"] or 0))
        started.append((self.path, asked, sorted(self.headers.items())))
        time = "2026-11-01T00:00:00.000Z"
        run = {
            "id": f"run-{len(started)}", "actId": "actor", "userId": "me", "startedAt": time, "status": "READY",
            "meta": {"origin": "API"}, "stats": {"restartCount": 0, "resurrectCount": 0, "computeUnits": 0},
            "options": {"build": "latest", "timeoutSecs": 300, "memoryMbytes": 1024, "diskMbytes": 2048},
            "buildId": "build", "defaultKeyValueStoreId": "store", "defaultDatasetId": "data",
            "defaultRequestQueueId": "queue", "generalAccess": "RESTRICTED",
        }  # fmt: skip
        lost = len(started) < 5
        answer = {"error": {"type": "internal-error", "message": "lost"}} if lost else {"data": run}
        body = json.dumps(answer).encode()
        self.send_response(500 if lost else 201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Platform)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
soon = timedelta(milliseconds=10)
run = ApifyClient("any", api_url=url, min_delay_between_retries=soon).actor("me~scraper").start(run_input={"q": "x"})
runs, alike = len(started), all(each == started[0] for each in started)
print(f"one start(): {runs} runs started, requests alike {alike}, the caller holds {run.id}")

started.clear()
try:
    ApifyClient("any", api_url=url, max_retries=0).actor("me~scraper").start(run_input={"q": "x"})
except Exception as error:
    print(f"max_retries=0: {len(started)} run started, {type(error).__name__}")
sys.exit(0 if (runs, run.id, alike, len(started)) == (5, "run-5", True, 1) else "changed")
PY
