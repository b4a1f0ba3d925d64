#!/usr/bin/env bash
# numpy 2.4.6 (wheel, with OpenBLAS 0.3.31): with OpenBLAS's kernels for AVX2, equal rows of one float32 matrix come out of
# one product with different last bits, by their place modulo twelve.
#
# That sums depend on a matrix's shape and on the number of threads is known. Here shape, data and thread (one) are the
# same: a matrix whose rows are all equal, times another, has two different rows. Of each twelve, the first six are alike
# and the other six. Which kernels run is decided by the processor when numpy is loaded: those called Haswell, which Zen
# processors get as well, do it; those for AVX-512 (SkylakeX) and for older ones (Nehalem) give equal rows. So a program
# that shows "the same bits whatever it is computed with" on one machine breaks that on the next with the same wheels.
# float64 gives equal rows with all of them. A way round: what must not change lies at multiples of twelve.
#
# OPENBLAS_CORETYPE chooses the kernels here; a processor with AVX2 is needed.
#
# Seen, of 24 equal rows: Haswell 2 different ones (unlike the first: 6 to 11 and 18 to 23), in float64 1; Nehalem 1 and 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep -q avx2 /proc/cpuinfo || { echo "needs Linux on a processor with AVX2" >&2; exit 2; }
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numpy==2.4.6 threadpoolctl==3.8.0
cat >"$work/rows.py" <<'PY'
import sys

import numpy as np
from threadpoolctl import threadpool_info

kernels, wanted = sys.argv[1], int(sys.argv[2])
blas = next(each for each in threadpool_info() if each["user_api"] == "blas")
print(f"numpy {np.__version__}, OpenBLAS {blas['version']}, kernels {blas['architecture']}")
chance = np.random.default_rng(0)
row, other = chance.standard_normal((1, 256)), chance.standard_normal((256, 256))
found = {}
for kind in (np.float32, np.float64):
    product = np.repeat(row.astype(kind), 24, axis=0) @ other.astype(kind)
    found[kind] = len(np.unique(product, axis=0))
    unlike = np.flatnonzero((product != product[0]).any(axis=1)).tolist()
    print(f"  24 equal rows in {kind.__name__}: {found[kind]} different ones; unlike the first: {unlike}")
sys.exit(0 if blas["architecture"] == kernels and found == {np.float32: wanted, np.float64: 1} else "changed")
PY
OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Haswell "$work/venv/bin/python" "$work/rows.py" Haswell 2
OPENBLAS_NUM_THREADS=1 OPENBLAS_CORETYPE=Nehalem "$work/venv/bin/python" "$work/rows.py" Nehalem 1
