"""Where a run begins and ends among others: what earlier ones have left to do, and what it leaves to later ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from viral_assets.generation.opportunity import Opportunity, TweetKey
from viral_assets.generation.run.answer_processor import AnswerSource
from viral_assets.generation.run.items import Item
from viral_assets.generation.run.outcome import BatchOutcome, result_of
from viral_assets.generation.run.results import Known, TweetResult
from viral_assets.generation.run.session import RunSession
from viral_assets.llm.types import Answer
from viral_assets.quota.ledger import StoredAnswer
from viral_assets.store.standing import Writer
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import OFFLINE


def still_missing(opportunity: Opportunity, known: Known) -> Opportunity | None:
    """The opportunity with the suggestion types that are to be written; None when nothing is left to do."""
    have = known.suggestions.get(opportunity.tweet_id, {})
    missing = tuple(kind for kind in opportunity.suggestion_types if kind not in have)
    if not missing or opportunity.tweet_id in known.finished:
        return None
    return replace(opportunity, suggestion_types=missing)


async def unfinished(
    session: RunSession, opportunities: Sequence[Opportunity], earlier: Mapping[TweetKey, TweetResult]
) -> dict[TweetKey, Item]:
    """What is left to do after what earlier runs have done. New suggestions will differ from theirs, and from what was
    said of late.

    Args:
        earlier: what this run has had from another model.
    """
    items: dict[TweetKey, Item] = {}
    by_project: dict[str, list[Opportunity]] = {}
    for opportunity in opportunities:
        session.counters.offered(opportunity)
        by_project.setdefault(opportunity.project, []).append(opportunity)
    for project, wanted in by_project.items():
        known = await session.store(session.results.known, project, [each.tweet_id for each in wanted], session.writer)
        for opportunity in wanted:
            missing = still_missing(opportunity, known)
            if missing is None or opportunity.key in items:
                session.counters.already_done()
                continue
            session.processor.remember(project, list(known.suggestions.get(opportunity.tweet_id, {}).values()))
            items[opportunity.key] = begun(missing, earlier.get(opportunity.key))
    for project in {project for project, _ in items}:
        session.processor.already_said(project, await session.store(session.results.recent_replies, project))
    session.counters.total = len(items)
    return items


def begun(opportunity: Opportunity, earlier: TweetResult | None) -> Item:
    """A tweet as it goes on from what it has had before, if anything."""
    if earlier is None:
        return Item(opportunity)
    have = {each.suggestion_type: each for each in earlier.suggestions}
    accepted = {kind: have[kind] for kind in opportunity.suggestion_types if kind in have}
    return Item(opportunity, attempts=earlier.attempts, accepted=accepted)


async def recover(session: RunSession, items: dict[TweetKey, Item], *, of_this_run: bool = False) -> list[Item]:
    """Parse the answers that a killed run had paid for and stored, or another one has stored for this one.

    Args:
        of_this_run: they are no earlier run's, so they do not count as recovered.

    Returns:
        What is still to be asked about then.
    """
    left = dict(items)
    forced = await session.store(session.results.forced_runs, session.writer)
    for project in {project for project, _ in items}:
        for answer in await session.store(session.ledger.unparsed, project, session.options.purpose):
            if not is_of_use(answer, session.writer, forced):
                continue
            concerned = [left.pop(key) for each in answer.tweet_ids if (key := (project, each)) in left]
            mine = {item.opportunity.tweet_id for item in concerned}
            others = [tweet_id for tweet_id in answer.tweet_ids if tweet_id not in mine]
            known = await session.store(session.results.known, project, others, session.writer)
            outcome = BatchOutcome()
            if concerned:
                if not of_this_run:
                    session.counters.recovered()
                source = AnswerSource(answer.request_id, answer.provider, answer.model)
                if Answer(answer.raw_answer, None, answer.finish_reason).is_spent_on_thoughts:
                    concerned = [replace(item, raised_cap=True) for item in concerned]
                outcome = session.processor.process(concerned, answer.raw_answer, source=source)
            # Tweets of another window wait for a run that asks about them, and so does what a forced run goes on with.
            complete = known.finished.issuperset(others) and (session.writer.force or answer.run_id not in forced)
            parsed_request = answer.request_id if complete else None
            outcome = replace(outcome.decided(spare_quota=True), parsed_request=parsed_request)
            await session.save(outcome)
            left.update({item.key: item for item in outcome.again})
    return list(left.values())


def is_of_use(answer: StoredAnswer, writer: Writer, forced: Collection[str]) -> bool:
    """Whether a stored answer spares this run a request: a forced one asks anew, but for what it had asked itself
    before it was interrupted, and drafts of the offline provider are no answer of a language model.

    Args:
        forced: the runs that a forced run goes on with.
    """
    if writer.force and answer.run_id not in forced:
        return False
    return writer.offline or answer.provider != OFFLINE


async def defer(session: RunSession, items: Iterable[Item], reason: str) -> str:
    """Leave tweets for a later run.

    Returns:
        The note about it in the report; empty when there are none.
    """
    rest = tuple(result_of(item, "deferred", reason) for item in items)
    if not rest:
        return ""
    await session.save(BatchOutcome(ended=rest))
    # The queue is in the order of promise.
    which = ", the least promising ones," if len(rest) < session.counters.total else ""
    note = f"{how_many(len(rest), 'tweet')}{which} {'is' if len(rest) == 1 else 'are'} left for a later run: {reason}"
    session.counters.note(note)
    return note
