#!/usr/bin/env bash
# google-genai 3.4.0: one generate_content() may be many requests.
#
# Where a candidate ends with finishReason CONTINUATION and a token, the client asks again by itself, with no bound of
# its own. The timeout is for each request, so the call outlives it; every request sends (and counts) the prompt again;
# and only the first candidate decides: a second one that had ended with STOP gets the later pieces glued on.
# GenerateContentConfig(automatic_continuation=False) makes it one request.
#
# Seen: a server that says CONTINUATION seven times gets 8 requests from one call, which lasts over 4 s under a timeout
# of 2 s and reports 80 prompt tokens for a prompt of 10; candidate 2, ended each time, reads "b1 b2 b3 b4 b5 b6 b7 b8
# ".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-genai==3.4.0
"$work/venv/bin/python" - <<'PY'
import base64
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google import genai
from google.genai import types

ENDS_AT = 8
requests = 0


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.5)
        first = {"content": {"parts": [{"text": f"a{requests} "}]}, "finishReason": "STOP"}
        if requests < ENDS_AT:
            first |= {"finishReason": "CONTINUATION", "continuationToken": base64.b64encode(b"%d" % requests).decode()}
        second = {"content": {"parts": [{"text": f"b{requests} "}]}, "finishReason": "STOP", "index": 1}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12}
        body = json.dumps({"candidates": [first, second], "usageMetadata": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}", timeout=2000)
client = genai.Client(api_key="any", vertexai=False, http_options=options)

started = time.monotonic()
answer = client.models.generate_content(model="gemini-3.8-flash", contents="hello")
seconds = time.monotonic() - started
alone = "".join(part.text for part in answer.candidates[1].content.parts)
followed, prompt_tokens = requests, answer.usage_metadata.prompt_token_count
print(f"one call: {followed} requests in {seconds:.1f} s (timeout 2 s), {prompt_tokens} prompt tokens")
print(f"candidate 2, which had ended: {alone!r}")

requests = 0
once = types.GenerateContentConfig(automatic_continuation=False)
client.models.generate_content(model="gemini-3.8-flash", contents="hello", config=once)
print(f"with automatic_continuation=False: {requests} request")

same = (followed, prompt_tokens, requests) == (8, 80, 1) and seconds > 2 and alone == "b1 b2 b3 b4 b5 b6 b7 b8 "
sys.exit(0 if same else "changed")
PY
