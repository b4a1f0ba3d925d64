"""What an answer means for the tweets it is about: accepted, to be asked again, or ended. Saves nothing itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.quality import QualityFilter, load_detector
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.backoff import full_jitter
from viral_assets.generation.run.queue import AcceptedSuggestion, Item
from viral_assets.generation.run.results import TweetResult
from viral_assets.projects.model import Project
from viral_assets.text.cleaning import models_reply
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import Outcome

MAX_ATTEMPTS = 8
"""Requests that may come to nothing for a tweet. With one in eight failing, one tweet in 17 million is given up."""

QUALITY_ATTEMPTS = 2
"""Requests that may be spent on a tweet whose suggestions the quality filter rejects."""

ALONE_AFTER_FAILURES = 2
"""A tweet left out of answers so often is asked about alone."""


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """Where an answer comes from."""

    request_id: str
    provider: str
    model: str


@dataclass(slots=True)
class AnswerOutcome:
    """What became of an answer's tweets. ``rejections`` are (tweet, rule) of suggestions that did not pass."""

    ended: list[TweetResult] = field(default_factory=list)
    again: list[Item] = field(default_factory=list)
    rejections: list[tuple[Opportunity, str]] = field(default_factory=list)

    @property
    def partial(self) -> list[TweetResult]:
        """What tweets that are asked again have already, in case this process does not live to see the rest."""
        return [result_of(item, "deferred", "partly answered") for item in self.again if item.accepted]


class AnswerProcessor:
    """Receives answers for one run.

    Args:
        projects: their quality filters remember what the run has accepted.
        clock: the executor's, in seconds.
        rng: for backoff.
    """

    def __init__(self, projects: Mapping[str, Project], *, clock: Callable[[], float], rng: random.Random) -> None:
        self._filters = {name: QualityFilter(project) for name, project in projects.items()}
        self._clock, self._rng = clock, rng

    def prepare(self) -> None:
        """Load what judging needs, before a request is under way whose answer would wait for it."""
        load_detector()

    def remember(self, project: str, texts: Sequence[str]) -> None:
        """Suggestions that exist already: nothing too similar is accepted."""
        for text in texts:
            self._filters[project].remember(text)

    def process(self, items: Sequence[Item], text: str, *, source: AnswerSource, spare_quota: bool) -> AnswerOutcome:
        """Parse an answer about these tweets and keep what is good.

        Args:
            source: written into every suggestion.
            spare_quota: a request more costs no waiting. Without it, a tweet that has at least one good suggestion
                is not asked about again only because others were not good enough.
        """
        parsed = parse_answer(text, [still_asked(item) for item in items])
        problem = parsed.problems[0] if parsed.problems else "the answer leaves this tweet out"
        processed = AnswerOutcome()
        unmentioned: list[Item] = []
        for item in items:
            item.attempts += 1
            offered = parsed.suggestions.get(item.opportunity.tweet_id, {})
            rules = self._review(item, offered, source)
            processed.rejections.extend((item.opportunity, rule) for rule in rules)
            if not item.missing:
                processed.ended.append(result_of(item, "done"))
            elif rules:
                item.quality_attempts += 1
                if item.quality_attempts < QUALITY_ATTEMPTS and (spare_quota or not item.accepted):
                    processed.again.append(item)
                    continue
                missing = "; ".join(f"{kind}: {item.complaints.get(kind, problem)}" for kind in item.missing)
                processed.ended.append(result_of(item, "filtered", missing))
            else:
                unmentioned.append(item)
        self._delay(unmentioned)
        for item in unmentioned:
            if item.failures >= ALONE_AFTER_FAILURES:
                item.largest_pack = 1
            if item.failures < MAX_ATTEMPTS:
                processed.again.append(item)
            else:
                processed.ended.append(result_of(item, "failed", f"{problem} ({item.attempts} attempts)"))
        return processed

    def unanswered(self, items: Sequence[Item], problem: str, *, last_answer: float) -> AnswerOutcome:
        """A request that came to nothing.

        Args:
            last_answer: when the service last answered anything, on the same clock. A tweet that never gets an
                answer while others do is given up; otherwise it is the service's fault, and a later run asks again.
        """
        processed = AnswerOutcome()
        self._delay(items)
        for item in items:
            item.attempts += 1
            if item.failures < MAX_ATTEMPTS:
                processed.again.append(item)
                continue
            outcome: Outcome = "failed" if item.failed_since < last_answer else "deferred"
            processed.ended.append(result_of(item, outcome, f"{problem} ({item.attempts} attempts)"))
        return processed

    def _delay(self, items: Sequence[Item]) -> None:
        """Count a failure: the tweets are asked about again a little later, the longer the more often they failed.

        What failed in one request may come back in one, which needs no more of the quota.
        """
        if not items:
            return
        now = self._clock()
        for item in items:
            if not item.failures:
                item.failed_since = now
            item.failures += 1
        later = now + full_jitter(max(item.failures for item in items), self._rng)
        for item in items:
            item.not_before = later

    def _review(self, item: Item, offered: Mapping[str, str], source: AnswerSource) -> list[str]:
        """Accept what passes the quality filter; the rules that the rest broke."""
        quality = self._filters[item.opportunity.project]
        broken = []
        for kind in item.missing:
            if kind not in offered:
                continue
            text = models_reply(offered[kind])
            rejection = quality.review(item.opportunity, kind, text)
            if rejection is None:
                item.accepted[kind] = AcceptedSuggestion(
                    kind, text, text_weight(text), source.provider, source.model, source.request_id
                )
            else:
                item.complaints[kind] = rejection.detail
                broken.append(rejection.rule)
        return broken


def still_asked(item: Item) -> Opportunity:
    """The opportunity with the suggestion types that are still missing."""
    return replace(item.opportunity, suggestion_types=item.missing)


def result_of(item: Item, outcome: Outcome, reason: str = "") -> TweetResult:
    return TweetResult(item.opportunity, tuple(item.accepted.values()), outcome, reason, item.attempts)
