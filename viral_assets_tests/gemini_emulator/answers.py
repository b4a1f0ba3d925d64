"""Successful answers: what was asked, and the response around a text."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from viral_assets_tests.gemini_emulator.arrivals import Arrival
from viral_assets_tests.gemini_emulator.config import EmulatorConfig
from viral_assets_tests.gemini_emulator.prompts import tokens, tweets_in, user_text, wishes_in
from viral_assets_tests.gemini_emulator.studies import study_items
from viral_assets_tests.gemini_emulator.suggestions import Tweets, Wishes, items
from viral_assets_tests.gemini_emulator.tiers import SERVED_BY


@dataclass(frozen=True)
class Asked:
    """A request for content that is to be answered."""

    config: EmulatorConfig
    arrival: Arrival
    text: str
    tweets: Tweets
    wishes: Wishes

    @classmethod
    def of(cls, config: EmulatorConfig, arrival: Arrival, body: Mapping[str, Any]) -> Asked:
        """What a request asks; the arrival is told of which tweets."""
        tweets = tweets_in(body)
        arrival.tweet_ids = list(tweets)
        return cls(config, arrival, user_text(body), tweets, wishes_in(body))

    def items(self) -> list[dict[str, Any]]:
        """The good answer, as it is before it becomes text."""
        studied = study_items(self.text)
        return items(self.tweets, self.wishes) if studied is None else studied

    def good(self) -> Response:
        return self.completion(json.dumps(self.items()))

    def completion(self, text: str, finish: str = "STOP") -> Response:
        """A success with this text, as much of it as fits besides the thoughts."""
        arrival, config = self.arrival, self.config
        thoughts = config.thought_tokens
        if config.thinking:
            cap = sys.maxsize if arrival.output_cap is None else arrival.output_cap
            thoughts = min(arrival.thoughts, cap)
            if tokens(text) > cap - thoughts:
                text, finish = text[: 4 * (cap - thoughts)], "MAX_TOKENS"
        arrival.output_tokens = tokens(text)
        content = {"parts": [{"text": text}], "role": "model"} if text else {"role": "model"}
        candidate: dict[str, Any] = {"content": content, "finishReason": finish, "index": 0}
        if finish == "CONTINUATION":
            candidate["continuationToken"] = "Z28gb24="
        return self.answer(candidates=[candidate], thoughts=thoughts)

    def withheld(self) -> Response:
        """The prompt does not pass the safety filter."""
        return self._respond(promptFeedback={"blockReason": "SAFETY"}, usageMetadata=self._prompt_only())

    def without_candidates(self) -> Response:
        return self._respond(candidates=[], usageMetadata=self._prompt_only())

    def answer(self, *, candidates: list[dict[str, Any]], thoughts: int) -> Response:
        arrival, cached = self.arrival, self.config.cached_tokens
        usage = {
            "promptTokenCount": arrival.input_tokens,
            **({"cachedContentTokenCount": cached} if cached else {}),
            "candidatesTokenCount": arrival.output_tokens,
            "totalTokenCount": arrival.input_tokens + arrival.output_tokens + thoughts,
            **({"thoughtsTokenCount": thoughts} if thoughts else {}),
        }
        answered_by = self.config.answered_by.get(arrival.model, arrival.model)
        return self._respond(candidates=candidates, usageMetadata=usage, modelVersion=answered_by)

    def _prompt_only(self) -> dict[str, int]:
        return {"promptTokenCount": self.arrival.input_tokens, "totalTokenCount": self.arrival.input_tokens}

    def _respond(self, **parts: Any) -> Response:
        return JSONResponse(parts, headers={SERVED_BY: self.arrival.tier})
