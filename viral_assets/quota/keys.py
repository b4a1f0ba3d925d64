"""What quotas are called: by the account that pays, and what of it the service counts apart.

An account is a service and the fingerprint of a key, never the key itself, or the name that a person has given to the
Google project that several keys belong to. Gemini counts requests and tokens by project and model, so each model of an
account has a quota of its own (https://ai.google.dev/gemini-api/docs/rate-limits). What is spent counts for the
account.
"""

from __future__ import annotations

import re

from viral_assets.errors import ConfigurationError
from viral_assets.llm.types import fingerprint

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SEPARATOR = "/"
BATCHES = "batch"
"""What the names of quotas of batches end with."""


def gemini_account(api_key: str | None, quota_name: str | None = None) -> str:
    """Of a key of the Gemini API, or of the Google project that it belongs to.

    Args:
        quota_name: the same for all keys of one Google project.

    Raises:
        ConfigurationError: the name cannot be used.
    """
    if not quota_name:
        return f"gemini:{fingerprint((api_key or '').strip())}"
    if not _NAME.fullmatch(quota_name):
        raise ConfigurationError(
            "VIRAL_ASSETS_QUOTA_NAME must be a name of up to 40 letters, digits, dots, dashes or underscores"
        )
    # Told apart from fingerprints, so that no name can be taken for a key.
    return f"gemini:@{quota_name}"


def openai_account(api_key: str | None, base_url: str | None) -> str:
    """Of a service that speaks OpenAI's API: of its key or, where it needs none, of its address."""
    return f"openai:{fingerprint((api_key or '').strip() or (base_url or '').strip().rstrip('/'))}"


def part_of(account: str, part: str) -> str:
    """The quota of one model, or one endpoint, of an account."""
    return f"{account}{_SEPARATOR}{part}"


def batches_of(quota_key: str) -> str:
    """The quota of a model's batches, which the service counts apart."""
    return f"{quota_key}{_SEPARATOR}{BATCHES}"


def account_of(quota_key: str) -> str:
    """Who pays for what a quota allows."""
    return quota_key.split(_SEPARATOR, 1)[0]


def prefix_of(account: str) -> str:
    """What the names of all quotas of an account but its own name begin with."""
    return account + _SEPARATOR
