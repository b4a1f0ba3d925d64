"""Batches of the Gemini API through google-genai.

What this module relies on, found by reading and running version 3.4.0: the requests of a batch are sent inline and
carry their id in ``metadata``; results come in an order of the service's own and have the same metadata; a batch is
listed with the ``display_name`` that it was made with, and everything about it stands in the operation's metadata.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from google import genai
from google.genai import types

from viral_assets.errors import ModelUnavailableError, ProviderError, RejectedRequestError, TransientProviderError
from viral_assets.generation.clients.base import BatchAtService
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.tiers import BATCH, Tier
from viral_assets.llm.types import Answer

TIMEOUT_SECONDS = 120.0
"""For one HTTP request: the results of a large batch are some megabytes."""

REQUEST_KEY = "request"
"""In the metadata of a request and of its result."""

PAGE_SIZE = 100

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"})

T = TypeVar("T")


class _Reader(Protocol):
    """The client whose connection is used: it knows what answers and errors mean."""

    def config(self, request: GenerationRequest) -> types.GenerateContentConfig: ...

    def read(self, response: types.GenerateContentResponse, tier: Tier) -> Answer: ...

    def failure(self, error: Exception, model: str, *, timeout_seconds: float) -> ProviderError | None: ...


class GenAIBatches:
    """See :class:`~viral_assets.generation.clients.base.BatchClient`.

    Args:
        client: makes the SDK's when it is needed, always the same.
    """

    def __init__(self, reader: _Reader, client: Callable[[], genai.Client]) -> None:
        self._reader, self._client = reader, client

    async def create(self, batch_id: str, model: str, requests: Mapping[str, GenerationRequest]) -> BatchAtService:
        """Send them, in this order."""
        inlined = [
            types.InlinedRequest(
                model=model,
                contents=request.prompt,
                metadata={REQUEST_KEY: request_id},
                config=self._reader.config(request),
            )
            for request_id, request in requests.items()
        ]
        config = types.CreateBatchJobConfig(display_name=batch_id, http_options=_options())
        job = await self._asked(self._client().aio.batches.create(model=model, src=inlined, config=config), model)
        if not job.name:
            raise TransientProviderError("the service made a batch without a name")
        return self._batch(job)

    async def find(self, batch_id: str) -> BatchAtService | None:
        """Looked for among all batches of the key, the newest first."""

        async def look() -> types.BatchJob | None:
            config = types.ListBatchJobsConfig(page_size=PAGE_SIZE, http_options=_options())
            async for job in await self._client().aio.batches.list(config=config):
                if job.display_name == batch_id:
                    return job
            return None

        job = await self._asked(look(), "")
        return None if job is None else self._batch(job)

    async def get(self, name: str, model: str) -> BatchAtService | None:
        """As it is now, with its results once it has ended."""
        config = types.GetBatchJobConfig(http_options=_options())
        try:
            job = await self._asked(self._client().aio.batches.get(name=name, config=config), model)
        except ModelUnavailableError as error:
            if error.http_status == 404:
                return None
            raise
        return self._batch(job)

    async def cancel(self, name: str) -> None:
        """The service answers 400 where it has ended."""
        config = types.CancelBatchJobConfig(http_options=_options())
        try:
            await self._asked(self._client().aio.batches.cancel(name=name, config=config), "")
        except RejectedRequestError:
            return
        except ProviderError as error:
            if error.http_status not in {400, 404}:
                raise

    async def _asked(self, what: Coroutine[Any, Any, T], model: str) -> T:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await what
        except ProviderError:
            raise
        except Exception as error:
            failure = self._reader.failure(error, model, timeout_seconds=TIMEOUT_SECONDS)
            if failure is None:
                raise
            raise failure from None

    def _batch(self, job: types.BatchJob) -> BatchAtService:
        state = str(getattr(job.state, "name", job.state) or "").removeprefix("JOB_STATE_")
        results = (job.dest.inlined_responses or []) if job.dest else []
        replies = {
            request_id: self._reply(each)
            for each in results
            if (request_id := (each.metadata or {}).get(REQUEST_KEY)) is not None
        }
        return BatchAtService(job.name or "", state, state in ENDED, replies)

    def _reply(self, result: types.InlinedResponse) -> Answer | ProviderError:
        if result.response is None:
            said = result.error.message if result.error and result.error.message else "no answer"
            return TransientProviderError(f"not answered in the batch: {said}"[:500])
        try:
            return self._reader.read(result.response, BATCH)
        except ProviderError as error:
            return error


def _options() -> types.HttpOptions:
    return types.HttpOptions(timeout=int(TIMEOUT_SECONDS * 1000))
