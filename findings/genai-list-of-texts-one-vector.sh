#!/usr/bin/env bash
# google-genai 3.4.0: embed_content(contents=[three texts]) asks for three vectors or for one, by the model's name.
#
# For gemini-embedding-001 a list of strings becomes one request item for each text. For gemini-embedding-2 the same
# list becomes ONE item with three parts, so one vector comes back for all three, without an error or a warning;
# zip(texts, vectors) then silently keeps the first text only. Both go to the path named batchEmbedContents.
#
# Seen: gemini-embedding-001 asks for 3 vectors of 1 part, gemini-embedding-2 for 1 vector of 3 parts.
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

asked = []


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["requests"]
        asked.append([len(item["content"]["parts"]) for item in items])
        body = json.dumps({"embeddings": [{"values": [1.0, 0.0]} for _ in items]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
client = genai.Client(api_key="any", vertexai=False, http_options=options)
vectors = []
for model in ("gemini-embedding-001", "gemini-embedding-2"):
    answer = client.models.embed_content(model=model, contents=["one", "two", "three"])
    vectors.append(len(answer.embeddings))
    print(f"{model}: 3 texts, parts in each item asked for: {asked[-1]}, vectors: {vectors[-1]}")
sys.exit(0 if (asked, vectors) == ([[1, 1, 1], [3]], [3, 1]) else "changed")
PY
