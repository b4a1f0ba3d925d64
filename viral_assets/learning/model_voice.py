"""What people change in drafts and no rule of ``voice`` can count, in the words of a language model.

A model is asked twice. It finds rules in groups of edits, and then says of each edit, and of drafts that people let
stand, which of the rules it speaks for and against; by that, a rule is as good as the edits it stands on. One that too
few edits speak for is not offered, nor one that says what is said already. What is asked and how answers are read is
in ``generation.drafting.studying``; reading and asking is in ``learn``, everything else is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from viral_assets.generation.drafting.studying import LONGEST_RULE, MOST_RULES, rules_in, verdict_in
from viral_assets.generation.opportunity import Edit, Study
from viral_assets.generation.run.planning.estimate import Estimate, combined_estimate
from viral_assets.generation.studying import EDITS_A_REQUEST, study_id
from viral_assets.learning.voice import Preference, is_habit, surest
from viral_assets.projects.model import Project
from viral_assets.queries.feedback import KeptReply

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator

LEAST_EDITS = 8
"""Changed drafts before a model is asked: fewer show nothing in common."""

LEAST_FOR_A_RULE = 5
"""Edits that speak for a rule, before it is offered."""

MOST_EDITS = 40
"""Changed drafts that are studied, the latest ones, and as many that people let stand."""

MOST_CANDIDATES = 9
"""Rules that are held against the edits."""

ALIKE = 75.0
"""Of 100, by shared words: rules more alike than this are one."""

SAME_EDITS = 0.8
"""Share of the edits that speak for two rules which speak for both: from here on the rules are one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The edits that are studied: those that changed something, and drafts that people let stand."""

    changed: tuple[KeptReply, ...]
    unchanged: tuple[KeptReply, ...]

    @property
    def enough(self) -> bool:
        return len(self.changed) >= LEAST_EDITS


@dataclass(frozen=True, slots=True)
class LearntVoice:
    """What a model has found.

    Args:
        preferences: the rules that are offered, the surest first.
        candidates: how many were held against the edits.
        unfinished: why not everything was asked; empty where it was.
    """

    preferences: tuple[Preference, ...]
    candidates: int
    unfinished: str = ""


def sample_of(kept: Sequence[KeptReply]) -> Sample:
    """The latest of each, as ``kept`` is in that order. An edit that comes twice is one."""
    changed = dict.fromkeys(each for each in kept if each.draft != each.text)
    unchanged = dict.fromkeys(each for each in kept if each.draft == each.text)
    return Sample(tuple(changed)[:MOST_EDITS], tuple(unchanged)[:MOST_EDITS])


def groups_of(sample: Sample) -> list[Study]:
    """The edits in which rules are to be found, so many at a time that some have something in common."""
    edits = [_edit(each) for each in sample.changed]
    return [Study(tuple(edits[at : at + EDITS_A_REQUEST])) for at in range(0, len(edits), EDITS_A_REQUEST)]


def candidates_of(groups: Sequence[Study], answers: Mapping[str, str], said: Iterable[str]) -> list[str]:
    """The rules that were found, those of several groups first, but for what is said already."""
    found = [rule for each in groups for rule in rules_in(each, answers.get(study_id(each), ""))[:MOST_RULES]]
    known, rules = list(said), dict[str, int]()
    for rule in found:
        same = next((each for each in rules if _alike(each, rule)), None)
        if same is not None:
            rules[same] += 1
        elif not any(_alike(each, rule) for each in known):
            rules[rule] = 1
    return [rule for rule, _ in Counter(rules).most_common(MOST_CANDIDATES)]


def trials_of(rules: Sequence[str], sample: Sample) -> list[Study]:
    """Each edit by itself, to be held against the rules."""
    return [Study((_edit(each),), tuple(rules)) for each in (*sample.changed, *sample.unchanged)] if rules else []


def supported(rules: Sequence[str], sample: Sample, answers: Mapping[str, str]) -> list[Preference]:
    """What the edits say of each rule: those that carry it, the surest first, and of those that the same edits speak
    for the surest alone."""
    speaking = list(_verdicts(rules, sample, answers))
    found = []
    for place, rule in enumerate(rules):
        edits = tuple(each for each, follows, _ in speaking if place in follows)
        against = sum(place in breaks for _, _, breaks in speaking)
        found.append(Preference(rule, len(edits) + against, len(edits), edits))
    able = [each for each in found if each.changed >= LEAST_FOR_A_RULE and is_habit(each)]
    chosen: list[Preference] = []
    for each in surest(able):
        if not any(_overlap(each.edits, other.edits) >= SAME_EDITS for other in chosen):
            chosen.append(each)
    return chosen


async def estimated(
    generator: AsyncCommentGenerator, sample: Sample, project: Project, counted: Sequence[Preference]
) -> Estimate:
    """What :func:`learn` takes at most; nothing where all of it was answered before. Nothing is asked."""
    groups = groups_of(sample)
    finding = generator.estimate_study(groups, project)
    if finding.requests:
        rules = [f"{number} {'x' * (LONGEST_RULE - 2)}" for number in range(MOST_CANDIDATES)]
    else:
        known = await generator.study(groups, project)
        rules = candidates_of(groups, known.texts, _said(project, counted))
    return combined_estimate([finding, generator.estimate_study(trials_of(rules, sample), project)])


async def learn(
    generator: AsyncCommentGenerator, sample: Sample, project: Project, counted: Sequence[Preference]
) -> LearntVoice:
    """Have rules found and held against the edits. What was answered before is not asked again.

    Args:
        counted: preferences that need no model, and are not to be said twice.

    Raises:
        ProviderError: the service cannot be used. What had been answered is kept.
    """
    groups = groups_of(sample)
    found = await generator.study(groups, project)
    rules = candidates_of(groups, found.texts, _said(project, counted))
    if not rules:
        return LearntVoice((), 0, found.put_off)
    held = await generator.study(trials_of(rules, sample), project)
    return LearntVoice(tuple(supported(rules, sample, held.texts)), len(rules), found.put_off or held.put_off)


def _verdicts(
    rules: Sequence[str], sample: Sample, answers: Mapping[str, str]
) -> Iterator[tuple[KeptReply, frozenset[int], frozenset[int]]]:
    """Each edit with the places of the rules that it speaks for and against. A draft that nobody changed speaks for
    none, whatever the answer says."""
    for each in (*sample.changed, *sample.unchanged):
        study = Study((_edit(each),), tuple(rules))
        verdict = verdict_in(study, answers.get(study_id(study), ""))
        if verdict is not None:
            yield each, verdict.follows if each.draft != each.text else frozenset(), verdict.breaks


def _said(project: Project, counted: Sequence[Preference]) -> list[str]:
    return [*project.voice.constraints, *(each.sentence for each in counted)]


def _edit(kept: KeptReply) -> Edit:
    return Edit(kept.draft, kept.text)


def _alike(one: str, other: str) -> bool:
    return fuzz.token_sort_ratio(one.casefold(), other.casefold()) > ALIKE


def _overlap(one: Sequence[KeptReply], other: Sequence[KeptReply]) -> float:
    return len({*one} & {*other}) / max(1, len({*one} | {*other}))
