#!/usr/bin/env bash
# google-genai 3.4.0: genai.Client(...).models is closed before its first use.
#
# The parts of a client (models, chats, files) do not keep the client alive, and a client closes its connections when it
# is collected. CPython collects it as soon as nothing names it, so a helper that returns Client(...).models, or a chat
# made from a client that is a local variable, raises on first use. Named, the same client works.
#
# Seen: RuntimeError "Cannot send a request, as the client has been closed." twice, and no request reaches the server.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-genai==3.4.0
"$work/venv/bin/python" - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google import genai
from google.genai import types

requests = 0


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        candidate = {"content": {"role": "model", "parts": [{"text": "fine"}]}, "finishReason": "STOP"}
        body = json.dumps({"candidates": [candidate]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()


def client():
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
    return genai.Client(api_key="any", vertexai=False, http_options=options)


def said(call):
    try:
        return call().text
    except RuntimeError as error:
        return str(error)


models = client().models
chat = client().chats.create(model="gemini-3.8-flash")
lost = [
    said(lambda: models.generate_content(model="gemini-3.8-flash", contents="hello")),
    said(lambda: chat.send_message("hello")),
]
reached = requests
named = client()
kept = said(lambda: named.models.generate_content(model="gemini-3.8-flash", contents="hello"))
print("models of an unnamed client:", lost[0])
print("chat of an unnamed client:  ", lost[1])
print("models of a named client:   ", kept)
same = all("client has been closed" in each for each in lost) and reached == 0 and kept == "fine"
sys.exit(0 if same else "changed")
PY
