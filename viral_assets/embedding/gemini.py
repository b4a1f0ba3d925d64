"""Gemini embeddings: better than the bundled ones, for a key and 0.15 USD per million tokens.

Spoken to over its REST interface, which both SDKs wrap (https://ai.google.dev/api/embeddings): one request here is
one HTTP request, whichever SDK is installed for generation. Every one of them, repeated ones too, is granted by the
ledger of the key before it is sent, and settled with it when it has ended.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from viral_assets.clock import SYSTEM_CLOCK, Clock
from viral_assets.embedding.base import Calibration, Vectors, prepared, unit_rows
from viral_assets.errors import (
    DatabaseUnavailableError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitedError,
    TransientProviderError,
    TurnOverError,
)
from viral_assets.llm.gemini import GeminiEndpoint
from viral_assets.llm.models import EMBEDDING_INPUT_TOKENS, EMBEDDING_MODEL
from viral_assets.llm.prices import Price
from viral_assets.llm.tokens import estimate_tokens
from viral_assets.llm.wire import WireAdapter, looking_at_the_wire
from viral_assets.quota.ledger import (
    DAY_USED_UP,
    REFUSED,
    Exhausted,
    Granted,
    GrantRequest,
    Ledger,
    Settlement,
    Waiting,
)
from viral_assets.quota.priority import Priority
from viral_assets.quota.turns import DatedGrant

TASK = "SEMANTIC_SIMILARITY"
TEXTS_A_REQUEST = 100

TIMEOUT_SECONDS = 60.0
MAX_ATTEMPTS = 5
MAX_WAIT_SECONDS = 90.0

ASKS_AGAIN_SECONDS = 5.0
"""Who waits for the quota asks again so often: that is also what keeps its place in the queue."""

# More than the model reads.
_MAX_CHARACTERS = 8_000

# More than any embedding has, and little enough to be squared as float32.
_LARGEST_VALUE = 1e6

# 1, 2, 4 and 8 seconds.
_backoff = wait_exponential(multiplier=1, max=MAX_WAIT_SECONDS)


class GeminiEmbedder:
    """``gemini-embedding-001`` at 768 dimensions.

    A request that fails for a passing reason (429, 5xx, a broken connection) is repeated up to four times, after the
    wait the service asks for, else after 1, 2, 4 and 8 seconds. What the service refuses is held back for everybody
    who shares the quota.

    Args:
        api_key: of the Gemini API.
        ledger: the quota of the key and the model.
        endpoint: another base URL, for a proxy or an emulator.
        price: of the model; None where nobody said.
        run_id: goes into the ledger's rows.
        priority: of its requests, where others wait for the same quota.
        sleep: waits for so many seconds.
        clock: what it measures by; the ledger keeps the same time.

    Raises:
        ConfigurationError: key or endpoint cannot be used.
    """

    dimensions = 768
    model = f"{EMBEDDING_MODEL}-{dimensions}-{TASK.lower()}-1"
    # More than a hundred, by its documentation.
    languages = None
    batch_size = TEXTS_A_REQUEST
    # Assumed, not measured: this model's cosines lie close together, unrelated sentences around 0.75 and one sentence
    # said in other words around 0.95. Measure on your own tweets before you rely on the thresholds.
    calibration = Calibration(zero=0.76, one=0.90, near_duplicate=0.97)

    def __init__(
        self,
        api_key: str,
        ledger: Ledger,
        *,
        endpoint: str | None = None,
        price: Price | None = None,
        run_id: str = "",
        priority: Priority = Priority.NEWEST_HOUR,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._service = GeminiEndpoint.of(api_key, endpoint)
        self._url = f"{self._service.base_url}/v1beta/models/{EMBEDDING_MODEL}:batchEmbedContents"
        self._ledger, self._price, self._run_id, self._sleep = ledger, price, run_id, sleep
        self._priority, self._clock = priority, clock

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, 768); zeros for a text without words, which is not asked about.

        Raises:
            QuotaExhaustedError: the day's requests or the budget are used up.
            QuotaError: the limits never allow a request like this.
            RateLimitedError: the service's quota is used up for longer than it is worth waiting.
            TransientProviderError: the service did not recover.
            RejectedRequestError: it will not embed these texts.
            FatalProviderError: key, model or endpoint are wrong.
        """
        matrix = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        wanted = {row: words[:_MAX_CHARACTERS] for row, text in enumerate(texts) if (words := prepared(text))}
        runner = uuid.uuid4().hex
        try:
            for batch, tokens in _batches(wanted, self._ledger.limits.max_tokens):
                matrix[batch] = self._embed_persistently([wanted[row] for row in batch], tokens, runner)
        finally:
            if wanted:
                # A runner that is not told to leave expires.
                with contextlib.suppress(DatabaseUnavailableError):
                    self._ledger.leave(runner)
        return unit_rows(matrix)

    def _embed_persistently(self, texts: Sequence[str], tokens: int, runner: str) -> Vectors:
        attempts = Retrying(
            retry=retry_if_exception(_is_worth_repeating),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=lambda state: _seconds_to_wait(state, state.outcome.exception() if state.outcome else None),
            sleep=self._sleep,
            reraise=True,
        )
        for attempt in attempts:
            with attempt:
                request_id, date = self._wait_for_grant(tokens, runner)
                try:
                    with looking_at_the_wire(partial(self._keep_date, request_id, date)):
                        vectors, counted = self._request(texts)
                except ProviderError as error:
                    self._sent(request_id, date)
                    self._ledger.settle(request_id, Settlement.without_answer(error))
                    if isinstance(error, RateLimitedError):
                        raise self._blocked(error, attempt.retry_state) from None
                    raise
                except BaseException:
                    self._ledger.settle(request_id, Settlement("failed", error="interrupted while under way"))
                    raise
                self._sent(request_id, date)
                self._ledger.settle(request_id, self._answered(counted))
                return vectors
        raise AssertionError("the last attempt returns or raises")

    def _keep_date(self, request_id: str, date: DatedGrant) -> None:
        """A request that is written late counts from now on.

        Raises:
            TurnOverError: it has to be asked for anew.
        """
        if not date.keep(partial(self._ledger.redate, request_id), self._clock.monotonic):
            raise TurnOverError("its turn was over before it was sent")

    def _sent(self, request_id: str, date: DatedGrant) -> None:
        """It has ended."""
        if date.sent_late:
            self._ledger.redate(request_id)

    def _wait_for_grant(self, tokens: int, runner: str) -> tuple[str, DatedGrant]:
        """The id of a request that may be sent now, and when that is over."""
        ask = GrantRequest(
            request_id=uuid.uuid4().hex,
            runner=runner,
            tokens=tokens,
            cost_usd=self._cost(tokens),
            provider="gemini",
            model=EMBEDDING_MODEL,
            purpose="embed",
            run_id=self._run_id,
            priority=self._priority,
        )
        while True:
            asked_at = self._clock.monotonic()
            match self._ledger.ask(ask):
                case Granted():
                    return ask.request_id, DatedGrant(self._ledger.limits, asked_at)
                case Waiting(seconds=seconds):
                    self._sleep(min(seconds, ASKS_AGAIN_SECONDS))
                case Exhausted(seconds=seconds, reason=reason):
                    raise QuotaExhaustedError(f"no more embeddings for now: {reason}, {self._until(seconds)}")
                case decision:
                    raise AssertionError(f"nothing is claimed here, but the ledger said {decision}")

    def _answered(self, counted: int | None) -> Settlement:
        cost = None if counted is None else self._cost(counted)
        return Settlement("answered", input_tokens=counted, cost_usd=cost, http_status=requests.codes.ok)

    def _blocked(self, error: RateLimitedError, state: RetryCallState) -> RateLimitedError:
        """Nobody asks until the service is free again. Returns the error that says so."""
        if error.per_day:
            seconds = self._ledger.block_today(DAY_USED_UP)
        else:
            seconds = _seconds_to_wait(state, error)
            in_a_row = 0 if error.per_tokens else state.attempt_number
            self._ledger.block(seconds, REFUSED, limit=error.limit, in_a_row=in_a_row)
        return RateLimitedError(
            f"{error} No more embeddings {self._until(seconds)}",
            retry_after_seconds=error.retry_after_seconds,
            per_day=error.per_day,
            per_tokens=error.per_tokens,
            names_quota=error.names_quota,
            limit=error.limit,
        )

    def _until(self, seconds: float) -> str:
        """For people: until when the quota is used up, and what to do."""
        moment = datetime.fromtimestamp(self._ledger.now() + seconds, UTC)
        return f"until {moment:%F %H:%M} UTC; what is embedded is kept, run the hour again then"

    def _cost(self, tokens: int) -> float | None:
        return self._price.of(tokens, 0) if self._price else None

    def _request(self, texts: Sequence[str]) -> tuple[Vectors, int | None]:
        """Their vectors, and how many tokens the service counted, where it says."""
        content: Any = [
            {
                "model": f"models/{EMBEDDING_MODEL}",
                "content": {"parts": [{"text": text}]},
                "taskType": TASK,
                "outputDimensionality": self.dimensions,
            }
            for text in texts
        ]
        try:
            with requests.Session() as session:
                session.mount("https://", WireAdapter())
                session.mount("http://", WireAdapter())
                response = session.post(
                    self._url,
                    json={"requests": content},
                    headers={"x-goog-api-key": self._service.api_key},
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.Timeout:
            raise self._service.timed_out(TIMEOUT_SECONDS) from None
        except requests.ConnectionError as error:
            raise self._service.unreachable(error) from None
        except requests.RequestException as error:
            raise self._service.broken_off(error) from None
        if response.status_code != requests.codes.ok:
            raise self._service.failure(response.status_code, response.headers, response.content, model=EMBEDDING_MODEL)
        return self._vectors(response, len(texts))

    def _vectors(self, response: requests.Response, count: int) -> tuple[Vectors, int | None]:
        """Untrusted, like everything a service answers: another shape or a value that is no number is an error."""
        try:
            answer: Any = response.json()
            vectors = np.array([embedding["values"] for embedding in answer["embeddings"]], dtype=np.float64)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._service.undecodable(response.text[:200] or "an empty body") from None
        # NaN fails the comparison too.
        if vectors.shape != (count, self.dimensions) or not (np.abs(vectors) <= _LARGEST_VALUE).all():
            raise self._service.undecodable(f"vectors of shape {vectors.shape} for {count} texts")
        return vectors.astype(np.float32), _counted_tokens(answer)


def _batches(texts: dict[int, str], max_tokens: int | None) -> Iterator[tuple[list[int], int]]:
    """The rows that share a request, with their tokens: as many as the service takes and a window allows."""
    batch: list[int] = []
    total = 0
    for row, text in texts.items():
        tokens = min(estimate_tokens(text), EMBEDDING_INPUT_TOKENS)
        too_many = max_tokens is not None and total + tokens > max_tokens
        if batch and (too_many or len(batch) == TEXTS_A_REQUEST):
            yield batch, total
            batch, total = [], 0
        batch.append(row)
        total += tokens
    if batch:
        yield batch, total


def _counted_tokens(answer: Any) -> int | None:
    usage = answer.get("usageMetadata")
    counted = usage.get("promptTokenCount") if isinstance(usage, dict) else None
    return counted if isinstance(counted, int) and not isinstance(counted, bool) and 0 <= counted < 2**31 else None


def _seconds_to_wait(state: RetryCallState, error: BaseException | None) -> float:
    """Before the next attempt: the service's own word, where it is more than the backoff."""
    asked_for = error.retry_after_seconds if isinstance(error, RateLimitedError) else None
    return max(_backoff(state), asked_for or 0.0)


def _is_worth_repeating(error: BaseException) -> bool:
    if isinstance(error, RateLimitedError):
        return not error.per_day and (error.retry_after_seconds or 0.0) <= MAX_WAIT_SECONDS
    return isinstance(error, TransientProviderError | TurnOverError)
