"""Hours that were selected, selected once more in memory: the one way to know what was against a tweet in particular.

The rules are those of ``scoring``, and what they are applied to is read as for a run. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
import sqlalchemy as sa

from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.model import Project
from viral_assets.queries.engaged import read_engaged
from viral_assets.scoring.near_duplicates import RecentOpportunities, closest
from viral_assets.scoring.objections import own_objection
from viral_assets.scoring.posting_hours import PostingHours
from viral_assets.scoring.selection import Selected, SelectionOptions, best_first, own_obstacles, select_opportunities
from viral_assets.scoring.similarity import Vectors
from viral_assets.store.conditions import FoundByHour
from viral_assets.store.frames import read_frame
from viral_assets.store.opportunities import read_chosen_texts
from viral_assets.store.tables import comment_opportunities, tweet_scores, tweets
from viral_assets.store.taken import read_kept
from viral_assets.text.phrases import normalised
from viral_assets.vocabulary import CHOSEN, DROP_REASONS

NOTHING: Final = "nothing"
"""Where the run that chose left a tweet out, and the project as it is now would not."""

_OF_TWEET = (
    *("text", "text_sha256", "lang", "author_id", "author_handle", "author_followers"),
    *("like_count", "view_count", "conversation_id"),
)


class VectorSource(Protocol):
    """Vectors that are known already."""

    near_duplicate: float

    def read(self, connection: sa.Connection, hashes: Sequence[str]) -> Vectors:
        """Rows (n, d); zeros for what is not known."""


@dataclass(frozen=True, slots=True)
class FirstObjection:
    """The first thing against a tweet.

    ``reason`` is of :data:`~viral_assets.vocabulary.DROP_REASONS`, ``chosen``, or :data:`NOTHING`; ``words`` has the
    particular. Where another tweet is in the way, ``other`` is its id and ``until`` when it no longer is.
    """

    reason: str
    words: str
    other: str = ""
    until: datetime | None = None


class Reselection:
    """Hours of one project, selected once more.

    Args:
        scored: of these hours, as far down as is asked.
        chosen: ids of the tweets that are stored as chosen.
        candidates: the rows of ``scored`` that nothing of their own is against, or that are chosen.
        vectors: (n, d), of ``candidates``.
        selected: what became of ``candidates``.
        earlier: what was chosen in the days before, with its vectors.
    """

    def __init__(
        self,
        project: Project,
        options: SelectionOptions,
        scored: pd.DataFrame,
        chosen: Collection[str],
        candidates: pd.DataFrame,
        vectors: Vectors,
        selected: Selected,
        earlier: tuple[pd.DataFrame, Vectors],
    ) -> None:
        self._project, self._options, self._chosen = project, options, chosen
        self._scored = scored
        self._number_of = {tweet_id: number for number, tweet_id in enumerate(scored["tweet_id"])}
        self._own = dict(zip(scored["tweet_id"], own_obstacles(scored, options), strict=True))
        self._candidates, self._vectors, self._selected = _with_phrases(candidates), vectors, selected
        self._candidates["place"] = np.argsort(best_first(candidates))
        self._row_of = {tweet_id: row for row, tweet_id in enumerate(candidates["tweet_id"])}
        self._earlier, self._earlier_vectors = _with_phrases(earlier[0]), earlier[1]

    def against(self, tweet_id: str) -> FirstObjection | None:
        """What is against a tweet of these hours; None where it has no score."""
        if tweet_id not in self._own:
            return None
        if tweet_id in self._chosen:
            return FirstObjection(CHOSEN, CHOSEN)
        if own := self._own[tweet_id]:
            return FirstObjection(
                own, own_objection(own, _known(self._scored.iloc[self._number_of[tweet_id]]), self._project)
            )
        row = self._row_of[tweet_id]
        reason = str(self._selected.reasons[row])
        if reason == CHOSEN:
            return FirstObjection(
                NOTHING,
                "nothing is against it as the project is now: the run that chose for this hour had other options or "
                "an earlier project file; the next run of the hour takes it",
            )
        if objection := self._selected.objections.get(row):
            turn = objection.turn
            answered = f", answered {_time(turn.until)}" if turn.until > turn.hour else ""
            words = f"{DROP_REASONS[reason]}: tweet {turn.tweet_id} of {_time(turn.hour)}{answered}; until "
            return FirstObjection(reason, words + _time(objection.until), turn.tweet_id, objection.until)
        if reason == "duplicate":
            return self._duplicate(row)
        return FirstObjection(reason, self._of_hour(reason, row))

    def _duplicate(self, row: int) -> FirstObjection:
        hour, rows = self._candidates["window_start"][row], self._candidates
        since = hour - self._options.memory
        said = (self._selected.reasons == CHOSEN) & (rows["window_start"] >= since) & (rows["window_start"] < hour)
        said |= (self._selected.reasons == CHOSEN) & (rows["window_start"] == hour) & self._before(row)
        before = (self._earlier["window_start"] >= since) & (self._earlier["window_start"] < hour)
        before &= ~self._earlier["window_start"].isin(rows["window_start"].unique())
        for frame, vectors in (
            (rows[said], self._vectors[said.to_numpy()]),
            (self._earlier[before], self._earlier_vectors[before.to_numpy()]),
        ):
            found = closest(
                rows["phrase"][row],
                self._vectors[row : row + 1],
                frame["phrase"].tolist(),
                vectors,
                self._options.duplicate_similarity,
            )
            if found:
                other = frame.iloc[found[0]]
                how = "in the same words" if found[1] is None else f"similarity {found[1]:.2f}"
                when = _time(other["window_start"].to_pydatetime())
                words = f"says what tweet {other['tweet_id']} of {when} says ({how})"
                until = (other["window_start"] + self._options.memory).to_pydatetime()
                return FirstObjection("duplicate", words, other["tweet_id"], until)
        return FirstObjection("duplicate", DROP_REASONS["duplicate"])

    def _of_hour(self, reason: str, row: int) -> str:
        hour, engagement = self._candidates["window_start"][row].to_pydatetime(), self._options.engagement
        words = DROP_REASONS.get(reason, reason)
        if reason == "quiet":
            there = (hour + HOUR).astimezone(engagement.zone)
            return f"{words}: its hour ends on {there:%A, %Y-%m-%d at %H:%M} {engagement.time_zone}"
        same = (self._candidates["window_start"] == self._candidates["window_start"][row]) & self._before(row)
        rank = 1 + int((same & pd.Series(self._selected.reasons).isin([CHOSEN, reason])).sum())
        place = f"number {rank:,} by score of what else could be chosen"
        if reason == "day_cap":
            day = PostingHours(engagement).day(hour)
            return f"{words}: {place}, on {day} (engagement.replies_per_day: {engagement.replies_per_day:,})"
        return f"{words}: {place} (max_candidates: {self._options.max_candidates:,})"

    def _before(self, row: int) -> pd.Series[bool]:
        """Which candidates come before a row's by score; of equal ones, the older."""
        before: pd.Series[bool] = self._candidates["place"] < self._candidates["place"][row]
        return before


def reselect(
    connection: sa.Connection, project: Project, asked: Mapping[datetime, float], vectors: VectorSource
) -> Reselection:
    """Select hours of a project as a run would.

    A run keeps what has suggestions already, which the run that chose first did not; so the latter is tried first, and
    believed if it chooses what is stored. What comes after a tweet by score is not in its way, so no more is read than
    that.

    Args:
        asked: at least one hour that has scores, each with the lowest total that is asked about.
    """
    name = project.name
    options = SelectionOptions.of_project(project, duplicate_similarity=vectors.near_duplicate)
    whole = HourRange(min(asked), max(asked) + HOUR)
    scored = read_scored(connection, name, asked)
    kept = read_kept(connection, whole, name)
    chosen = _chosen(connection, name, asked)
    candidates = scored[(own_obstacles(scored, options) == "") | scored["tweet_id"].isin(chosen | kept)]
    earlier = read_chosen_texts(connection, name, whole.start - options.memory, whole.end - HOUR)
    earlier_vectors = vectors.read(connection, earlier["text_sha256"].tolist())
    recent = RecentOpportunities(
        earlier["text"].tolist(), earlier_vectors, [hour.to_pydatetime() for hour in earlier["window_start"]]
    )
    engaged = read_engaged(connection, name, options.engagement, whole, with_hours=True)
    of_candidates = vectors.read(connection, candidates["text_sha256"].tolist())

    def select(kept: Collection[str]) -> Selected:
        return select_opportunities(
            candidates, of_candidates, options=options, recent=recent, kept=kept, engaged=engaged
        )

    selected = select(frozenset())
    if set(selected.frame["tweet_id"]) != chosen:
        selected = select(kept)
    return Reselection(
        project, options, scored, chosen, candidates, of_candidates, selected, (earlier, earlier_vectors)
    )


def read_scored(connection: sa.Connection, project: str, asked: Mapping[datetime, float]) -> pd.DataFrame:
    """The scores of these hours, down to a total each and those of chosen tweets below it, with what a selection asks
    of their tweets."""
    scores, opportunity = tweet_scores.c, comment_opportunities.c
    chosen = sa.exists().where(opportunity.project == scores.project, opportunity.tweet_id == scores.tweet_id)
    high = sa.or_(*(sa.and_(scores.window_start == hour, scores.total >= total) for hour, total in asked.items()))
    query = (
        sa.select(tweet_scores, *(tweets.c[name] for name in _OF_TWEET))
        .join_from(tweet_scores, tweets, tweets.c.tweet_id == scores.tweet_id)
        .where(FoundByHour(scores.project) == project, scores.window_start.in_(sorted(asked)), sa.or_(high, chosen))
    )
    return read_frame(connection, query)


def _chosen(connection: sa.Connection, project: str, hours: Collection[datetime]) -> set[str]:
    opportunity = comment_opportunities.c
    query = sa.select(opportunity.tweet_id).where(
        FoundByHour(opportunity.project) == project, opportunity.window_start.in_(sorted(hours))
    )
    return set(connection.execute(query).scalars())


def _with_phrases(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True).assign(phrase=[normalised(text) for text in frame["text"]])


def _known(row: pd.Series[Any]) -> Mapping[str, Any]:
    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def _time(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
