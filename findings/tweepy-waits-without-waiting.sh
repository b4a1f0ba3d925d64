#!/usr/bin/env bash
# tweepy 4.17.0: Client(wait_on_rate_limit=True) repeats at once, without a pause, when a 429 carries no reset header.
#
# X's monthly cap (UsageCapExceeded) is such a 429: waiting for its end would take days, and no x-rate-limit-reset comes
# with it. The client then neither waits nor raises: it calls itself again at once, as long as the server says so.
# Without the option the first one raises TooManyRequests. (Bounded here: the server relents at the 31st request.)
#
# Seen: 31 requests, time.sleep never called.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q tweepy==4.17.0
"$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
import tweepy

asked = 0


class X(BaseHTTPRequestHandler):
    def do_GET(self):
        global asked
        asked += 1
        cap = {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap", "period": "Monthly"}
        body = json.dumps(cap if asked <= 30 else {"meta": {"result_count": 0}}).encode()
        self.send_response(429 if asked <= 30 else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), X)
threading.Thread(target=server.serve_forever, daemon=True).start()


class ToTheServerHere(requests.adapters.HTTPAdapter):
    def send(self, request, **options):
        request.url = f"http://127.0.0.1:{server.server_port}{request.path_url}"
        return super().send(request, **options)


slept, sleep = [], time.sleep
time.sleep = lambda seconds: (slept.append(seconds), sleep(seconds))
client = tweepy.Client("any", wait_on_rate_limit=True)
client.session.mount("https://", ToTheServerHere())
client.search_recent_tweets("hello")
print(f"wait_on_rate_limit=True: {asked} requests, pauses {slept}")
several, asked, raised = asked, 0, ""
client = tweepy.Client("any")
client.session.mount("https://", ToTheServerHere())
try:
    client.search_recent_tweets("hello")
except tweepy.TooManyRequests as error:
    raised = type(error).__name__
print(f"without it: {asked} request, {raised}")
sys.exit(0 if (several, slept, asked, raised) == (31, [], 1, "TooManyRequests") else "changed")
PY
