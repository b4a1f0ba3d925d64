"""Gemini embeddings: better than the bundled ones, for a key and 0.15 USD per million tokens.

Spoken to over its REST interface, which both SDKs wrap (https://ai.google.dev/api/embeddings): one request here is
one HTTP request, whichever SDK is installed for generation.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import requests

from viral_assets.embedding.base import Calibration, Vectors, prepared, unit_rows
from viral_assets.errors import ProviderError, RateLimitedError, TransientProviderError
from viral_assets.llm.gemini import Service

MODEL = "gemini-embedding-001"
TASK = "SEMANTIC_SIMILARITY"
TEXTS_A_REQUEST = 100

TIMEOUT_SECONDS = 60.0
MAX_ATTEMPTS = 5
MAX_WAIT_SECONDS = 90.0

# The model reads 2,048 tokens and cuts the rest off.
_MAX_CHARACTERS = 8_000

# More than any embedding has, and little enough to be squared as float32.
_LARGEST_VALUE = 1e6


class GeminiEmbedder:
    """``gemini-embedding-001`` at 768 dimensions.

    A request that fails for a passing reason (429, 5xx, a broken connection) is repeated up to four times, after the
    wait the service asks for, else after 1, 2, 4 and 8 seconds.

    Args:
        api_key: of the Gemini API.
        endpoint: another base URL, for a proxy or an emulator.
        sleep: waits for so many seconds.

    Raises:
        ConfigurationError: key or endpoint cannot be used.
    """

    dimensions = 768
    model = f"{MODEL}-{dimensions}-{TASK.lower()}-1"
    batch_size = TEXTS_A_REQUEST
    # Assumed, not measured: this model's cosines lie close together, unrelated sentences around 0.75 and one sentence
    # said in other words around 0.95. Measure on your own tweets before you rely on the thresholds.
    calibration = Calibration(zero=0.76, one=0.90, same=0.97)

    def __init__(
        self, api_key: str, *, endpoint: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._service = Service.of(api_key, endpoint)
        self._url = f"{self._service.base_url}/v1beta/models/{MODEL}:batchEmbedContents"
        self._sleep = sleep

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, 768); zeros for a text without words, which is not asked about.

        Raises:
            RateLimitedError: a quota is used up for longer than it is worth waiting.
            TransientProviderError: the service did not recover.
            RejectedRequestError: it will not embed these texts.
            FatalProviderError: key, model or endpoint are wrong.
        """
        matrix = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        said = {row: words[:_MAX_CHARACTERS] for row, text in enumerate(texts) if (words := prepared(text))}
        rows = list(said)
        for start in range(0, len(rows), TEXTS_A_REQUEST):
            batch = rows[start : start + TEXTS_A_REQUEST]
            matrix[batch] = self._embed_persistently([said[row] for row in batch])
        return unit_rows(matrix)

    def _embed_persistently(self, texts: Sequence[str]) -> Vectors:
        for attempt in range(MAX_ATTEMPTS):
            try:
                return self._request(texts)
            except (RateLimitedError, TransientProviderError) as error:
                wait = _wait_seconds(error, attempt)
                if wait is None:
                    raise
                self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _request(self, texts: Sequence[str]) -> Vectors:
        content: Any = [
            {
                "model": f"models/{MODEL}",
                "content": {"parts": [{"text": text}]},
                "taskType": TASK,
                "outputDimensionality": self.dimensions,
            }
            for text in texts
        ]
        try:
            response = requests.post(
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
            raise self._service.failure(response.status_code, response.headers, response.content, model=MODEL)
        return self._vectors(response, len(texts))

    def _vectors(self, response: requests.Response, count: int) -> Vectors:
        """Untrusted, like everything a service answers: another shape or a value that is no number is an error."""
        try:
            answer: Any = response.json()
            vectors = np.array([embedding["values"] for embedding in answer["embeddings"]], dtype=np.float64)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._service.undecodable(response.text[:200] or "an empty body") from None
        # NaN fails the comparison too.
        if vectors.shape != (count, self.dimensions) or not (np.abs(vectors) <= _LARGEST_VALUE).all():
            raise self._service.undecodable(f"vectors of shape {vectors.shape} for {count} texts")
        return vectors.astype(np.float32)


def _wait_seconds(error: ProviderError, attempt: int) -> float | None:
    """How long to wait before the attempt after ``attempt`` (from 0); None when it is of no use."""
    if attempt + 1 >= MAX_ATTEMPTS:
        return None
    wait = 2.0**attempt
    if isinstance(error, RateLimitedError):
        if error.per_day:
            return None
        wait = max(wait, error.retry_after_seconds or 0.0)
    return wait if wait <= MAX_WAIT_SECONDS else None
