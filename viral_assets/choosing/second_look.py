"""Chosen tweets looked at once more, after somebody has found out what they answer and quote."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from viral_assets.context import Context
from viral_assets.projects.model import Project
from viral_assets.safety.around import SafetyDetectors, with_flags_around
from viral_assets.safety.flag import flags_of_text
from viral_assets.safety.handling import handle
from viral_assets.scoring.gate import NOT_SAFE
from viral_assets.vocabulary import GATE_PASSED


def looked_at_again(
    scored: pd.DataFrame, contexts: Mapping[str, Context], project: Project, detectors: SafetyDetectors
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The scored tweets with the flags of what they stand in.

    Args:
        scored: with ``tweet_id``, ``gate``, ``unsafe`` and ``flags``; the gate has passed those that contexts are of.
        contexts: by tweet; not all have one.

    Returns:
        All rows, and those of them that are other than before.
    """
    ids = scored["tweet_id"].tolist()
    rows = [row for row, tweet_id in enumerate(ids) if tweet_id in contexts]
    written = scored["flags"].fillna("")
    flags = {row: flags_of_text(written.iloc[row]) for row in rows}
    found = with_flags_around(flags, {row: contexts[ids[row]] for row in rows}, detectors)
    handled = handle(found, len(scored), project.safety.handlings())
    looked_at = np.zeros(len(scored), dtype=np.bool_)
    looked_at[rows] = True
    unsafe = looked_at & (handled.unsafe != "") & (scored["gate"] == GATE_PASSED).to_numpy(dtype=np.bool_)
    again = scored.assign(
        gate=np.where(unsafe, NOT_SAFE, scored["gate"]),
        unsafe=np.where(looked_at, handled.unsafe, scored["unsafe"]),
        flags=np.where(looked_at, handled.flags, scored["flags"]),
    )
    return again, again[looked_at & (again["flags"] != written).to_numpy(dtype=np.bool_)]
