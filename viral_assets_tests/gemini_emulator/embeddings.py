"""Vectors in place of a model: texts that share words are similar."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from viral_assets_tests.gemini_emulator.prompts import texts
from viral_assets_tests.gemini_emulator.refusals import error

MOST = 100
"""Texts of one request."""


def embed(body: Mapping[str, Any], dimensions: int) -> Response:
    return JSONResponse({"embedding": {"values": vector(body, dimensions)}})


def embed_many(body: Mapping[str, Any], dimensions: int) -> Response:
    requests = body.get("requests", [])
    if len(requests) > MOST:
        return error(400, "INVALID_ARGUMENT", f"at most {MOST} requests can be in one batch")
    return JSONResponse({"embeddings": [{"values": vector(each, dimensions)} for each in requests]})


def vector(body: Mapping[str, Any], dimensions: int) -> list[float]:
    """Words thrown into buckets. Not of unit length, as the API's.

    Args:
        dimensions: unless the request asks for others.
    """
    dimensions = int(body.get("outputDimensionality") or dimensions)
    found = [0.0] * dimensions
    for word in re.findall(r"\w+", texts(body.get("content", {})).lower()) or ["nothing"]:
        digest = hashlib.sha256(word.encode()).digest()
        found[int.from_bytes(digest[:4]) % dimensions] += 1.5 if digest[4] % 2 else -1.5
    return found
