"""Replies that people stood behind, as examples of the project's voice.

Few and different from each other: a prompt that shows five replies of one pattern gets nothing but that pattern. The
texts were drafted by a model that had read untrusted tweets, so that each has to pass the rules for suggestions once
more, whoever approved it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import Project
from viral_assets.queries.feedback import read_chosen_replies
from viral_assets.text.display import one_line
from viral_assets.vocabulary import APPROVED, EDITED, EXPORTED, POSTED

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_NEW = 5
MOST_IN_ALL = 10
"""Good examples a voice has after this: every one of them is paid for with every request."""

CONSIDERED = 500

ALIKE = 60.0
"""Of 100, by shared words: texts more alike than this are one example."""

# What a person wrote says most about the voice; what was posted more than what was only approved.
_STATUS_ORDER: Mapping[str, int] = {EDITED: 0, POSTED: 1, APPROVED: 2, EXPORTED: 2}


@dataclass(frozen=True, slots=True)
class VoiceExample:
    """A text somebody stood behind, and the tweet it answers. ``rewritten``: a person changed what the model wrote."""

    text: str
    suggestion_type: str
    status: str
    rewritten: bool
    tweet: str


def read_approved(connection: Connection, project: str, since: datetime) -> list[VoiceExample]:
    """What was edited, posted or approved of late; the latest decisions first."""
    return [
        VoiceExample(
            one_line(each.text),
            each.suggestion_type,
            each.status,
            each.rewritten,
            one_line(each.tweet),
        )
        for each in read_chosen_replies(connection, project, since, tuple(_STATUS_ORDER), limit=CONSIDERED)
    ]


def choose_examples(approved: Iterable[VoiceExample], project: Project) -> list[VoiceExample]:
    """At most :data:`MOST_NEW`, the best first: rewritten by a person before posted before approved, each unlike the
    others and unlike the examples there are, and of different types before two of one."""
    voice = project.voice
    room = min(MOST_NEW, MOST_IN_ALL - len(voice.good_examples))
    rules = QualityFilter(project)
    waiting = sorted(
        (each for each in approved if rules.check(_about(each, project), each.text) is None),
        key=lambda each: (not each.rewritten, _STATUS_ORDER[each.status]),
    )
    chosen: list[VoiceExample] = []
    known = [*voice.good_examples, *voice.bad_examples]
    while len(chosen) < room:
        waiting = [each for each in waiting if all(not _alike(each.text, text) for text in known)]
        if not waiting:
            break
        used = Counter(each.suggestion_type for each in chosen)
        # The first of those whose type is used least: the order within stays.
        best = min(waiting, key=lambda each: used[each.suggestion_type])
        chosen.append(best)
        known.append(best.text)
    return chosen


def _about(example: VoiceExample, project: Project) -> Opportunity:
    return Opportunity(
        project=project.name,
        tweet_id="0",
        window_start=datetime.min.replace(tzinfo=UTC),
        text=example.tweet,
        topic="",
        suggestion_types=(example.suggestion_type,),
    )


def _alike(one: str, other: str) -> bool:
    return fuzz.token_set_ratio(one.casefold(), other.casefold()) > ALIKE
