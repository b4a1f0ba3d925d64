"""What an answer means for the tweets it is about: accepted, to be asked again, or ended. Saves nothing itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.quality import QualityFilter, load_detector
from viral_assets.generation.drafting.recorded import recorded_draft
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.failures.backoff import BACKOFF_CAP_SECONDS, PROBE_SECONDS, full_jitter
from viral_assets.generation.run.failures.service_health import ServiceHealth
from viral_assets.generation.run.items import Item, Suggestion
from viral_assets.generation.run.outcome import BatchOutcome, Improvable, result_of
from viral_assets.generation.run.results import TweetResult
from viral_assets.projects.model import Project
from viral_assets.text.cleaning import models_reply
from viral_assets.text.x_rules import text_weight
from viral_assets.vocabulary import DECLINED, OFFLINE, RECORDED, Outcome

MAX_ATTEMPTS = 8
"""Requests that may come to nothing for a tweet. With one in eight failing, one tweet in 17 million is given up."""

QUALITY_ATTEMPTS = 2
"""Requests that may be spent on a tweet whose suggestions the quality filter rejects."""

SMALLER_AFTER_FAILURES = 3
"""A tweet left out of answers so often is asked about alone; tweets of whom none was in the answer, in halves. Twice is
no sign yet: where one request of six goes wrong, it happens to one tweet of 36 by chance, and costs requests that a
window may not have."""


@dataclass(frozen=True, slots=True)
class AnswerSource:
    """Where an answer comes from."""

    request_id: str
    provider: str
    model: str


class AnswerProcessor:
    """Judges the answers of one run, in the order in which they arrive: what it accepts, it does not accept twice.

    Args:
        projects: each has a quality filter of its own.
        clock: the run's, in seconds.
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

    def already_said(self, project: str, texts: Sequence[str]) -> None:
        """Replies of the last weeks: nothing too similar is accepted."""
        for text in texts:
            self._filters[project].already_said(text)

    def process(
        self, items: Sequence[Item], text: str, *, source: AnswerSource, given_up: str | None = None
    ) -> BatchOutcome:
        """Parse an answer about these tweets and keep what is good.

        Args:
            source: written into every suggestion.
            given_up: why tweets that the answer leaves out are not asked about again; None to ask.
        """
        parsed = parse_answer(text, [item.still_asked for item in items])
        problem = parsed.problems[0] if parsed.problems else "the answer leaves this tweet out"
        ended: list[TweetResult] = []
        again: list[Item] = []
        improvable: list[Improvable] = []
        rejections: list[tuple[Opportunity, str]] = []
        unmentioned: list[Item] = []
        for asked in items:
            offered = parsed.suggestions.get(asked.opportunity.tweet_id, {})
            if (why := parsed.declined.get(asked.opportunity.tweet_id)) is not None:
                ended.append(result_of(replace(asked, attempts=asked.attempts + 1), DECLINED, why))
                continue
            item, broken = self._reviewed(asked, offered, source)
            rejections.extend((item.opportunity, rule) for rule in broken)
            if not item.missing:
                ended.append(result_of(item, "done"))
            elif not broken:
                unmentioned.append(item)
            else:
                item = replace(item, quality_attempts=item.quality_attempts + 1)
                missing = "; ".join(f"{kind}: {item.complaints.get(kind, problem)}" for kind in item.missing)
                filtered = result_of(item, "filtered", missing)
                if item.quality_attempts >= QUALITY_ATTEMPTS:
                    ended.append(filtered)
                elif item.accepted:
                    improvable.append(Improvable(item, filtered))
                else:
                    again.append(item)
        smaller = len(items) // 2 if len(unmentioned) == len(items) else 1
        for item in self._delayed(unmentioned):
            if given_up is not None or item.failures >= MAX_ATTEMPTS:
                ended.append(result_of(item, "failed", f"{given_up or problem} ({item.attempts} attempts)"))
            else:
                again.append(item.in_packs_of(smaller) if item.failures >= SMALLER_AFTER_FAILURES else item)
        return BatchOutcome(
            tuple(ended),
            tuple(again),
            tuple(improvable),
            rejections=tuple(rejections),
            problem=problem if len(unmentioned) == len(items) else "",
        )

    def unanswered(self, items: Sequence[Item], problem: str, *, last_answer: float, is_down: bool) -> BatchOutcome:
        """A request that came to nothing.

        Args:
            last_answer: when the service last answered anything, on the same clock. A tweet that never gets an
                answer while others do is given up; otherwise it is the service's fault, and a later run asks again.
            is_down: the service seems to answer nothing. It is tried again soon, whichever tweets it is about.
        """
        ended, again = [], []
        cap = PROBE_SECONDS if is_down else BACKOFF_CAP_SECONDS
        tried = [replace(each, attempts=each.attempts + 1, unanswered=each.unanswered + 1) for each in items]
        for item in self._delayed(tried, cap=cap):
            services_fault = item.failed_since >= last_answer
            patient = services_fault and self._clock() - item.failed_since <= ServiceHealth.NO_ANSWER_SECONDS
            if item.failures < MAX_ATTEMPTS or patient:
                again.append(item)
                continue
            outcome: Outcome = "deferred" if services_fault else "failed"
            ended.append(result_of(item, outcome, f"{problem} ({item.attempts} attempts)"))
        return BatchOutcome(tuple(ended), tuple(again))

    def delayed_by_refusal(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """The same tweets, to be asked about a little later: a cheaper tier has no room for them."""
        later = self._clock() + full_jitter(max(item.cheap_failures for item in items), self._rng)
        return tuple(replace(item, not_before=later) for item in items)

    def _delayed(self, items: Sequence[Item], *, cap: float = BACKOFF_CAP_SECONDS) -> list[Item]:
        """Count a failure: the tweets are asked about again a little later, the longer the more often they failed.

        What failed in one request may come back in one, which needs no more of the quota.
        """
        if not items:
            return []
        now = self._clock()
        later = now + full_jitter(1 + max(item.failures for item in items), self._rng, cap=cap)
        return [
            replace(
                item,
                failures=item.failures + 1,
                failed_since=item.failed_since if item.failures else now,
                not_before=later,
            )
            for item in items
        ]

    def _reviewed(self, item: Item, offered: Mapping[str, str], source: AnswerSource) -> tuple[Item, list[str]]:
        """The tweet after one more attempt, with what passes the quality filter, and the rules that the rest broke."""
        quality = self._filters[item.opportunity.project]
        accepted, complaints, broken = dict(item.accepted), dict(item.complaints), []
        for kind in item.missing:
            if kind not in offered:
                continue
            text = models_reply(offered[kind])
            rejection = quality.review(item.opportunity, kind, text)
            if rejection is None:
                accepted[kind] = Suggestion(
                    kind,
                    text,
                    text_weight(text),
                    source.provider,
                    _written_by(source, item, kind, text),
                    source.request_id,
                )
            else:
                complaints[kind] = rejection.detail
                broken.append(rejection.rule)
        return replace(item, attempts=item.attempts + 1, accepted=accepted, complaints=complaints), broken


def _written_by(source: AnswerSource, item: Item, kind: str, text: str) -> str:
    """The model of one suggestion. One answer of the offline provider may have recorded drafts and others."""
    recorded = source.provider == OFFLINE and text == recorded_draft(item.opportunity.text, kind)
    return RECORDED if recorded else source.model
