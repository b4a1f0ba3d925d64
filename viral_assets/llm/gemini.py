"""The Gemini API as such, whichever SDK speaks to it: what its failures, blocks and finish reasons mean here.

Both clients hand in plain values (status, headers, body, names), so that the same response becomes the same answer or
error whoever received it. https://ai.google.dev/gemini-api/docs/troubleshooting,
https://ai.google.dev/api/generate-content#FinishReason
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

from viral_assets.errors import (
    FatalProviderError,
    ModelUnavailableError,
    NoRoomError,
    ProviderError,
    RateLimitedError,
    TransientProviderError,
)
from viral_assets.llm.gemini_errors import (
    has_no_quota,
    names_the_tier,
    quota_names,
    requests_a_minute,
    retry_after,
    says_bad_key,
)
from viral_assets.llm.http_service import HttpService, withheld
from viral_assets.llm.input_limit import rejected
from viral_assets.llm.responses import (
    error_object,
    header_of,
    http_address,
    sendable_key,
)
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.llm.types import Answer, Usage

DEFAULT_ENDPOINT = "https://generativelanguage.googleapis.com"

TIER_HEADER = "x-gemini-service-tier"
"""Of a response: the tier at which the request was served (https://ai.google.dev/gemini-api/docs/flex-inference)."""

BLOCKED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "MODEL_ARMOR",
        "ESCALATION",
    }
)
"""Finish reasons that mean: a filter did not like what this request led to."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""None is followed: it would be a second request, and take the key to whatever host it names."""

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class GeminiEndpoint(HttpService):
    """Where requests go, and how to speak about it without telling the key.

    Args:
        api_key: sent with every request, never shown.
        endpoint: base URL without a path for the version; None for Google's.
    """

    api_key: str = field(repr=False)
    endpoint: str | None

    @classmethod
    def of(cls, api_key: str, endpoint: str | None) -> GeminiEndpoint:
        """Check both before anything is sent.

        Raises:
            ConfigurationError: the endpoint is no HTTP address, or the key cannot be sent in a header.
        """
        key = sendable_key(api_key, "GEMINI_API_KEY")
        return cls(key, _normal_endpoint(endpoint) if endpoint and endpoint.strip() else None)

    @property
    def base_url(self) -> str:
        return self.endpoint or DEFAULT_ENDPOINT

    @property
    def place(self) -> str:
        """For messages: the address, and the variable it came from."""
        if self.endpoint is None:
            return "the Gemini API"
        parts = urlsplit(self.endpoint)
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return f"{shown} (GEMINI_API_ENDPOINT)"

    @property
    def advice(self) -> str:
        """For who cannot reach it."""
        return "check the network" if self.endpoint is None else "check the address and that a server answers there"

    def checked_model(self, model: str) -> str:
        """The model's name, if it can be one.

        Raises:
            FatalProviderError: it would lead to another address.
        """
        if not _MODEL_NAME.fullmatch(model):
            raise FatalProviderError(f"{self.quoted(repr(model))} is not a model's name; set GEMINI_MODEL to one")
        return model

    def undecodable(self, cause: object) -> TransientProviderError:
        return TransientProviderError(
            f"{self.place} answered with something that is not the Gemini API's: {self.quoted(cause)}", http_status=200
        )

    def answer(
        self,
        text: str,
        usage: Usage | None,
        finish_reason: str | None,
        block_reason: str | None,
        model_version: str | None = None,
        tier: Tier | None = None,
    ) -> Answer:
        """What a success means.

        Args:
            text: all text of the first candidate.
            usage: tokens, if counted.
            finish_reason: the candidate's, as the API names it; empty where it gave none, None without a candidate.
            block_reason: why the prompt was refused, if it was.
            model_version: the model that answered, if the response says so.
            tier: at which it was served.

        Raises:
            BlockedAnswerError: the prompt or the candidate was blocked.
            TransientProviderError: the body was none of the API's: the newer SDK reads anything as an empty response.
        """
        if block_reason or finish_reason in BLOCKED:
            what = f"the prompt ({block_reason})" if block_reason else f"the answer ({finish_reason})"
            raise withheld(f"Gemini's safety filter withheld {what}", usage, model_version or None, tier)
        if not text and not finish_reason and usage is None:
            raise self.undecodable("no text, no reason, no token counts")
        answered = Answer(text, usage, "OTHER", model_version or None, tier)
        if finish_reason is None:
            return replace(answered, text="", finish_reason="EMPTY")
        if finish_reason in {"STOP", "MAX_TOKENS"}:
            return replace(answered, finish_reason=finish_reason)
        if finish_reason == "CONTINUATION":
            # As much as one request may write: what is missing is asked for anew, in smaller packs.
            return replace(answered, finish_reason="MAX_TOKENS")
        unsaid = finish_reason in {"", "FINISH_REASON_UNSPECIFIED"}
        return replace(answered, finish_reason="STOP") if unsaid and text else answered

    def failure(
        self, status: int, headers: Mapping[str, str], body: object, *, model: str, tier: Tier = STANDARD
    ) -> ProviderError:
        """What a response that is no success means.

        Args:
            status: HTTP status.
            headers: of the response; names in any case.
            body: as text, bytes or decoded JSON.
            model: what was asked.
            tier: at which it was asked.
        """
        error = error_object(body)
        said = self.sentence(error, status)
        if status == 429 and has_no_quota(error):
            message = (
                f"{self.place} gives this key no quota for {model}: {said} Name another model (GEMINI_MODEL, or model: "
                "in the project file), or enable billing for the key's project."
            )
            return ModelUnavailableError(message, http_status=status)
        quotas = [text.lower() for text in quota_names(error)]
        if tier != STANDARD and (status == 503 or (status == 429 and not quotas)):
            # A quota that is used up has a name.
            return NoRoomError(f"the {tier} tier of {self.place} has no room for now: {said}", http_status=status)
        if tier != STANDARD and status in {400, 403, 404} and names_the_tier(error):
            message = f"{self.place} has no {tier} tier for this key and {model}: {said}"
            return NoRoomError(message, http_status=status, for_good=True)
        if status == 429:
            return RateLimitedError(
                f"{self.place} refuses for now: {said}",
                retry_after_seconds=retry_after(error, headers),
                per_day=any("perday" in name.replace("_", "") for name in quotas),
                per_tokens=any("token" in name for name in quotas),
                names_quota=bool(quotas),
                limit=requests_a_minute(error),
            )
        if status in REDIRECTS:
            where = header_of(headers, "location") or "another address"
            message = f"{self.place} redirects to {self.quoted(where)} (HTTP {status}), where the key is not sent"
            return TransientProviderError(f"{message}; set GEMINI_API_ENDPOINT if it is right", http_status=status)
        if status in {408, 425, 499} or status >= 500 or status < 400:
            return TransientProviderError(f"{self.place} had a problem (HTTP {status}): {said}", http_status=status)
        kind: type[FatalProviderError] = FatalProviderError
        if status == 401 or says_bad_key(error):
            message = f"{self.place} does not accept the key: {said} Check GEMINI_API_KEY."
        elif status == 403:
            kind = ModelUnavailableError
            message = f"{self.place} does not let this key use {model}: {said} Check GEMINI_API_KEY and its project."
        elif status in {404, 405, 410}:
            kind = ModelUnavailableError
            message = f"{self.place} has no model {model}: {said} Set GEMINI_MODEL to one it has"
            message += "." if self.endpoint is None else ", or correct GEMINI_API_ENDPOINT."
        elif status == 400 and error.get("status") == "FAILED_PRECONDITION":
            message = f"{self.place} does not serve this key: {said}"
        elif status in {400, 409, 413, 414, 422}:
            return rejected(f"{self.place} rejects the request: {said}", error, status)
        else:
            message = f"{self.place} refuses every request (HTTP {status}): {said}"
        return kind(message, http_status=status)


def usage(
    prompt: int | None,
    candidates: int | None,
    total: int | None,
    thoughts: int | None = None,
    cached: int | None = None,
) -> Usage | None:
    """Counts as the API gives them; None where it gives none.

    The older SDK has no field for thoughts: they are what prompt and candidates leave over of the total.
    """
    asked, written = max(prompt or 0, 0), max(candidates or 0, 0)
    left_over = max((total or 0) - asked - written, 0)
    counted = Usage(asked, written, thoughts or left_over, cached or 0)
    return counted if counted.total else None


def _normal_endpoint(endpoint: str) -> str:
    return re.sub(r"/v1(?:beta|alpha)?$", "", http_address(endpoint, "GEMINI_API_ENDPOINT"))
