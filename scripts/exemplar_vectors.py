"""Learn anew what sensitive tweets sound like, after ``viral_assets/safety/exemplars.yml`` has changed.

.venv/bin/python scripts/exemplar_vectors.py
"""

from __future__ import annotations

from pathlib import Path

from viral_assets import safety
from viral_assets.embedding.base import Embedder
from viral_assets.embedding.multilingual import MultilingualEmbedder
from viral_assets.embedding.wordllama import WordLlamaEmbedder
from viral_assets.safety.exemplar_vectors import FOLDER, write_beforehand
from viral_assets.safety.resemblance import all_exemplars


def main() -> None:
    """Write a file for each embedder that comes with the package."""
    folder = Path(safety.__file__).parent / FOLDER
    folder.mkdir(exist_ok=True)
    texts = all_exemplars()
    embedders: tuple[Embedder, ...] = (WordLlamaEmbedder(), MultilingualEmbedder())
    for embedder in embedders:
        print(write_beforehand(folder, embedder.model, embedder.embed(texts)))


if __name__ == "__main__":
    main()
