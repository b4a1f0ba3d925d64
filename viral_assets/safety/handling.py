"""What a project makes of flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from viral_assets.safety.flag import Flag, flags_as_text
from viral_assets.vocabulary import ALLOW, LEAVE_OUT, Handling


@dataclass(frozen=True, slots=True)
class Handled:
    """Of each tweet (n,): the category ``unsafe`` for which it is not to be answered, or an empty text; and its
    ``flags`` as :func:`~viral_assets.safety.flag.flags_as_text` writes them, without those that the project allows."""

    unsafe: npt.NDArray[np.object_]
    flags: npt.NDArray[np.object_]


def handle(found: Mapping[int, Sequence[Flag]], tweets: int, handlings: Mapping[str, Handling]) -> Handled:
    """Apply a project's choice to the flags of so many tweets, by row."""
    unsafe, kept = (np.full(tweets, "", dtype=np.object_) for _ in range(2))
    for row, flags in found.items():
        counted = [flag for flag in flags if handlings[flag.category] != ALLOW]
        kept[row] = flags_as_text(counted)
        unsafe[row] = next((flag.category for flag in counted if handlings[flag.category] == LEAVE_OUT), "")
    return Handled(unsafe, kept)
