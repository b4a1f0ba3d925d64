#!/usr/bin/env bash
# google-generativeai 0.8.6: request_options={"timeout": 2} does not bound the call; it goes on for up to 600 s.
#
# The timeout is for each attempt. A 503 is retried behind the caller's back under a deadline of its own, which the
# timeout does not shorten, so each call may spend many requests of a quota. Only naming "retry" as well stops that, and
# the value for "no retries" is None, which reads as "the default". (Bounded here: the server relents at the sixth.)
#
# Seen: {"timeout": 2} makes 6 requests and takes over 3 s; {"timeout": 2, "retry": None} makes 1 and raises
# ServiceUnavailable.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-generativeai==0.8.6
"$work/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import google.generativeai as genai

requests = 0


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.6)
        busy = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
        candidate = {"content": {"role": "model", "parts": [{"text": "fine"}]}, "finishReason": 1}
        body = json.dumps(busy if requests < 6 else {"candidates": [candidate]}).encode()
        self.send_response(503 if requests < 6 else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = {"api_endpoint": f"http://127.0.0.1:{server.server_port}"}
genai.configure(api_key="any", transport="rest", client_options=endpoint)
model = genai.GenerativeModel("gemini-2.5-flash")

started = time.monotonic()
model.generate_content("hello", request_options={"timeout": 2})
seconds, several = time.monotonic() - started, requests
print(f"timeout 2 alone: {several} requests in {seconds:.1f} s")

requests, raised = 0, ""
try:
    model.generate_content("hello", request_options={"timeout": 2, "retry": None})
except Exception as error:
    raised = type(error).__name__
print(f"timeout 2 and retry None: {requests} request, {raised}")
sys.exit(0 if (several, requests, raised) == (6, 1, "ServiceUnavailable") and seconds > 3 else "changed")
PY
