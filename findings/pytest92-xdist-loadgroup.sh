#!/usr/bin/env bash
# pytest-xdist 3.8.0 with pytest 9.2.0: --dist=loadgroup silently ignores every xdist_group mark.
#
# xdist marks a group by assigning a private attribute of the test item, from which pytest up to 9.1 read the node id;
# 9.2 keeps the id elsewhere. Nothing fails or warns: the header still says LoadGroupScheduling, and tests of one group,
# put together because they share a database or a port, run at the same time in different processes.
#
# Seen: 16 tests of one group run in 1 process with pytest 9.1.1 and in 2 with pytest 9.2.0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
cat >"$work/test_group.py" <<'PY'
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", range(16))
@pytest.mark.xdist_group("together")
def test_of_the_group(number, worker_id):
    time.sleep(0.2)
    Path(__file__).with_name(f"ran-in-{worker_id}").touch()
PY
processes() {
    "$work/venv/bin/pip" install -q "pytest==$1" pytest-xdist==3.8.0
    rm -f "$work"/ran-in-*
    (cd "$work" && venv/bin/python -m pytest -q -p no:cacheprovider -n 2 --dist=loadgroup test_group.py >/dev/null)
    find "$work" -maxdepth 1 -name 'ran-in-*' | wc -l
}
old=$(processes 9.1.1)
new=$(processes 9.2.0)
echo "one group: $old process(es) with pytest 9.1.1, $new with pytest 9.2.0"
[ "$old" -eq 1 ] && [ "$new" -eq 2 ]
