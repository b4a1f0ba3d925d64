"""A second embedder for the tweets that could be chosen: one that tells sensitive tweets better than a project's own,
and takes too long for all tweets there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from viral_assets.safety.exemplar_vectors import ExemplarEmbedder, resemblance_of
from viral_assets.safety.flag import Flag
from viral_assets.safety.flags import find_flags
from viral_assets.safety.resemblance import Embed, Resemblance
from viral_assets.text.phrases import IntArray, TextColumn


@dataclass(frozen=True, slots=True)
class CloserLook:
    """``embed`` makes the vectors that ``resemblance`` was learnt from."""

    embed: Embed
    resemblance: Resemblance

    @classmethod
    def by(cls, embedder: ExemplarEmbedder) -> Self:
        """With this embedder."""
        return cls(embedder.embed, resemblance_of(embedder))

    def flags_of(
        self, column: TextColumn, languages: Sequence[str | None], rows: IntArray
    ) -> Mapping[int, tuple[Flag, ...]]:
        """What it finds in some of the texts, by their rows in the whole column."""
        places = rows.tolist()
        part, spoken = column.part(rows), [languages[row] for row in places]
        found = find_flags(part, spoken, self.embed([column.texts[row] for row in places]), self.resemblance)
        return {places[place]: flags for place, flags in found.items()}
