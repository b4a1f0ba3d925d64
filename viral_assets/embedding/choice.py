"""Which embedder a project gets by its languages. The embedders themselves are built in ``embedding``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from viral_assets.embedding.use_weights import is_installed
from viral_assets.text.language import canonical

AUTO: Final = "auto"
MULTILINGUAL: Final = "multilingual"
ENGLISH: Final = "en"


def embedder_name(chosen: str, languages: Collection[str]) -> str:
    """The name of the embedder for a project that wants tweets in these languages; none at all stand for every one.

    What wants English only keeps the bundled one, and with it its vectors and scores.

    Args:
        chosen: ``auto``, or the embedder for all projects.
        languages: codes, as project files have them.
    """
    if chosen != AUTO:
        return chosen
    return "wordllama" if {canonical(code) for code in languages} == {ENGLISH} else MULTILINGUAL


def gets_closer_look(chosen: str, name: str) -> bool:
    """Whether tweets of a project that could be chosen are also looked at by the multilingual embedder: it tells better
    which are sensitive (benchmarks/safety.py). Not where somebody chose an embedder, or where it is not installed.

    Args:
        chosen: as for :func:`embedder_name`.
        name: the project's embedder.
    """
    return chosen == AUTO and name != MULTILINGUAL and is_installed()
