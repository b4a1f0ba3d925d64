"""What quotas are called: by the account that pays and, where the service counts apart, by what is asked for.

An account is a service and the fingerprint of a key, never the key itself. All models that write share the quota that
has the account's own name: the service counts each of them apart, so this is never too much. The model that embeds has
one of its own. What is spent counts for the account.
"""

from __future__ import annotations

from viral_assets.llm.models import EMBEDDING_MODEL
from viral_assets.llm.types import fingerprint


def gemini_account(api_key: str | None) -> str:
    """Of a key of the Gemini API; also the name of the quota of all models that write."""
    return f"gemini:{fingerprint((api_key or '').strip())}"


def openai_account(api_key: str | None, base_url: str | None) -> str:
    """Of a service that speaks OpenAI's API: of its key or, where it needs none, of its address."""
    return f"openai:{fingerprint((api_key or '').strip() or (base_url or '').strip().rstrip('/'))}"


def part_of(account: str, part: str) -> str:
    """The quota of one model, or one endpoint, of an account."""
    return f"{account}/{part}"


def account_of(quota_key: str) -> str:
    """Who pays for what a quota allows."""
    return quota_key.split("/", 1)[0]


def paid_together(quota_key: str) -> tuple[str, ...]:
    """The quotas whose spending counts against one budget."""
    account = account_of(quota_key)
    return (account, part_of(account, EMBEDDING_MODEL))
