"""Which keys and models are taken."""

from __future__ import annotations

import re

from starlette.responses import Response

from viral_assets_tests.gemini_emulator.refusals import TYPES, error

INVALID_KEY = "invalid-key"
FORBIDDEN_KEY = "forbidden-key"
UNAUTHENTICATED_KEY = "unauthenticated-key"


def key_denied(key: str) -> Response | None:
    if not key or key == INVALID_KEY:
        detail = {"@type": f"{TYPES}.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        return error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [detail])
    if key == UNAUTHENTICATED_KEY:
        return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if key == FORBIDDEN_KEY:
        return error(403, "PERMISSION_DENIED", "Generative Language API has not been used in project 1 before.")
    return None


def model_denied(model: str, accepted: str) -> Response | None:
    """``accepted`` is a pattern of names."""
    if not re.fullmatch(accepted, model):
        return error(404, "NOT_FOUND", f"models/{model} is not found for API version v1beta.")
    return None
