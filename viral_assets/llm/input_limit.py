"""How much a model takes in one request, as services say it where they refuse one that holds more.

None of them has a field for it that all others know; their words are well known, because so many people look them up:

- Gemini: "The input token count (N) exceeds the maximum number of tokens allowed (M)."
- OpenAI and vLLM: "This model's maximum context length is M tokens. However, your messages resulted in N tokens", or
  "you requested X tokens (N in the messages, Y in the completion)", or "your request has N input tokens"
- llama.cpp: "request (N tokens) exceeds the available context size (M tokens)", and ``n_prompt_tokens``, ``n_ctx``
- LM Studio: "Trying to keep the first N tokens ... loaded with context length of only M tokens"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from viral_assets.errors import RejectedRequestError, TooMuchInputError

_NUMBER = r"(\d[\d,_.]*)"
_GEMINI = re.compile(
    rf"input token count\D{{0,20}}{_NUMBER}\D{{0,5}}exceeds the maximum number of tokens allowed\D{{0,20}}{_NUMBER}",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    rf"(?:maximum context length is|context size \(|context length of only)\s*{_NUMBER}\s*tokens", re.IGNORECASE
)
_COUNTED = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        rf"\(\s*{_NUMBER} (?:tokens )?in (?:the|your) (?:messages|prompt)",
        rf"(?:messages resulted in|request has|prompt contains(?: at least)?)\s*{_NUMBER}\s*(?:input )?tokens",
        rf"(?:request|prompt) \({_NUMBER} tokens\) exceeds",
        rf"keep the first {_NUMBER} tokens",
    )
)


def rejected(message: str, error: Mapping[str, Any], status: int) -> RejectedRequestError:
    """What a request was rejected for: too much input, where the service says how much it takes, or something else.

    Args:
        message: for people.
        error: the object of the body.
    """
    text = str(error.get("message") or "")
    if said := _GEMINI.search(text):
        return TooMuchInputError(message, allowed=_whole(said[2]), counted=_whole(said[1]), http_status=status)
    context, counted = error.get("n_ctx"), error.get("n_prompt_tokens")
    if not isinstance(context, int) and (said := _CONTEXT.search(text)):
        context = _whole(said[1])
        counted = next((_whole(found[1]) for each in _COUNTED if (found := each.search(text))), 0)
    if not isinstance(context, int) or context < 1:
        return RejectedRequestError(message, http_status=status)
    return TooMuchInputError(
        message,
        allowed=context,
        counted=counted if isinstance(counted, int) else 0,
        with_output=True,
        http_status=status,
    )


def _whole(figure: str) -> int:
    return int(re.sub(r"\D", "", figure))
