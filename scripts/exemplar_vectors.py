"""Make the vectors of the exemplars of sensitive tweets anew, after ``viral_assets/safety/exemplars.yml`` has changed.

.venv/bin/python scripts/exemplar_vectors.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from viral_assets import safety
from viral_assets.embedding.base import Embedder
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.exemplar_vectors import FOLDER, text_hash
from viral_assets.safety.resemblance import all_exemplars


def main() -> None:
    """Write a file for each embedder that comes with the package; as half floats, which is near enough."""
    folder = Path(safety.__file__).parent / FOLDER
    folder.mkdir(exist_ok=True)
    texts = all_exemplars()
    hashes = np.array([np.frombuffer(text_hash(text), dtype=np.uint8) for text in texts])
    embedders: tuple[Embedder, ...] = (WordLlamaEmbedder(), MultilingualEmbedder())
    for embedder in embedders:
        path = folder / f"{embedder.model}.npz"
        np.savez(path, hashes=hashes, vectors=embedder.embed(texts).astype(np.float16))
        print(path)


if __name__ == "__main__":
    main()
