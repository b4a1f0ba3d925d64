"""The models of Gemini that are used where nobody names another."""

from __future__ import annotations

DEFAULT_MODEL = "gemini-2.5-flash-lite"
"""Writes, unless a project file, the environment or a call names another."""

EMBEDDING_MODEL = "gemini-embedding-001"
EMBEDDING_INPUT_TOKENS = 2_048
"""What it reads of a text; the rest is cut off (https://ai.google.dev/gemini-api/docs/models)."""


def plain_name(model: str) -> str:
    """A model's name without the ``models/`` that the API also takes, so that one model has one name."""
    return model.strip().removeprefix("models/")
