"""Which of the scored tweets of a project to reply to, hour by hour.

Scoring is in ``score``, the rule that hides near-duplicates in ``near_duplicates``. Nothing is read or stored here:
what was selected in the days before comes in, what is selected goes out.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from viral_assets.projects.model import Minima, Project
from viral_assets.scoring.near_duplicates import Seen, take_distinct
from viral_assets.scoring.similarity import Vectors
from viral_assets.text.phrases import BoolArray, IntArray, normalised
from viral_assets.vocabulary import CHOSEN, GATE_PASSED, GREEN, RED

OPPORTUNITY_COLUMNS = ("project", "tweet_id", "window_start", "rank", "total", "label", "topic", "why")


@dataclass(frozen=True, slots=True)
class SelectionOptions:
    """How picky a selection is.

    ``max_candidates`` is for each hour window. ``duplicate_similarity`` is the cosine from which two texts say the
    same thing; it belongs to the embedder. ``memory`` is how long a selected tweet keeps others like it out.
    """

    max_candidates: int
    minima: Minima
    duplicate_similarity: float
    use_gate: bool = True
    skip_low_scores: bool = True
    greens_only: bool = False
    memory: timedelta = timedelta(days=7)

    @classmethod
    def of_project(cls, project: Project, *, duplicate_similarity: float) -> Self:
        """What the project's file says."""
        return cls(project.max_candidates, project.minima, duplicate_similarity)


@dataclass(frozen=True, slots=True)
class RecentOpportunities:
    """A project's opportunities of the days before: texts, their vectors (n, d), and the windows they belong to."""

    texts: Sequence[str]
    vectors: Vectors
    windows: Sequence[datetime]

    @classmethod
    def none(cls, dimensions: int) -> Self:
        return cls((), np.empty((0, dimensions), dtype=np.float32), ())


@dataclass(frozen=True, slots=True)
class Selected:
    """``frame`` has :data:`OPPORTUNITY_COLUMNS`; ``read`` counts by hour what there was to select from, and ``dropped``
    by hour and :data:`~viral_assets.vocabulary.DROP_REASONS` what was left out: for each hour, read = selected +
    dropped.
    """

    frame: pd.DataFrame
    dropped: dict[datetime, Counter[str]]
    read: dict[datetime, int]

    def chosen(self, hour: datetime) -> int:
        """How many tweets of an hour were left out for no reason."""
        return self.read[hour] - self.dropped[hour].total()


def select_opportunities(
    scored: pd.DataFrame,
    vectors: Vectors,
    *,
    options: SelectionOptions,
    recent: RecentOpportunities,
    kept: Collection[str] = frozenset(),
) -> Selected:
    """Select the best tweets of each hour, in the order of the hours.

    The best tweet of a group that says the same thing is taken, and none if one like it was selected in an earlier
    hour of the last days. Hours selected in one call or one after the other give the same result.

    Args:
        scored: scores of ONE project joined with their tweets: the columns of ``tweet_scores`` and text,
            author_followers, like_count, view_count, in any order. A figure that nobody knows is not below a minimum;
            what becomes of the tweet is said by ``options.minima.unknown``.
        vectors: (n, d), the embedding of each row's text.
        options: minima, cap and the rest.
        recent: opportunities of earlier windows. Those in a window that is selected now are passed over, because
            this selection replaces them.
        kept: ids of tweets that have suggestions already. They stay selected whatever the options say now, count
            towards the cap, and others are compared with them.
    """
    hour_of, distinct_hours = pd.factorize(pd.to_datetime(scored["window_start"], utc=True), sort=True)
    hours = [hour.to_pydatetime() for hour in distinct_hours]
    earlier = _Earlier(recent, replaced=hours)
    seen = Seen(room=len(recent.windows) + len(scored), dimensions=vectors.shape[1])
    obstacles = _obstacles(scored, options)
    is_kept = scored["tweet_id"].isin(set(kept)).to_numpy(dtype=np.bool_)
    order = _best_first(scored)
    texts = scored["text"].tolist()

    selected_rows: list[IntArray] = []
    dropped: dict[datetime, Counter[str]] = {}
    read: dict[datetime, int] = {}
    for number, hour in enumerate(hours):
        in_hour = order[hour_of[order] == number]
        read[hour] = len(in_hour)
        keep = in_hour[is_kept[in_hour]]
        others = in_hour[~is_kept[in_hour]]
        candidates = others[obstacles[others] == ""]

        for window, phrases, known_vectors in earlier.before(hour):
            seen.add(window, phrases, known_vectors)
        seen.begin(hour, since=hour - options.memory)
        room = max(0, options.max_candidates - len(keep))
        seen.add(hour, [normalised(texts[row]) for row in keep], vectors[keep])
        taken, duplicates = take_distinct(
            candidates, texts, vectors, seen, hour=hour, room=room, similarity=options.duplicate_similarity
        )

        selected_rows.append(in_hour[np.isin(in_hour, np.concatenate([keep, taken]))])
        counts = Counter(obstacles[others[obstacles[others] != ""]].tolist())
        counts["duplicate"] = duplicates
        counts["over_the_cap"] = len(candidates) - len(taken) - duplicates
        dropped[hour] = +counts
    return Selected(_as_opportunities(scored, selected_rows), dropped, read)


def _obstacles(scored: pd.DataFrame, options: SelectionOptions) -> npt.NDArray[np.object_]:
    """The first reason (n,) against each tweet that its own row tells; empty for a candidate."""
    obstacle = np.full(len(scored), "", dtype=np.object_)
    below, unknown = _below_minima(scored, options.minima)
    if options.minima.unknown == "fail":
        obstacle[unknown] = "unknown"
    obstacle[below] = "minima"
    label = scored["label"].to_numpy(dtype=np.object_)
    if options.greens_only:
        obstacle[label != GREEN] = "label"
    elif options.skip_low_scores:
        obstacle[label == RED] = "label"
    if options.use_gate:
        obstacle[scored["gate"].to_numpy(dtype=np.object_) != GATE_PASSED] = "gate"
    return obstacle


def selection_counts(selections: Mapping[str, Selected]) -> pd.DataFrame:
    """What became of the tweets of each hour, by project: rows of the table ``selection_counts``.

    Returns:
        project, window_start, reason (of :data:`~viral_assets.vocabulary.DROP_REASONS`, or ``chosen``) and tweets,
        which is above 0. Those of a project's hour add up to what was read of it.
    """
    rows = [
        (project, hour, reason, count)
        for project, selected in selections.items()
        for hour in selected.read
        for reason, count in ({CHOSEN: selected.chosen(hour)} | selected.dropped[hour]).items()
        if count
    ]
    return pd.DataFrame(rows, columns=["project", "window_start", "reason", "tweets"])


def _below_minima(scored: pd.DataFrame, minima: Minima) -> tuple[BoolArray, BoolArray]:
    """Which tweets (n,) have a figure below its minimum, and of which one is unknown that has a minimum."""
    below, unknown = (np.zeros(len(scored), dtype=np.bool_) for _ in range(2))
    for column, minimum in (
        ("author_followers", minima.followers),
        ("like_count", minima.likes),
        ("view_count", minima.views),
    ):
        known = pd.to_numeric(scored[column]).to_numpy(dtype=np.float64, na_value=np.nan)
        below |= known < minimum
        unknown |= np.isnan(known) & (minimum > 0)
    return below, unknown


def _best_first(scored: pd.DataFrame) -> IntArray:
    """Row numbers by falling total; of equal ones, the older tweet (the smaller id) first."""
    ids = scored["tweet_id"].to_numpy(dtype=np.str_)
    return np.lexsort((ids, np.char.str_len(ids), -scored["total"].to_numpy(dtype=np.float64)))


class _Earlier:
    """Opportunities of earlier windows, from the oldest on.

    Args:
        replaced: windows that are selected anew, whose opportunities are passed over.
    """

    def __init__(self, recent: RecentOpportunities, *, replaced: Collection[datetime]) -> None:
        self._recent = recent
        rows_of: dict[datetime, list[int]] = {}
        for row, window in enumerate(recent.windows):
            if window not in replaced:
                rows_of.setdefault(window, []).append(row)
        self._waiting = deque(sorted(rows_of.items()))

    def before(self, hour: datetime) -> Iterator[tuple[datetime, list[str], Vectors]]:
        """Window, normalised texts and vectors of those before ``hour`` that were not asked for yet."""
        while self._waiting and self._waiting[0][0] < hour:
            window, rows = self._waiting.popleft()
            yield window, [normalised(self._recent.texts[row]) for row in rows], self._recent.vectors[rows]


def _as_opportunities(scored: pd.DataFrame, selected_rows: Sequence[IntArray]) -> pd.DataFrame:
    """The selected_rows rows, hour by hour and best first, with their rank in the hour."""
    rows = np.concatenate([np.empty(0, dtype=np.int64), *selected_rows])
    ranks = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(1, len(hour) + 1) for hour in selected_rows)])
    return scored.iloc[rows].assign(rank=ranks)[list(OPPORTUNITY_COLUMNS)].reset_index(drop=True)
