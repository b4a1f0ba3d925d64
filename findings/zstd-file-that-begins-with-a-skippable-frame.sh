#!/usr/bin/env bash
# zstandard 0.25.0 and backports-zstd 1.8.0: a .zst file as pzstd writes it is empty, an error or whole, by the call.
#
# RFC 8878 allows frames to skip, and pzstd puts one before each piece. What the two Python bindings make of such a
# valid file differs from call to call: the one-shot function of one reads it and that of the other raises; the
# incremental decompressor of backports-zstd (the class of Python 3.14's standard library) returns nothing and reports
# eof, as at the end of a complete stream, so that a loop "until eof" reads an empty file without an error. Streaming
# readers of both read all.
#
# Seen (6,000 bytes): zstd.decompress 6000; zstd.ZstdDecompressor 0, eof; zstd.open 6000; zstandard decompress
# ZstdError; zstandard stream_reader 6000.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q zstandard==0.25.0 backports-zstd==1.8.0
"$work/venv/bin/python" - <<'PY'
import io
import struct
import sys

import zstandard
from backports import zstd

frame = zstd.compress(b"hello " * 1000)
# pzstd's: a magic number of the range to skip, the length 4, and the next frame's length.
packed = struct.pack("<III", 0x184D2A50, 4, len(frame)) + frame


def size(read):
    try:
        return len(read())
    except Exception as error:
        return type(error).__name__


step = zstd.ZstdDecompressor()
seen = {
    "zstd.decompress": size(lambda: zstd.decompress(packed)),
    "zstd.ZstdDecompressor": (size(lambda: step.decompress(packed)), step.eof),
    "zstd.open": size(lambda: zstd.open(io.BytesIO(packed)).read()),
    "zstandard decompress": size(lambda: zstandard.ZstdDecompressor().decompress(packed)),
    "zstandard stream_reader": size(lambda: zstandard.ZstdDecompressor().stream_reader(packed).read()),
}
for call, result in seen.items():
    print(f"{call}: {result}")
sys.exit(0 if list(seen.values()) == [6000, (0, True), 6000, "ZstdError", 6000] else "changed")
PY
