#!/usr/bin/env bash
# pandas 3.1.1: read_json makes numbers of quoted JSON strings by Python's rules for numerals in source code.
#
# Strings are not merely taken for numbers where they look like one in JSON: "2024_11" becomes 202411 and " 12" becomes
# 12 (the underscore is int()'s), as long as every value of the column allows it, so a further row changes the type of
# all. dtype=str, meant to keep text as it is, spares most columns, but one that is called "date" or "modified" or ends
# in "_at" still comes back as integers, because dates are tried after it. dtype=False keeps all.
#
# Seen: {"name": "2024_11"} reads 202411; with a second row "x" it reads "2024_11"; under dtype=str {"name": "007",
# "modified": "007"} reads "007" and 7.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q pandas==3.1.1
"$work/venv/bin/python" - <<'PY'
import io
import json
import sys

import pandas as pd


def read(*rows, **options):
    [first, *_] = pd.read_json(io.StringIO(json.dumps(rows)), **options).to_dict("records")
    print(rows, options, "->", first)
    return first


seen = [
    read({"name": "2024_11", "padded": " 12"}),
    read({"name": "2024_11"}, {"name": "x"}),
    read({"name": "007", "modified": "007", "seen_at": "007"}, dtype=str),
    read({"name": "007", "modified": "007", "seen_at": "007"}, dtype=False),
]
expected = [
    {"name": 202411, "padded": 12},
    {"name": "2024_11"},
    {"name": "007", "modified": 7, "seen_at": 7},
    {"name": "007", "modified": "007", "seen_at": "007"},
]
sys.exit(0 if seen == expected else "changed")
PY
