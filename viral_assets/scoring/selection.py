"""Which of the scored tweets of a project to reply to, hour by hour.

Scoring is in ``score``, the rule that hides near-duplicates in ``near_duplicates``, whose turn it is in ``engagement``,
and when anybody is there to answer in ``posting_hours``. Nothing is read or stored here: what was selected and answered
before comes in, what is selected goes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from viral_assets.projects.engagement import Engagement
from viral_assets.projects.model import Minima, Project
from viral_assets.scoring.engagement import (
    NOTHING_ENGAGED,
    Author,
    EngagementHistory,
    EngagementTurns,
    Objection,
    known_text,
    turn_of_rows,
)
from viral_assets.scoring.gate import NOT_SAFE
from viral_assets.scoring.near_duplicates import EarlierOpportunities, RecentOpportunities, SelectedTexts, take_distinct
from viral_assets.scoring.posting_hours import PostingHours
from viral_assets.scoring.similarity import Vectors
from viral_assets.text.phrases import BoolArray, IntArray, normalised
from viral_assets.vocabulary import CHOSEN, GATE_PASSED, GREEN, RED

_SCORED = ("project", "tweet_id", "window_start", "rank", "total", "label", "topic", "why")
Reasons = npt.NDArray[np.object_]

OPPORTUNITY_COLUMNS = (*_SCORED, "from_id", "from_handle")
"""Of the table ``comment_opportunities``."""


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
    engagement: Engagement = field(default_factory=Engagement)

    @classmethod
    def of_project(cls, project: Project, *, duplicate_similarity: float) -> Self:
        """What the project's file says."""
        return cls(project.max_candidates, project.minima, duplicate_similarity, engagement=project.engagement)


@dataclass(frozen=True, slots=True)
class Selected:
    """``frame`` has :data:`OPPORTUNITY_COLUMNS`; ``read`` counts by hour what there was to select from, and ``dropped``
    by hour and :data:`~viral_assets.vocabulary.DROP_REASONS` what was left out: for each hour, read = selected +
    dropped.
    """

    frame: pd.DataFrame
    dropped: dict[datetime, Counter[str]]
    read: dict[datetime, int]
    reasons: Reasons
    """(n,), of each row: one of them, or ``chosen``."""
    objections: Mapping[int, Objection]
    """By row, what was in the way of those that have to wait for a turn."""

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
    engaged: EngagementHistory = NOTHING_ENGAGED,
) -> Selected:
    """Select the best tweets of each hour, in the order of the hours.

    The best tweet of a group that says the same thing is taken, and none if one like it was selected in an earlier
    hour of the last days; likewise the best of an author, and of a conversation. Hours selected in one call or one
    after the other give the same result.

    Args:
        scored: scores of ONE project joined with their tweets: the columns of ``tweet_scores`` and text,
            author_followers, like_count, view_count, author_id, author_handle and conversation_id, in any order. A
            figure that nobody knows is not below a minimum; what becomes of the tweet is said by
            ``options.minima.unknown``.
        vectors: (n, d), the embedding of each row's text.
        options: minima, cap and the rest.
        recent: opportunities of earlier windows. Those in a window that is selected now are passed over, because
            this selection replaces them.
        kept: ids of tweets that have suggestions already. They stay selected whatever the options say now, count
            towards the caps, and others are compared with them.
        engaged: the project's turns: of tweets that have suggestions, whenever that was, those in ``scored`` included;
            of others, as ``recent``.
    """
    hour_of, distinct_hours = pd.factorize(pd.to_datetime(scored["window_start"], utc=True), sort=True)
    hours = [hour.to_pydatetime() for hour in distinct_hours]
    earlier = EarlierOpportunities(recent, replaced=hours)
    seen = SelectedTexts(room=len(recent.windows) + len(scored), dimensions=vectors.shape[1])
    reasons = own_obstacles(scored, options)
    is_kept = scored["tweet_id"].isin(set(kept)).to_numpy(dtype=np.bool_)
    order = best_first(scored)
    texts = scored["text"].tolist()
    engaged = engaged.but_for(set(hours))
    turns, turn_of = (
        EngagementTurns(options.engagement, engaged.turns),
        turn_of_rows(scored, [hours[at] for at in hour_of]),
    )
    objections: dict[int, Objection] = {}
    posting, chosen = PostingHours(options.engagement), dict(engaged.chosen)
    kept_of = {**engaged.kept, **{hour: int((is_kept & (hour_of == at)).sum()) for at, hour in enumerate(hours)}}

    def objection(row: int) -> str:
        if found := turns.objection(turn_of(row)):
            objections[row] = found
        return found.reason if found else ""

    selected_rows: list[IntArray] = []
    dropped: dict[datetime, Counter[str]] = {}
    read: dict[datetime, int] = {}
    for number, hour in enumerate(hours):
        in_hour = order[hour_of[order] == number]
        read[hour] = len(in_hour)
        keep = in_hour[is_kept[in_hour]]
        others = in_hour[~is_kept[in_hour]]
        candidates = others[reasons[others] == ""]

        for window, phrases, known_vectors in earlier.before(hour):
            seen.add(window, phrases, known_vectors)
        seen.begin(hour, since=hour - options.memory)
        seen.add(hour, [normalised(texts[row]) for row in keep], vectors[keep])
        if posting.is_quiet(hour):
            reasons[candidates] = "quiet"
            candidates = candidates[:0]
        room, room_of_day = options.max_candidates - len(keep), posting.room(hour, chosen, kept_of)
        full = "over_the_cap"
        if room_of_day is not None and room_of_day - len(keep) < room:
            room, full = room_of_day - len(keep), "day_cap"
        taken, passed_over = take_distinct(
            candidates,
            texts,
            vectors,
            seen,
            hour=hour,
            room=max(0, room),
            similarity=options.duplicate_similarity,
            objection=objection,
            take=lambda row: turns.take(turn_of(row)),
        )

        selected_rows.append(in_hour[np.isin(in_hour, np.concatenate([keep, taken]))])
        chosen[hour] = len(keep) + len(taken)
        for row, reason in passed_over.items():
            reasons[row] = reason
        reasons[candidates[reasons[candidates] == ""]] = full
        reasons[keep], reasons[taken] = CHOSEN, CHOSEN
        dropped[hour] = Counter(reasons[in_hour].tolist())
        del dropped[hour][CHOSEN]
    return Selected(_as_opportunities(scored, selected_rows), dropped, read, reasons, objections)


def own_obstacles(scored: pd.DataFrame, options: SelectionOptions) -> Reasons:
    """The first reason (n,) against each tweet that its own row tells; empty for a candidate."""
    obstacle = np.full(len(scored), "", dtype=np.object_)
    below, unknown = _below_minima(scored, options.minima)
    if options.minima.unknown == "fail":
        obstacle[unknown] = "unknown"
    obstacle[below] = "minima"
    obstacle[scored["relevance"].to_numpy(dtype=np.float64) < options.minima.relevance] = "relevance"
    label = scored["label"].to_numpy(dtype=np.object_)
    if options.greens_only:
        obstacle[label != GREEN] = "label"
    elif options.skip_low_scores:
        obstacle[label == RED] = "label"
    gate = scored["gate"].to_numpy(dtype=np.object_)
    if options.use_gate:
        obstacle[gate != GATE_PASSED] = "gate"
    unsafe = scored["unsafe"].fillna("").to_numpy(dtype=np.object_)
    # What is not safe stays out whatever the options; the gate's other reasons against a tweet come before.
    counted = (unsafe != "") & ((gate == NOT_SAFE) | (obstacle != "gate"))
    obstacle[counted] = unsafe[counted]
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


def best_first(scored: pd.DataFrame) -> IntArray:
    """Row numbers by falling total; of equal ones, the older tweet (the smaller id) first."""
    ids = scored["tweet_id"].to_numpy(dtype=np.str_)
    return np.lexsort((ids, np.char.str_len(ids), -scored["total"].to_numpy(dtype=np.float64)))


def _as_opportunities(scored: pd.DataFrame, selected_rows: Sequence[IntArray]) -> pd.DataFrame:
    """The selected_rows rows, hour by hour and best first, with their rank in the hour."""
    rows = np.concatenate([np.empty(0, dtype=np.int64), *selected_rows])
    ranks = np.concatenate([np.empty(0, dtype=np.int64), *(np.arange(1, len(hour) + 1) for hour in selected_rows)])
    chosen = scored.iloc[rows].assign(rank=ranks)
    pairs = zip(chosen["author_id"], chosen["author_handle"], strict=True)
    authors = [Author.of(*map(known_text, each)) for each in pairs]
    # None where unknown, whatever pandas makes of a column of them.
    return chosen.assign(
        from_id=pd.Series([author.id or None for author in authors], chosen.index, dtype=object),
        from_handle=pd.Series([author.handle or None for author in authors], chosen.index, dtype=object),
    )[list(OPPORTUNITY_COLUMNS)].reset_index(drop=True)
