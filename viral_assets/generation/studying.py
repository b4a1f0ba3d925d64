"""Having a model study what people made of drafts: the same executor, quota, ledger and budget as drafts.

What is asked is known by its content, and answers stay in the ledger as long as any do: what was answered once, also
for a process that was killed, is not asked again. What follows from the answers is decided in ``learning``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.studying import type_of, unusable
from viral_assets.generation.engine import Engine
from viral_assets.generation.opportunity import Opportunity, Study
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.planning.estimate import Estimate
from viral_assets.generation.run.report import GenerationReport
from viral_assets.generation.run.results import Known, TweetResult
from viral_assets.projects.model import Project, SuggestionType
from viral_assets.store.engine import Database
from viral_assets.store.standing import Writer
from viral_assets.store.stored_answers import answers_of_run, mark_run_parsed
from viral_assets.text.cleaning import models_reply
from viral_assets.text.hashing import text_hash
from viral_assets.vocabulary import DEFERRED

EDITS_A_REQUEST = 10
"""As many as tweets share a request: with more, quality is known to decay."""

_ID_LENGTH = 20
_NEVER = datetime.min.replace(tzinfo=UTC)


def study_id(study: Study) -> str:
    """The same for the same edits and rules."""
    return text_hash(repr(study))[:_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Studied:
    """What came of studies.

    Args:
        texts: the usable answers, by :func:`study_id`.
        report: of what was asked now.
        put_off: why the rest was not asked, which a later call does; empty where all was.
    """

    texts: Mapping[str, str]
    report: GenerationReport
    put_off: str = ""


async def have_studied(
    engine: Engine,
    database: Database,
    studies: Sequence[Study],
    project: Project,
    *,
    options: GenerationOptions,
) -> Studied:
    """Ask about studies of one kind that no answer is known of.

    Raises:
        ProviderError: the service cannot be used. What had been answered is kept.
    """
    asked, student = _asked(studies, project), _student(project, studies)
    results = StudyResults(database, asked)
    own = _options(options, project, studies)
    report, _ = await engine.run(asked, {project.name: student}, results, options=own)
    await asyncio.to_thread(results.done_with_answers, project.name)
    return Studied(results.texts, report, results.put_off)


def estimated(
    engine: Engine,
    database: Database,
    studies: Sequence[Study],
    project: Project,
    *,
    options: GenerationOptions,
) -> Estimate:
    """What :func:`have_studied` would take now. Nothing is asked or written."""
    asked, student = _asked(studies, project), _student(project, studies)
    own = _options(options, project, studies)
    return engine.estimate(asked, {project.name: student}, StudyResults(database, asked), options=own)


class StudyResults:
    """The answers in the ledger; see :class:`~viral_assets.generation.run.results.Results`. ``texts`` are those known
    by now, by the id of their study, and ``put_off`` is why some were not asked."""

    keeps_outcomes = False

    def __init__(self, database: Database, asked: Sequence[Opportunity]) -> None:
        self._database, self._asked = database, {each.tweet_id: each for each in asked}
        self.texts: dict[str, str] = {}
        self.put_off = ""

    def known(self, project: str, tweet_ids: Sequence[str], writer: Writer) -> Known:
        """What was answered before, to whichever process."""
        with self._database.read() as connection:
            stored = answers_of_run(connection, _run_of(project))
        for ids, raw in stored:
            mine = [self._asked[each] for each in ids if each in self._asked and each not in self.texts]
            for tweet_id, texts in parse_answer(raw, mine).suggestions.items() if mine else ():
                self._keep(tweet_id, texts.values())
        return Known(finished=frozenset(each for each in tweet_ids if each in self.texts))

    def recent_replies(self, project: str) -> Sequence[str]:
        return ()

    def forced_runs(self, writer: Writer) -> frozenset[str]:
        return frozenset()

    def save(
        self,
        ended: Sequence[TweetResult],
        *,
        writer: Writer,
        partial: Sequence[TweetResult] = (),
        parsed_requests: Sequence[str] = (),
    ) -> int:
        for result in ended:
            self._keep(result.opportunity.tweet_id, [each.text for each in result.suggestions])
            if result.outcome == DEFERRED:
                self.put_off = result.reason
        # That they are parsed is said at the end, of those of killed processes too.
        return sum(len(result.suggestions) for result in ended)

    def done_with_answers(self, project: str) -> None:
        """None of them has to wait for anybody: they are found whether they were parsed or not."""
        with self._database.begin() as connection:
            mark_run_parsed(connection, _run_of(project), datetime.now(UTC))

    def _keep(self, tweet_id: str, texts: Iterable[str]) -> None:
        study = self._asked[tweet_id].study
        for text in map(models_reply, texts):
            if study is not None and unusable(study, text) is None:
                self.texts[tweet_id] = text


def _asked(studies: Sequence[Study], project: Project) -> list[Opportunity]:
    return [
        Opportunity(
            project=project.name,
            tweet_id=study_id(each),
            window_start=_NEVER,
            text="",
            topic="",
            suggestion_types=(type_of(each),),
            study=each,
        )
        for each in dict.fromkeys(studies)
    ]


def _student(project: Project, studies: Sequence[Study]) -> Project:
    """The project, with what studies ask for in the place of its suggestion types."""
    names = dict.fromkeys(map(type_of, studies))
    types = tuple(SuggestionType(name=name, instruction="What the edits teach.") for name in names)
    return project.model_copy(update={"suggestion_types": types})


def _options(options: GenerationOptions, project: Project, studies: Sequence[Study]) -> GenerationOptions:
    largest = max((len(each.edits) for each in studies), default=1)
    return replace(
        options,
        claim=False,
        purpose="learn",
        run_id=_run_of(project.name),
        tweets_per_request=max(1, EDITS_A_REQUEST // largest),
    )


def _run_of(project: str) -> str:
    """All studies of a project are one run, by which their answers are found."""
    return f"learn-{text_hash(project)[:32]}"
