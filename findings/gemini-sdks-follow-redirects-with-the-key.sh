#!/usr/bin/env bash
# google-genai 3.4.0 and google-generativeai 0.8.6: both follow a redirect to any other host, with the API key.
#
# The key is in a header of its own (x-goog-api-key). HTTP libraries leave out Authorization when a redirect leads to
# another host, and know nothing of this one. On 307 and 308 the prompt goes along; on 301, 302 and 303 the POST becomes
# a GET, whose answer is taken for the model's. Where a base URL of one's own (a proxy, an emulator) answers so, for
# instance from http to https, the key is with whoever the answer names. For google-genai, async_client_args and
# client_args with follow_redirects=False (allow_redirects=False where aiohttp is installed) turn it off.
#
# Seen, of both: 302: GET with the key; 307: POST with the key and the prompt; google-genai told not to: nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-genai==3.4.0 google-generativeai==0.8.6
"$work/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import google.generativeai as older
from google import genai as newer
from google.genai import types

KEY, PROMPT = "the-secret-key", "the secret prompt"
seen = []


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


class Elsewhere(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.append((self.command, self.headers["x-goog-api-key"] == KEY, PROMPT.encode() in body))
        answer = json.dumps({"candidates": [{"content": {"parts": [{"text": "caught"}]}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, *args):
        pass


elsewhere = f"http://localhost:{serve(Elsewhere)}/"


class Asked(BaseHTTPRequestHandler):
    status = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(Asked.status)
        self.send_header("Location", elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


asked = f"http://127.0.0.1:{serve(Asked)}"


def with_newer(**more):
    options = types.HttpOptions(base_url=asked, timeout=20_000, **more)
    client = newer.Client(api_key=KEY, vertexai=False, http_options=options)
    client.models.generate_content(model="gemini-3.8-flash", contents=PROMPT)


def with_older():
    older.configure(api_key=KEY, transport="rest", client_options={"api_endpoint": asked})
    how = {"timeout": 20, "retry": None}
    older.GenerativeModel("gemini-3.8-flash").generate_content(PROMPT, request_options=how)


def told_not_to():
    with_newer(client_args={"follow_redirects": False})


found = {}
for ask in (with_newer, with_older, told_not_to):
    for Asked.status in (302, 307):
        seen.clear()
        try:
            ask()
        except Exception as error:
            print(f"  ({type(error).__name__})")
        found[ask.__name__, Asked.status] = seen[:]
        print(f"{ask.__name__}, {Asked.status}: (method, has the key, has the prompt) at the other host: {seen}")

both = {302: [("GET", True, False)], 307: [("POST", True, True)]}
same = all(found[name, status] == both[status] for name in ("with_newer", "with_older") for status in both)
same = same and not any(found["told_not_to", status] for status in both)
sys.exit(0 if same else "changed")
PY
