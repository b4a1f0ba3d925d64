"""One request about a batch: prepared for its grant, sent once, settled, and turned into the batch's outcome.

What is written here is the settlement, as soon as the answer is there and before it is parsed. It does not wait for
the loop, which may be waiting for the quota or be busy with the next plan. Everything else is in the returned value.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from viral_assets.errors import (
    AdaptedRequestError,
    BlockedAnswerError,
    FatalProviderError,
    NoRoomError,
    ProviderError,
    RateLimitedError,
    RejectedRequestError,
    TooMuchInputError,
    TurnOverError,
)
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.run.answer_processor import AnswerProcessor, AnswerSource
from viral_assets.generation.run.failures.bisection import RequestBatch, after_answer
from viral_assets.generation.run.failures.service_health import ServiceHealth
from viral_assets.generation.run.failures.usefulness import Useless
from viral_assets.generation.run.outcome import (
    Answered,
    BatchOutcome,
    FatalFailure,
    NoRoom,
    RateLimited,
    RequestAdapted,
    ServiceFailure,
    at_fault,
    poisoned,
    too_much_input,
)
from viral_assets.generation.run.sending import reply_to
from viral_assets.generation.run.session import RunSession
from viral_assets.generation.run.settlement import price_of_answer, settled_answer, settled_failure
from viral_assets.llm.models import is_same_model
from viral_assets.llm.prices import Price
from viral_assets.llm.tiers import STANDARD, Tier, price_at
from viral_assets.llm.types import Answer, Usage
from viral_assets.quota.ledger import GrantRequest
from viral_assets.vocabulary import OPENAI


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request, and what the quota is asked for it. ``price`` is the model's at the standard tier, None when it is
    unknown."""

    batch: RequestBatch
    request: GenerationRequest
    grant: GrantRequest
    price: Price | None

    @property
    def source(self) -> AnswerSource:
        return AnswerSource(self.grant.request_id, self.grant.provider, self.request.model)


def prepare(session: RunSession, batch: RequestBatch, *, runner: str) -> PreparedRequest:
    """Write the prompt, and estimate what it will count and cost."""
    options = session.options
    project = session.projects[batch.items[0].opportunity.project]
    request = build_request(
        project,
        batch.asked,
        model=options.model,
        raised_cap=any(item.raised_cap for item in batch.items),
        tier=session.tiers.of(batch.items, session.clock.monotonic()),
    )
    price = session.price_of(request.model)
    reserved = price_at(price, request.tier)
    grant = GrantRequest(
        request_id=uuid.uuid4().hex if batch.guests is None else batch.guests.request_id,
        runner=runner,
        tokens=session.tokens.counted(request),
        cost_usd=session.tokens.reserved_cost(request, reserved) if reserved else None,
        project=project.name,
        provider=session.client.provider,
        model=request.model,
        purpose=options.purpose,
        run_id=options.run_id,
        tweet_ids=request.tweet_ids,
        again=options.force,
        claim=options.claim,
        priority=options.priority,
        tier=request.tier,
    )
    return PreparedRequest(batch, request, grant, price)


async def ask(session: RunSession, prepared: PreparedRequest, *, asked_at: float) -> BatchOutcome:
    """Send a granted request, settle it with the ledger, and only then make sense of what came back.

    Args:
        asked_at: a time of the run's clock before it was granted.
    """
    request, started = prepared.request, session.clock.monotonic()
    reply = await reply_to(session, request, prepared.grant, tweets=len(prepared.batch.asked), asked_at=asked_at)
    seconds = session.clock.monotonic() - started
    price = price_of_answer(
        reply,
        asked=request.model,
        asked_price=prepared.price,
        price_of=session.price_of,
        provider=session.client.provider,
    )
    if isinstance(reply, Answer):
        # The estimate, where the service did not count.
        paid = reply.usage or Usage(request.estimated_input_tokens, request.estimated_output_tokens)
        settlement = settled_answer(reply, paid, price, reply.tier or request.tier)
        await session.storage.settle(prepared.grant, settlement)
        outcome = answered(
            prepared.batch,
            reply,
            prepared.source,
            session.processor,
            seconds=seconds,
            raised_cap=request.raised_cap,
        )
        return replace(outcome, settlement=settlement, paid=paid)
    failure, billed = settled_failure(reply, price, request.tier)
    await session.storage.settle(prepared.grant, failure)
    outcome = failed(prepared.batch, reply, session.processor, session.health, tier=request.tier)
    return replace(outcome, settlement=failure, paid=billed)


def answered(
    batch: RequestBatch,
    answer: Answer,
    source: AnswerSource,
    processor: AnswerProcessor,
    *,
    seconds: float,
    raised_cap: bool = False,
) -> BatchOutcome:
    """The good part of an answer is kept; the rest of its tweets are asked about again.

    Where thoughts have used the answer up, they are asked about once more with a higher cap, and then given up: every
    attempt is billed for all those thoughts.

    Args:
        raised_cap: this was that other attempt.
    """
    items, given_up = batch.items, None
    if answer.is_spent_on_thoughts:
        items = tuple(replace(item, raised_cap=True) for item in items)
        given_up = spent_on_thoughts(answer, source) if raised_cap else None
    elif answer.finish_reason == "MAX_TOKENS":
        items = tuple(item.in_packs_of(len(items) // 2) for item in items)
    step = after_answer(batch)
    processed = processor.process(items, answer.text, source=source, given_up=given_up)
    return replace(
        processed,
        ended=(*processed.ended, *poisoned(step)),
        bisections=step.batches,
        parsed_request=source.request_id if batch.guests is None else None,
        note=rerouted(source.model, answer.model_version, provider=source.provider),
        service=Answered(
            seconds,
            answer.usage,
            is_useful=not processed.problem,
            useless=useless(answer, source, processed.problem, given_up=given_up, tweets=len(items)),
        ),
    )


def useless(answer: Answer, source: AnswerSource, problem: str, *, given_up: str | None, tweets: int) -> Useless | None:
    """What is said of the service by an answer about so many tweets that has a problem with all of them.

    Args:
        given_up: why they are not asked about again.
    """
    if not problem:
        return None
    if given_up is not None:
        return Useless(given_up, is_last_word=True, is_costly=True)
    if answer.is_spent_on_thoughts or (answer.finish_reason == "MAX_TOKENS" and tweets > 1):
        # A higher cap, or fewer tweets, may be all that it needs.
        return None
    what = problem if answer.text.strip() else "no text"
    return Useless(
        f"{source.model} answers with nothing of use ({answer.finish_reason}: {what}): take another model "
        "(viral-assets models), or check the address and its settings"
    )


def spent_on_thoughts(answer: Answer, source: AnswerSource) -> str:
    """Why tweets are given up, and what to do."""
    thoughts = f"{answer.usage.thought_tokens:,} tokens of " if answer.usage and answer.usage.thought_tokens else ""
    advice = "take a model that thinks less (viral-assets models)"
    if source.provider == "google-generativeai":
        advice = f"set VIRAL_ASSETS_PROVIDER=google-genai, which turns thinking down, or {advice}"
    return f"MAX_TOKENS: {thoughts}thoughts used up the answer of {source.model}, also with a raised cap; {advice}"


def rerouted(asked: str, answered_by: str | None, *, provider: str) -> str:
    """For the report: another model than the one that was asked has answered; Gemini bills that one."""
    if answered_by is None or is_same_model(asked, answered_by):
        return ""
    if provider == OPENAI:
        return f"asked {asked}, answered by {answered_by}"
    return f"asked {asked}, answered by {answered_by}, which is what is billed; see viral-assets models"


def failed(
    batch: RequestBatch,
    error: ProviderError,
    processor: AnswerProcessor,
    health: ServiceHealth,
    *,
    tier: Tier = STANDARD,
) -> BatchOutcome:
    """A request without an answer: whose fault it is decides what happens to its tweets."""
    match error:
        case RateLimitedError():
            return BatchOutcome(first=batch, service=RateLimited(error))
        case TurnOverError():
            return BatchOutcome(first=batch)
        case AdaptedRequestError():
            return BatchOutcome(first=batch, service=RequestAdapted(error))
        case NoRoomError():
            return no_room(batch, error, processor)
        case FatalProviderError():
            return BatchOutcome(first=batch, service=FatalFailure(error))
        case TooMuchInputError() | BlockedAnswerError() | RejectedRequestError() if batch.guests is not None:
            return BatchOutcome(first=batch.without_guests)
        case TooMuchInputError() if len(batch.items) > 1:
            return too_much_input(batch, error)
        case BlockedAnswerError() | RejectedRequestError():
            return at_fault(batch, error)
    items = batch.items
    if health.healthy:
        # Others are answered: tweets that fail again and again are asked about in ever smaller packs, in the end alone.
        items = tuple(item.in_packs_of(len(items) // 2) if item.unanswered else item for item in items)
    if not error.reached:
        # The service has seen none of them.
        return BatchOutcome(again=batch.involved, service=ServiceFailure(error))
    if tier != STANDARD:
        items = tuple(replace(item, cheap_failures=item.cheap_failures + 1) for item in items)
    waiting = processor.unanswered(items, str(error), last_answer=health.last_answer, is_down=health.is_down)
    return replace(waiting, again=(*batch.set_aside, *waiting.again), service=ServiceFailure(error))


def no_room(batch: RequestBatch, error: NoRoomError, processor: AnswerProcessor) -> BatchOutcome:
    """Refused unread by a cheaper tier: asked again a little later, in the same packs, and no failure of the tweets."""
    tried = tuple(replace(item, cheap_failures=item.cheap_failures + 1) for item in batch.items)
    again = replace(batch, items=processor.delayed_by_refusal(tried))
    if batch.bisection is not None:
        return BatchOutcome(first=again, service=NoRoom(error))
    return BatchOutcome(again=again.items, service=NoRoom(error))
