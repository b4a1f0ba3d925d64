"""How a request is put to a service of OpenAI's kind. They speak one language in many dialects: what one of them
refuses is left out for its model from then on, step by step, until nothing is left that it could refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from viral_assets.generation.drafting.request import GenerationRequest

AnswerFormat = Literal["json_schema", "json_object", "text"]
FORMATS: tuple[AnswerFormat, ...] = get_args(AnswerFormat)
"""How firmly the answer's shape is asked for, the firmest first. It is parsed and checked the same way with each."""

OutputCap = Literal["max_tokens", "max_completion_tokens", "none"]
CAPS: tuple[OutputCap, ...] = get_args(OutputCap)
"""What the cap on the answer is called; ``none`` leaves it to the service."""

ROOT: Final = "items"
"""The key that a list is put under: a schema's root has to be an object."""

_NAMES_THE_FORMAT = ("response_format", "json_schema", "json_object", "structured output")
_TOO_LARGE = re.compile(r"too large|too high|at most|maximum|exceed|context length|less than|greater than")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a request to a model may have in it."""

    answer_format: AnswerFormat = "json_schema"
    output_cap: OutputCap = "max_tokens"
    temperature: bool = True

    def body(self, request: GenerationRequest) -> dict[str, Any]:
        """The request, as JSON."""
        schema = json_schema(request.response_schema)
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [
                {"role": "system", "content": f"{request.system_instruction}\n\n{_shape(schema)}"},
                {"role": "user", "content": request.prompt},
            ],
        }
        if self.temperature and request.temperature is not None:
            body["temperature"] = request.temperature
        if self.output_cap != "none":
            body[self.output_cap] = request.max_output_tokens
        if self.answer_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        elif self.answer_format == "json_schema":
            named = {"name": "replies", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        return body

    def after(self, complaint: str) -> Dialect:
        """The dialect for the next request, after one in this dialect was rejected; this one, if it was not at fault.

        Args:
            complaint: what the rejection names, in lower case.
        """
        if self.answer_format != "text" and any(name in complaint for name in _NAMES_THE_FORMAT):
            return replace(self, answer_format=FORMATS[FORMATS.index(self.answer_format) + 1])
        if self.temperature and re.search(r"\btemperature\b", complaint):
            return replace(self, temperature=False)
        if self.output_cap != "none" and ("max_tokens" in complaint or "max_completion_tokens" in complaint):
            too_large = _TOO_LARGE.search(complaint) is not None
            return replace(self, output_cap="none" if too_large else CAPS[CAPS.index(self.output_cap) + 1])
        if self.output_cap != "none" and "context length" in complaint:
            return replace(self, output_cap="none")
        return self

    def and_without(self, other: Dialect) -> Dialect:
        """With nothing that either of the two leaves out: requests under way together learn different things."""
        return Dialect(
            FORMATS[max(FORMATS.index(self.answer_format), FORMATS.index(other.answer_format))],
            CAPS[max(CAPS.index(self.output_cap), CAPS.index(other.output_cap))],
            self.temperature and other.temperature,
        )

    def lost(self, other: Dialect) -> str:
        """What the other one has no longer, for a message."""
        if other.answer_format != self.answer_format:
            return self.answer_format
        return "temperature" if other.temperature != self.temperature else self.output_cap


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema in Gemini's subset of OpenAPI as JSON Schema, as strict services want it: an object at the root, every
    property required, and no others.
    """
    converted = _converted(schema)
    if converted.get("type") == "object":
        return converted
    return _converted({"type": "object", "properties": {ROOT: schema}})


def _converted(schema: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(schema["type"]).lower()
    converted: dict[str, Any] = {"type": [kind, "null"] if schema.get("nullable") else kind}
    converted |= {name: schema[name] for name in ("description", "enum") if name in schema}
    if kind == "array":
        converted["items"] = _converted(schema["items"])
    if kind == "object":
        properties = {name: _converted(part) for name, part in schema["properties"].items()}
        converted |= {"properties": properties, "required": list(properties), "additionalProperties": False}
    return converted


def _shape(schema: Mapping[str, Any]) -> str:
    """For the instruction: local servers hold a model to a schema without showing it, others know no schema."""
    return f"Answer with one JSON object of this shape and nothing else: {json.dumps(_example(schema))}"


def _example(schema: Mapping[str, Any]) -> object:
    if schema["type"] == "array":
        return [_example(schema["items"])]
    return {name: _example(part) for name, part in schema["properties"].items()} if "properties" in schema else "..."
