"""What a project would choose of tweets that are stored, by its file as it is now. Nothing is written.

Hour by hour, so that a week of many tweets takes the memory of its largest hour; what was chosen is remembered as
long as a run would remember it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from viral_assets.choosing.hours import earlier_opportunities, score_hours, select_hours
from viral_assets.context import NO_CONTEXT
from viral_assets.embedding.cache import NotEmbeddedError, UnsavedEmbedder
from viral_assets.generation.opportunity import Opportunity
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.model import Project
from viral_assets.queries.engaged import read_engaged
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.resemblance import Resemblance
from viral_assets.scoring.engagement import CONVERSATION, EngagementHistory, turn_of_rows
from viral_assets.scoring.near_duplicates import RecentOpportunities
from viral_assets.scoring.objections import own_objection
from viral_assets.scoring.selection import Selected, SelectionOptions
from viral_assets.store.engine import Database
from viral_assets.store.references import read_contexts
from viral_assets.store.tweet_frames import read_tweets
from viral_assets.store.tweets import count_by_hour
from viral_assets.vocabulary import CHOSEN, DROP_REASONS, GATE_PASSED, LABELS, Label

EXAMPLES = 10
"""Tweets shown of each label, the best first."""


@dataclass(frozen=True, slots=True)
class RehearsedTweet:
    """A tweet that passed the gate, and what became of it. ``against`` is the first thing against it, in words; empty
    where it is chosen."""

    total: float
    tweet_id: str
    window_start: datetime
    author_handle: str
    text: str
    topic: str
    why: str
    chosen: bool
    against: str


@dataclass(slots=True)
class Rehearsal:
    """What would have been chosen.

    ``labels`` and ``topics`` count the tweets that passed the gate, topics by the one that is nearest; ``dropped``
    counts the others by :data:`~viral_assets.vocabulary.DROP_REASONS`, ``gate`` those that did not pass it by the
    reason of the gate: read = chosen + dropped. ``hours`` and ``days`` (UTC) are those with tweets; ``skipped`` are
    hours whose tweets have no vectors yet.
    """

    hours: int = 0
    days: set[date] = field(default_factory=set)
    skipped: int = 0
    read: int = 0
    chosen: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    gate: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    chosen_of_topics: Counter[str] = field(default_factory=Counter)
    examples: dict[Label, list[RehearsedTweet]] = field(default_factory=lambda: {label: [] for label in LABELS})


OnHour = Callable[[int, int], None]
"""Told after each hour: hours done, and hours in all."""

OnDay = Callable[[date, Sequence[Opportunity]], None]
"""Given what was chosen of each day (UTC), the days in order."""


def rehearse(
    database: Database,
    project: Project,
    embedder: UnsavedEmbedder,
    hours: HourRange,
    *,
    resemblance: Resemblance | None = None,
    closer_look: CloserLook | None = None,
    on_day: OnDay = lambda _day, _chosen: None,
    on_hour: OnHour = lambda _done, _of: None,
) -> Rehearsal:
    """Score and select the tweets of ``hours`` anew, as runs of these hours one after the other would.

    What was chosen and answered in the days before ``hours`` keeps tweets like it, and of the same authors, out, as it
    does in a run. What came of the tweets of ``hours`` themselves counts for nothing: this is about the project file.

    Args:
        embedder: the project's.
        resemblance, closer_look: what tells sensitive tweets, as runs have it.
    """
    found = Rehearsal()
    options = SelectionOptions.of_project(project, duplicate_similarity=embedder.calibration.near_duplicate)
    with database.read() as connection:
        windows = count_by_hour(connection, project=project.name)
        engaged = _before(read_engaged(connection, project.name, options.engagement, hours), hours.start)
    filled = [hour for hour in windows if hours.start <= hour < hours.end]
    try:
        recent = earlier_opportunities(database, project.name, hours.start, options.memory, embedder)
    except NotEmbeddedError:
        recent = RecentOpportunities.none(embedder.dimensions)
    reach = max(timedelta(days=options.engagement.author_days), CONVERSATION)
    today: list[Opportunity] = []
    for done, hour in enumerate(filled, 1):
        if today and today[0].window_start.date() != hour.date():
            on_day(today[0].window_start.date(), today)
            today = []
        embedder.forget()
        window = HourRange(hour, hour + HOUR)
        recent = _since(recent, hour - options.memory)
        try:
            scores = score_hours(project, database, window, embedder, resemblance=resemblance, closer_look=closer_look)
            scored = _with_tweets(database, project, window, scores)
            selected = select_hours(scored, embedder, options, recent=recent, engaged=engaged)
        except NotEmbeddedError:
            found.skipped += 1
        else:
            chosen = scored.merge(selected.frame[["tweet_id", "rank"]], on="tweet_id").sort_values("rank")
            _count(found, project, scored, chosen, selected, hour)
            recent = _with(recent, chosen, embedder, hour)
            engaged = _also(engaged, chosen, hour, reach)
            today += _opportunities(database, chosen, project, hour)
        on_hour(done, len(filled))
    if today:
        on_day(today[0].window_start.date(), today)
    embedder.forget()
    for label, heap in found.examples.items():
        found.examples[label] = sorted(heap, key=_by_total, reverse=True)
    return found


def _with_tweets(database: Database, project: Project, window: HourRange, scores: pd.DataFrame) -> pd.DataFrame:
    with database.read() as connection:
        tweets = read_tweets(connection, window, project=project.name).drop(columns="window_start")
    return scores.merge(tweets, on="tweet_id", validate="one_to_one")


def _count(
    found: Rehearsal,
    project: Project,
    scored: pd.DataFrame,
    chosen: pd.DataFrame,
    selected: Selected,
    hour: datetime,
) -> None:
    passed = scored[scored["gate"] == GATE_PASSED]
    found.hours += 1
    found.days.add(hour.date())
    found.read += len(scored)
    found.chosen += len(chosen)
    found.dropped.update(sum(selected.dropped.values(), Counter[str]()))
    found.gate.update(scored.loc[scored["gate"] != GATE_PASSED, "gate"].tolist())
    found.labels.update(passed["label"].tolist())
    found.topics.update(passed["topic"].tolist())
    found.chosen_of_topics.update(chosen["topic"].tolist())
    for label in LABELS:
        best = passed[passed["label"] == label].nlargest(EXAMPLES, "total")
        heap = found.examples[label]
        heap += [
            _example(row, hour, _against(place, row, selected, project))
            for place, row in zip(best.index.tolist(), best.to_dict("records"), strict=True)
        ]
        found.examples[label] = heapq.nlargest(EXAMPLES, heap, key=_by_total)


def _by_total(example: RehearsedTweet) -> tuple[float, str]:
    return example.total, example.tweet_id


def _against(place: int, row: Mapping[Hashable, Any], selected: Selected, project: Project) -> str:
    """The first thing against the tweet at a place of what was selected from; empty where it is chosen."""
    reason = str(selected.reasons[place])
    if reason == CHOSEN:
        return ""
    if objection := selected.objections.get(place):
        return f"{DROP_REASONS[reason]}: tweet {objection.turn.tweet_id}"
    return own_objection(reason, {str(name): None if pd.isna(value) else value for name, value in row.items()}, project)


def _example(row: Mapping[Hashable, Any], hour: datetime, against: str) -> RehearsedTweet:
    return RehearsedTweet(
        total=float(row["total"]),
        tweet_id=str(row["tweet_id"]),
        window_start=hour,
        author_handle=str(row["author_handle"] or ""),
        text=str(row["text"]),
        topic=str(row["topic"]),
        why=str(row["why"]),
        chosen=not against,
        against=against,
    )


def _since(recent: RecentOpportunities, first: datetime) -> RecentOpportunities:
    """Without what no run would remember any more."""
    kept = [at for at, window in enumerate(recent.windows) if window >= first]
    if len(kept) == len(recent.windows):
        return recent
    return RecentOpportunities(
        [recent.texts[at] for at in kept], recent.vectors[kept], [recent.windows[at] for at in kept]
    )


def _with(
    recent: RecentOpportunities, chosen: pd.DataFrame, embedder: UnsavedEmbedder, hour: datetime
) -> RecentOpportunities:
    vectors = embedder.embed(chosen["text"].tolist(), chosen["text_sha256"].tolist())
    return RecentOpportunities(
        [*recent.texts, *chosen["text"]],
        np.concatenate([recent.vectors, vectors]),
        [*recent.windows, *[hour] * len(chosen)],
    )


def _before(engaged: EngagementHistory, start: datetime) -> EngagementHistory:
    """What is known when the first hour begins."""
    return EngagementHistory(
        [turn for turn in engaged.turns if turn.hour < start],
        {hour: count for hour, count in engaged.chosen.items() if hour < start},
        {hour: count for hour, count in engaged.kept.items() if hour < start},
    )


def _also(engaged: EngagementHistory, chosen: pd.DataFrame, hour: datetime, reach: timedelta) -> EngagementHistory:
    """With what an hour has chosen, and without the turns that are over."""
    turn_of = turn_of_rows(chosen, [hour] * len(chosen))
    lasting = [turn for turn in engaged.turns if turn.until + reach > hour]
    return EngagementHistory(
        [*lasting, *map(turn_of, range(len(chosen)))], {**engaged.chosen, hour: len(chosen)}, engaged.kept
    )


def _opportunities(database: Database, chosen: pd.DataFrame, project: Project, hour: datetime) -> list[Opportunity]:
    types = tuple(kind.name for kind in project.suggestion_types)
    with database.read() as connection:
        contexts = read_contexts(connection, chosen["tweet_id"].tolist())
    return [
        Opportunity(
            project=project.name,
            tweet_id=row["tweet_id"],
            window_start=hour,
            text=row["text"],
            topic=row["topic"],
            suggestion_types=types,
            author_handle=row["author_handle"],
            lang=row["lang"],
            context=contexts.get(row["tweet_id"], NO_CONTEXT),
        )
        for row in chosen.to_dict("records")
    ]
