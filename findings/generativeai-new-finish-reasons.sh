#!/usr/bin/env bash
# google-generativeai 0.8.6 over REST: a finish reason newer than the package is lost or of another type, by its
# spelling.
#
# The package asks the server to send enums as numbers (a query parameter that its documentation does not show). A
# server that spells a reason the package does not know gets it read as 0, FINISH_REASON_UNSPECIFIED: an answer broken
# off for a new reason cannot be told from one without a reason, and its text is there. The same reason as a number
# arrives as a bare int, so that finish_reason.name raises AttributeError.
#
# Seen: query "$alt=json;enum-encoding=int"; "CONTINUATION" reads FINISH_REASON_UNSPECIFIED; 99 reads int 99.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q google-generativeai==0.8.6
"$work/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import google.generativeai as genai

reason, queries = None, set()


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        queries.add(unquote(urlsplit(self.path).query))
        candidate = {"content": {"role": "model", "parts": [{"text": "half a sent"}]}, "finishReason": reason}
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
endpoint = {"api_endpoint": f"http://127.0.0.1:{server.server_port}"}
genai.configure(api_key="any", transport="rest", client_options=endpoint)
model = genai.GenerativeModel("gemini-2.5-flash")
seen = []
for reason in ("MAX_TOKENS", "CONTINUATION", 99):
    answer = model.generate_content("hello")
    read = answer.candidates[0].finish_reason
    seen.append(getattr(read, "name", read))
    print(f"sent {reason!r}: read {read!r}, text {answer.text!r}")
print("query:", *queries)
expected = ["MAX_TOKENS", "FINISH_REASON_UNSPECIFIED", 99]
sys.exit(0 if seen == expected and queries == {"$alt=json;enum-encoding=int"} else "changed")
PY
