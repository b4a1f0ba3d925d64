#!/usr/bin/env bash
# google-genai 3.4.0: a batch that has failed comes back without the reason, though BatchJob has a field `error`.
#
# The Gemini API answers batches.get with a long-running operation, in which a failure is told by `error` (code and
# message) beside `metadata`. For this API the SDK fills its BatchJob from `metadata` alone: the state is
# JOB_STATE_FAILED, and `job.error` is None, without a warning. The field is there and is read for Vertex AI. Who wants
# to tell people why a batch failed has to ask for the operation over HTTP.
#
# Seen: state JOB_STATE_FAILED, error None; the server had said "Quota exceeded for batch storage."
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

REASON = "Quota exceeded for batch storage."
OPERATION = {
    "name": "batches/one",
    "metadata": {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "name": "batches/one",
        "model": "models/gemini-2.5-flash-lite",
        "state": "BATCH_STATE_FAILED",
        "createTime": "2026-11-29T10:00:00Z",
        "endTime": "2026-11-29T10:05:00Z",
    },
    "done": True,
    "error": {"code": 8, "message": REASON},
}


class Batches(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(OPERATION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Batches)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
client = genai.Client(api_key="any", vertexai=False, http_options=options)
job = client.batches.get(name="batches/one")
print(f"the server says: {REASON}")
print(f"the SDK says: state {job.state.name}, error {job.error}")
sys.exit(0 if (job.state.name, job.error) == ("JOB_STATE_FAILED", None) else "changed")
PY
