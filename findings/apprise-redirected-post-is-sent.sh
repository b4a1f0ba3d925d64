#!/usr/bin/env bash
# apprise 2.3.0: a webhook that answers with a redirect gets nothing, and the notification counts as delivered.
#
# apprise follows redirects unless told otherwise. requests, as browsers do, makes a GET without a body of a POST that is
# answered with 301, 302 or 303, and only 307 and 308 keep it. Where the other address answers 200, which a start page, a
# sign-in page or the https:// form of the same hook mostly does, `notify()` is true and its status is SUCCESS: nothing is
# logged above INFO, and nothing has arrived. Moving a webhook behind another name is enough.
#
# Seen:
#   301: SUCCESS, arrived: POST /301/hook (87 bytes), GET /landing (0 bytes)
#   302: SUCCESS, arrived: POST /302/hook (87 bytes), GET /landing (0 bytes)
#   303: SUCCESS, arrived: POST /303/hook (87 bytes), GET /landing (0 bytes)
#   307: SUCCESS, arrived: POST /307/hook (87 bytes), POST /landing (87 bytes)
#   302 with ?redirect=no: FAILURE, arrived: POST /302/hook (87 bytes)
#
# The way round: `?redirect=no` in the address, or AppriseAsset(http_redirects=False); then the redirect is a failure.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apprise==2.3.0

cat >"$work/show.py" <<'PY'
import http.server
import threading

import apprise

arrived = []


class Hook(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        arrived.append(f"{self.command} {self.path.partition('?')[0]} ({len(body)} bytes)")
        first = self.path.split("/")[1]
        self.send_response(int(first) if first.isdigit() else 200)
        self.send_header("Location", "/landing")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=server.serve_forever, daemon=True).start()


def notify(status, more=""):
    arrived.clear()
    service = apprise.Apprise()
    service.add(f"json://127.0.0.1:{server.server_port}/{status}/hook{more}")
    result = service.notify(title="t", body="hello")
    print(f"{status}{' with ' + more if more else ''}: {result.status.name}, arrived: {', '.join(arrived)}")
    return result.status.name, any(each.startswith(("POST /landing",)) for each in arrived)


for status in (301, 302, 303):
    assert notify(status) == ("SUCCESS", False)
assert notify(307) == ("SUCCESS", True)
assert notify(302, "?redirect=no")[0] == "FAILURE"
PY
"$work/venv/bin/python" -W ignore "$work/show.py"
