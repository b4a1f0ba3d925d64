"""Which edits a tweet's prompt shows: what people made of drafts about the tweets that are most like it.

The idea, to show a model edits of nearby contexts, is that of CIPHER (Gao and others, "Aligning LLM Agents by Learning
Latent Preference from User Edits", NeurIPS 2024). Likeness is that of the vectors that are stored anyway; nothing is
embedded for it, and a tweet without a vector gets none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.opportunity import Edit, Opportunity, TweetKey
from viral_assets.generation.run.results import SAID_LATELY
from viral_assets.projects.model import Project
from viral_assets.store.edits import EditedReply, models_with_vectors, read_edited
from viral_assets.store.vectors import read_vectors
from viral_assets.text.hashing import text_hash

LEAST_EDITS = 5
"""That a project has before any is shown: one or two are nobody's habit."""

MOST_CONSIDERED = 300

EDITS_A_TWEET = 2


def with_nearest_edits(
    connection: sa.Connection, opportunities: Sequence[Opportunity], projects: Mapping[str, Project], *, now: datetime
) -> list[Opportunity]:
    """The same opportunities, with the edits nearest to each where the project wants any.

    Only edits of as long ago as replies are remembered (:data:`~viral_assets.generation.run.results.SAID_LATELY`): a
    draft that repeats one that it was shown is found by that.
    """
    found: dict[TweetKey, tuple[Edit, ...]] = {}
    for project in {each.project for each in opportunities}:
        if projects[project].voice.learn_from_edits:
            mine = [each for each in opportunities if each.project == project]
            found |= _nearest_of_project(connection, mine, projects[project], now)
    return [replace(each, edits=found.get(each.key, ())) for each in opportunities]


def _nearest_of_project(
    connection: sa.Connection, opportunities: Sequence[Opportunity], project: Project, now: datetime
) -> dict[TweetKey, tuple[Edit, ...]]:
    found = read_edited(connection, project.name, since=now - SAID_LATELY, most=MOST_CONSIDERED)
    edited = presentable(found, project) if len(found) >= LEAST_EDITS else []
    if len(edited) < LEAST_EDITS:
        return {}
    hashes = {each.key: text_hash(each.text) for each in opportunities}
    wanted = [*hashes.values(), *(each.tweet_hash for each in edited)]
    by_model = (read_vectors(connection, model, wanted) for model in models_with_vectors(connection))
    # Of several embedders the one that knows most of them; cosines of different ones are not comparable.
    vectors = max(by_model, key=len, default={})
    edited = [each for each in edited if each.tweet_hash in vectors]
    if not edited:
        return {}
    matrix = np.stack([vectors[each.tweet_hash] for each in edited])
    return {
        each.key: nearest(
            np.einsum("ed,d->e", matrix, vectors[hashes[each.key]], optimize=False), each.tweet_id, edited
        )
        for each in opportunities
        if hashes[each.key] in vectors
    }


def presentable(found: Sequence[EditedReply], project: Project) -> list[EditedReply]:
    """Those of which a draft may learn: what a person wrote and the rules forbid a model, say a link, it should not be
    shown. Of several for one tweet the latest, so that no tweet speaks for all."""
    rules = QualityFilter(project)
    latest: dict[str, EditedReply] = {}
    for each in found:
        if each.tweet_id not in latest and rules.check(_about(each, project), each.text) is None:
            latest[each.tweet_id] = each
    return list(latest.values())


def nearest(cosines: NDArray[np.float32], tweet_id: str, edited: Sequence[EditedReply]) -> tuple[Edit, ...]:
    """At most :data:`EDITS_A_TWEET`, those of the likest tweets first, but for the tweet's own.

    Args:
        cosines: of the tweet with those that were ``edited``, (n,).
    """
    order = np.argsort(-cosines, kind="stable")[: EDITS_A_TWEET + 1]
    others = [edited[at] for at in order if edited[at].tweet_id != tweet_id]
    return tuple(Edit(each.draft, each.text) for each in others[:EDITS_A_TWEET])


def _about(edited: EditedReply, project: Project) -> Opportunity:
    return Opportunity(
        project=project.name,
        tweet_id=edited.tweet_id,
        window_start=datetime.min.replace(tzinfo=UTC),
        text=edited.tweet,
        topic="",
        suggestion_types=(edited.suggestion_type,),
    )
