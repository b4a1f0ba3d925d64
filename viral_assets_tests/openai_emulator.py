"""OpenAI's API for tests, in front of the Gemini emulator: the same quotas, latencies and answers in another protocol.

A real HTTP server that OpenAI's SDK talks to. What a service of that kind may refuse, leave out or word differently is
in its configuration and in ``OWN_FAULTS``; the faults of the Gemini emulator that are no protocol (a broken connection,
half an answer, a server that hangs) are at hand too. ``sent`` has what arrived, headers included.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator

MODEL = "our-model:8b"


@dataclass(frozen=True)
class OpenAIConfig(EmulatorConfig):
    """How the service behaves, besides what the other emulator knows.

    Args:
        refuses: what it answers with 400: of ``json_schema``, ``json_object``, ``max_tokens``,
            ``max_completion_tokens``, ``temperature``.
        context: tokens of prompt and answer together; a cap that leaves too little room is answered with 400.
        api_key: the only one it takes; None for a server that takes whatever comes, and no key.
        thinks: what the model writes between ``<think>`` marks before it answers.
        counts_thoughts: whether thoughts are told apart in the usage.
        cached_tokens: of the prompt, as the usage says.
    """

    refuses: frozenset[str] = frozenset()
    context: int | None = None
    api_key: str | None = None
    thinks: str = ""
    counts_thoughts: bool = True
    cached_tokens: int = 0


@dataclass(frozen=True)
class Sent:
    """A request as the server saw it."""

    host: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class OpenAIEmulator(GeminiEmulator):
    """The server in a thread of its own; a context manager. ``url`` is what ``/chat/completions`` is behind."""

    def __init__(self, config: OpenAIConfig | None = None) -> None:
        self.service = config or OpenAIConfig()
        super().__init__(self.service)
        self.sent: list[Sent] = []
        self._own: deque[str] = deque()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/moved/chat/completions", self._redirect, methods=["POST"]),
            ]
        )

    @property
    def url(self) -> str:
        return f"{super().url}/v1"

    def script(self, *faults: str) -> None:
        """The next requests meet these, one each: of ``OWN_FAULTS``, or of the Gemini emulator's."""
        self._own.extend(faults)
        super().script(*(fault for fault in faults if fault not in OWN_FAULTS))

    def reset(self) -> None:
        super().reset()
        self.sent.clear()
        self._own.clear()

    async def _redirect(self, request: Request) -> Response:
        return RedirectResponse(f"{self.url}/chat/completions", 307)

    async def _complete(self, request: Request) -> Response:
        body = await request.json()
        self.sent.append(Sent(request.url.netloc, dict(request.headers), body))
        if self.service.api_key and request.headers.get("authorization") != f"Bearer {self.service.api_key}":
            return _error(401, "Incorrect API key provided.", code="invalid_api_key")
        if body["model"] != MODEL:
            return _error(404, f"model '{body['model']}' not found, try pulling it first", type="not_found_error")
        if (refusal := self._refusal(body)) is not None:
            return refusal
        fault = self._own.popleft() if self._own else "ok"
        if fault in OWN_FAULTS:
            return OWN_FAULTS[fault]()
        answer = await self.respond(
            "gemini-flash:generateContent", "a-key", _in_gemini(body), at=self.clock.monotonic()
        )
        if answer.status_code == 429:
            error = json.loads(bytes(answer.body))["error"]
            return _error(429, error["message"], {"Retry-After": "1"}, type="requests", code="rate_limit_exceeded")
        # A broken connection is no JSON.
        if answer.status_code != 200 or type(answer) is not JSONResponse:
            return answer
        return JSONResponse(self._completion(json.loads(bytes(answer.body)), body))

    def _refusal(self, body: Mapping[str, Any]) -> Response | None:
        named = body.get("response_format", {}).get("type", "text")
        if named in self.service.refuses:
            return _error(400, f"This response_format type is unavailable now: {named}", type="invalid_request_error")
        for name in ("max_tokens", "max_completion_tokens", "temperature"):
            if name in body and name in self.service.refuses:
                return _error(400, f"Unsupported parameter: '{name}' is not supported with this model.", param=name)
        cap = body.get("max_tokens", 0)
        if self.service.context is not None and cap > self.service.context:
            limit = f"This model's maximum context length is {self.service.context} tokens"
            return _error(400, f"{limit}. However, you requested {cap} in the completion. Please reduce the length.")
        return None

    def _completion(self, answer: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
        candidate, counted = answer["candidates"][0], answer["usageMetadata"]
        text = "".join(part["text"] for part in candidate["content"].get("parts", []))
        if body.get("response_format") and text.startswith("["):
            text = f'{{"items": {text}}}'
        if self.service.thinks:
            text = f"<think>\n{self.service.thinks}\n</think>\n\n{text}"
        written = counted["candidatesTokenCount"] + self.service.thought_tokens
        usage: dict[str, Any] = {
            "prompt_tokens": counted["promptTokenCount"],
            "completion_tokens": written,
            "total_tokens": counted["promptTokenCount"] + written,
        }
        if self.service.counts_thoughts:
            usage["completion_tokens_details"] = {"reasoning_tokens": self.service.thought_tokens}
        if self.service.cached_tokens:
            usage["prompt_tokens_details"] = {"cached_tokens": self.service.cached_tokens}
        finish = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}.get(candidate["finishReason"])
        return _completed(text, finish, usage) | {"model": self.service.answered_by.get(MODEL, MODEL)}


def _in_gemini(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the other emulator reads it."""
    system, user = (message["content"] for message in body["messages"])
    schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return {
        "systemInstruction": {"parts": [{"text": system}]},
        "contents": [{"role": "user", "parts": [{"text": user}]}],
        "generationConfig": {"responseJsonSchema": schema or {"enum": json.loads(user)["types"]}},
    }


def _completed(text: str | None, finish: str | None, usage: object = None, **message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
        ],
        "usage": usage,
    }


def _error(status: int, message: str, headers: Mapping[str, str] | None = None, **more: str) -> Response:
    return JSONResponse({"error": {"message": message, "param": None, **more}}, status, headers=headers)


_USAGE = {"prompt_tokens": 50, "completion_tokens": 4, "total_tokens": 54}

OWN_FAULTS: dict[str, Callable[[], Response]] = {
    "minute": lambda: _error(
        429,
        "Rate limit reached for requests per min (RPM): Limit 3. Please try again in 20s.",
        type="requests",
        code="rate_limit_exceeded",
    ),
    "header": lambda: _error(429, "Slow down.", {"Retry-After": "7"}),
    "header_soon": lambda: _error(429, "Slow down.", {"Retry-After": "0.2"}),
    "milliseconds": lambda: _error(429, "Slow down.", {"Retry-After-Ms": "1500"}),
    "minute_tokens": lambda: _error(429, "Rate limit reached on tokens per min (TPM): Limit 30000.", type="tokens"),
    "day": lambda: _error(429, "Rate limit reached for requests per day (RPD). Please try again in 7m12s."),
    "no_credit": lambda: _error(429, "You exceeded your current quota.", code="insufficient_quota"),
    "unpaid": lambda: _error(402, "Insufficient Balance"),
    "loading": lambda: _error(503, "Loading model", type="unavailable_error"),
    "gateway": lambda: Response("<html><b>502</b> Bad gateway</html>", 502, media_type="text/html"),
    "forbidden": lambda: _error(403, "Project does not have access to this model."),
    "bad_request": lambda: _error(400, "Invalid prompt."),
    "flat_error": lambda: JSONResponse({"object": "error", "message": "Invalid prompt.", "code": 400}, 400),
    "filtered_prompt": lambda: _error(400, "The prompt triggered the content management policy", code="content_filter"),
    "filtered": lambda: JSONResponse(_completed("", "content_filter", _USAGE)),
    "refused": lambda: JSONResponse(_completed(None, "stop", _USAGE, refusal="I cannot help with that.")),
    "no_choices": lambda: JSONResponse({"object": "chat.completion", "choices": [], "usage": _USAGE}),
    "error_inside": lambda: JSONResponse({"error": {"code": 503, "message": "Upstream is overloaded"}}),
    "web_page": lambda: Response("<html>Welcome to our chat</html>", media_type="text/html"),
    "tool_calls": lambda: JSONResponse(_completed("", "tool_calls", _USAGE)),
    "no_usage": lambda: JSONResponse(_completed("[]", None)),
}
"""What services of this kind answer besides completions, by name."""
