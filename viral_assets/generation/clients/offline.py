"""Suggestions without a language model, so that everything can be tried without a key.

They are put together from prepared sentences (``offline.yml``) and the label of the tweet's topic: varied, the same on
every machine, and marked as ``offline`` in every row they end up in. They repeat no words of the tweet, which nothing
here understands. They are no substitute for a model, and nothing here pretends that one was asked. The tweets of the
bundled sample have drafts that were written for them (``recorded.py``). Of wishes about a draft, those that can be
counted are fulfilled (``countable_wishes``).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from viral_assets.bundled import load_table
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.countable_wishes import CannotFulfil, fulfil
from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.drafting.recorded import recorded_draft
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import DraftToRevise, Opportunity
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.llm.tokens import estimate_tokens
from viral_assets.llm.types import Answer, Usage
from viral_assets.projects.model import Project
from viral_assets.safety.around import FlagsByRow, SafetyDetectors, with_flags_around
from viral_assets.safety.flag import flags_in_words
from viral_assets.safety.flags import find_flags
from viral_assets.text.cleaning import text_for_prompt
from viral_assets.text.language import languages_of
from viral_assets.text.phrases import TextColumn
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import LEAVE_OUT, OFFLINE

CANDIDATES = 200
"""Drafts of one suggestion that are tried until one fits the project's rules."""


class OfflineClient:
    """Answers at once, for nothing. The same requests in the same order get the same answers.

    It repeats nothing it has written before: asked again for the same tweet, it offers another draft.
    """

    provider = OFFLINE
    tiers: Collection[Tier] = (STANDARD,)
    batches = None
    key_fingerprint = OFFLINE

    def __init__(self) -> None:
        self._filters: dict[str, QualityFilter] = {}

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        """See :class:`~viral_assets.generation.clients.base.GenerationClient`. Never fails."""
        declined = _declined(request)
        items = [
            _no(each, declined[number])
            if number in declined
            else _revised(request.project, each, each.revision)
            if each.revision is not None
            else {
                "id": each.tweet_id,
                "suggestions": [
                    {"type": name, "text": self._suggestion(request.project, each, name)}
                    for name in each.suggestion_types
                ],
            }
            for number, each in enumerate(request.opportunities)
        ]
        text = json.dumps(items, ensure_ascii=False)
        return Answer(text, Usage(request.estimated_input_tokens, estimate_tokens(text)), "STOP")

    async def close(self) -> None:
        """Nothing to let go of."""

    def _suggestion(self, project: Project, opportunity: Opportunity, type_name: str) -> str:
        """The first draft that keeps the project's rules and repeats nothing this client has written."""
        if project.name not in self._filters:
            self._filters[project.name] = QualityFilter(project)
        rules = self._filters[project.name]
        recorded = recorded_draft(opportunity.text, type_name)
        drafts = chain([recorded] if recorded else [], _drafts(project, opportunity, type_name))
        fitting = (each for each in drafts if not rules.review(opportunity, type_name, each))
        return next(fitting, None) or next(_drafts(project, opportunity, type_name))


def _no(opportunity: Opportunity, why: str) -> dict[str, Any]:
    return {"id": opportunity.tweet_id, "answer": "no", "why": why, "suggestions": []}


def _revised(project: Project, opportunity: Opportunity, revision: DraftToRevise) -> dict[str, Any]:
    """What can be counted is done; for anything else the answer says that it takes a model."""
    try:
        text = fulfil(revision.wish, revision.text, shortest=project.generation.min_length)
    except CannotFulfil as reason:
        return _no(opportunity, str(reason))
    return {"id": opportunity.tweet_id, "suggestions": [{"type": opportunity.suggestion_types[0], "text": text}]}


def _declined(request: GenerationRequest) -> dict[int, str]:
    """Which of the tweets, or what they answer and quote, touch what the project leaves out, and what. Told by phrases:
    a model would tell more."""
    left_out = request.project.safety.categories(LEAVE_OUT)
    if not left_out:
        return {}
    texts = [each.text for each in request.opportunities]
    flags: FlagsByRow = find_flags(
        TextColumn(texts), languages_of([each.lang for each in request.opportunities], texts)
    )
    contexts = {row: each.context for row, each in enumerate(request.opportunities)}
    flags = with_flags_around(flags, contexts, SafetyDetectors())
    sensitive = {row: [flag for flag in found if flag.category in left_out] for row, found in flags.items()}
    return {row: flags_in_words(found) for row, found in sensitive.items() if found}


@functools.cache
def _sentences() -> dict[str, list[list[str]]]:
    loaded: dict[str, list[list[str]]] = load_table("viral_assets.generation.clients", "offline.yml")
    return loaded


def _drafts(project: Project, opportunity: Opportunity, type_name: str) -> Iterator[str]:
    """Drafts in an order that depends on nothing but the tweet and the type."""
    sentences = _sentences()
    parts = sentences.get(type_name, sentences["any"])
    limits = project.generation
    topic = _within_sentence(opportunity.topic)
    for attempt in range(CANDIDATES):
        seed = hashlib.sha256(f"{project.name}\0{opportunity.tweet_id}\0{type_name}\0{attempt}".encode()).digest()
        chosen = [part[int.from_bytes(seed[4 * i : 4 * i + 4]) % len(part)] for i, part in enumerate(parts)]
        filled = [_filled(sentence, topic) for sentence in chosen]
        spare = (_filled(sentence, topic) for sentence in parts[-1] if sentence not in chosen)
        yield _fitted(filled, spare, limits.min_length, limits.max_length)


def _filled(sentence: str, topic: str) -> str:
    sentence = sentence.replace("{topic}", topic)
    return sentence[0].upper() + sentence[1:]


def _within_sentence(topic: str) -> str:
    topic = _plain(topic)
    return topic[0].lower() + topic[1:] if topic[1:2].islower() else topic


def _plain(label: str) -> str:
    """A label as it may stand in a sentence."""
    return text_for_prompt(re.sub(r"[^\w\s&'’-]", " ", label)) or "this"


def _fitted(sentences: Sequence[str], spare: Iterator[str], shortest: int, longest: int) -> str:
    """The sentences, fewer or more of them to get within the limits; ``spare`` has more.

    A single sentence that is too long loses its last words.
    """
    chosen = list(sentences)
    while text_weight(" ".join(chosen)) < shortest and (another := next(spare, None)) is not None:
        chosen.append(another)
    while len(chosen) > 1 and text_weight(" ".join(chosen)) > longest:
        chosen.pop()
    text = " ".join(chosen)
    if text_weight(text) <= longest:
        return text
    words = chosen[0].split()
    while len(words) > 1 and text_weight(" ".join(words) + "…") > longest:
        words.pop()
    return " ".join(words) + "…"
