"""Requests as google-generativeai writes them, without its models each time.

The SDK makes some forty objects of a request, which takes as long as its HTTP. What it writes is taken from it once for
each instruction, model and cap; requests that share those differ in their prompts alone.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from google.ai.generativelanguage_v1beta import GenerateContentResponse, GenerativeServiceClient
from google.auth.transport.requests import AuthorizedSession
from google.protobuf import json_format  # type: ignore[import-untyped]
from requests import Response, Session

from viral_assets.generation.drafting.request import GenerationRequest

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", r"\s*All support for the `google\.generativeai` package has ended", FutureWarning)
    from google.generativeai.generative_models import GenerativeModel
    from google.generativeai.types import GenerationConfig, RequestOptions

MOST_KEPT = 64
"""Written requests: more than the instructions and caps of any run."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the SDK hands to its session.

    Args:
        body: but for the prompt, instead of which there is some text.
    """

    url: str
    headers: Mapping[str, str]
    params: Any
    body: Mapping[str, Any]

    def post(self, session: Session, prompt: str, *, timeout_seconds: float) -> Response:
        contents = [{**each, "parts": [{"text": prompt}]} for each in self.body["contents"]]
        return session.post(
            self.url,
            timeout=timeout_seconds,
            headers=dict(self.headers),
            params=self.params,
            data=json.dumps({**self.body, "contents": contents}),
        )


class Writer:
    """Remembers what the SDK writes.

    Args:
        sdk: a client of the SDK's whose transport's session is a :class:`Recorder`.
    """

    def __init__(self, sdk: GenerativeServiceClient) -> None:
        self._sdk = sdk
        self._written: dict[tuple[object, ...], Written] = {}

    def written(self, model: str, request: GenerationRequest) -> Written:
        """For requests to this model that are alike but for the prompt. For any thread."""
        schema = json.dumps(request.response_schema)
        alike = model, request.system_instruction, request.temperature, request.max_output_tokens, schema
        if (written := self._written.get(alike)) is None:
            if len(self._written) >= MOST_KEPT:
                self._written = {}
            written = self._written[alike] = self._by_the_sdk(model, request)
        return written

    def _by_the_sdk(self, model: str, request: GenerationRequest) -> Written:
        asked = GenerativeModel(
            model,
            system_instruction=request.system_instruction,
            generation_config=GenerationConfig(
                temperature=request.temperature,
                max_output_tokens=request.max_output_tokens,
                response_mime_type="application/json",
                response_schema=copy.deepcopy(dict(request.response_schema)),
            ),
        )
        # The public way to hand in a connection is configure(), which would be everybody's.
        asked._client = self._sdk  # type: ignore[assignment]
        try:
            asked.generate_content("prompt", request_options=RequestOptions(timeout=None, retry=None))
        except _RecordedError as recorded:
            return recorded.written
        raise AssertionError("the SDK posts what it writes")


class _RecordedError(Exception):
    """Instead of a request."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


class Recorder(AuthorizedSession):
    """Sends nothing."""

    def request(self, *args: Any, **kwargs: Any) -> NoReturn:
        _, url = args
        raise _RecordedError(Written(url, kwargs["headers"], kwargs["params"], json.loads(kwargs["data"])))


def read(body: bytes) -> GenerateContentResponse:
    """A response's body as the SDK reads it.

    Raises:
        ParseError: it is not the API's.
    """
    response = GenerateContentResponse()
    json_format.Parse(body, GenerateContentResponse.pb(response), ignore_unknown_fields=True)
    return response
