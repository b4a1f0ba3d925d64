#!/usr/bin/env bash
# openpyxl 3.1.5: a Python integer of more than 16 digits loses its last ones when it is saved, before any spreadsheet has
# opened the file.
#
# That Excel keeps 15 digits of a number is known. But the number is lost before: a cell's number is text in the workbook's
# XML, which may have any length, and openpyxl writes integers there in scientific notation with at most 16 digits. There is
# no warning, and openpyxl itself reads a float back. pandas 3.1.1 (to_excel, with openpyxl) does so with a column of int64.
# Text stays whole. Ids of posts on X have 19 digits: who writes a table of them for a colleague sends other posts.
#
# Seen:
#   written 1990000000000000001, in the sheet 1.99e+18, read 1.99e+18 (float)
#   written 1234567890123456789, in the sheet 1.234567890123457e+18, read 1.234567890123457e+18 (float)
#   written 123456789012345, in the sheet 123456789012345, read 123456789012345 (int)
#   written '1990000000000000001', read '1990000000000000001' (str)
#   pandas: int64 1990000000000000001 comes back as 1990000000000000000
#
# The way round: write ids as text.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openpyxl==3.1.5 pandas==3.1.1

cat >"$work/show.py" <<'PY'
import io
import re
import zipfile

import openpyxl
import pandas as pd

INTEGERS = (1990000000000000001, 1234567890123456789, 123456789012345)
book = openpyxl.Workbook()
for number in INTEGERS:
    book.active.append([number])
book.active.append([str(INTEGERS[0])])
file = io.BytesIO()
book.save(file)

sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
written = re.findall(r'<c r="A\d" t="n"><v>([^<]*)</v>', sheet)
read = [row[0] for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True)]
for number, text, value in zip(INTEGERS, written, read):
    print(f"written {number}, in the sheet {text}, read {value} ({type(value).__name__})")
print(f"written {str(INTEGERS[0])!r}, read {read[3]!r} ({type(read[3]).__name__})")

frame = io.BytesIO()
pd.DataFrame({"id": [INTEGERS[0]]}).to_excel(frame, index=False)
back = int(pd.read_excel(frame)["id"].iloc[0])
print(f"pandas: int64 {INTEGERS[0]} comes back as {back}")

assert written == ["1.99e+18", "1.234567890123457e+18", "123456789012345"], written
assert read == [1.99e18, 1.234567890123457e18, INTEGERS[2], str(INTEGERS[0])], read
assert back == 1990000000000000000, back
PY
"$work/venv/bin/python" "$work/show.py"
