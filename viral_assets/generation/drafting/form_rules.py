"""What a suggestion may look like: its length, and what it must not contain (markup, links, handles, contacts).

Each rule returns what is wrong, in one line for a person, or None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from viral_assets.generation.drafting.words import shortened
from viral_assets.projects.model import Generation
from viral_assets.text.x_rules import handles, hashtags, links, text_weight

_MARKUP = re.compile(
    r"</?[A-Za-z!][^<>]*>|```|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\)|^#{1,6} |\{\{|\}\}"
    r"|[\"'](?:type|text|suggestions|id)[\"']\s*:"
)
_PLACEHOLDER = re.compile(r"\[(?:your|insert|name|link|topic|product)\b[^\]]*\]", re.IGNORECASE)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"
    r"|\b0x[0-9a-fA-F]{40}\b|\bbc1[0-9a-z]{25,60}\b|\b[13](?=\w*[A-Z])[1-9A-HJ-NP-Za-km-z]{25,34}\b"
    r"|\+\d[\d ()-]{8,}\d"
)

# Most texts have none of what each of these needs.
_MARKUP_SIGN = re.compile(r"[<`*\[#{}:]")
_CONTACT_SIGN = re.compile(r"[@\d]")


def length(text: str, limits: Generation) -> str | None:
    # Weighing is slower than counting, and a character weighs at most 2; no text of X's length is longer.
    weight = text_weight(text) if len(text) <= 4_000 else len(text)
    if not text:
        return "empty"
    if weight < limits.min_length:
        return f"{weight} weighted characters, at least {limits.min_length} are due"
    if weight > limits.max_length:
        return f"{weight} weighted characters, at most {limits.max_length} are allowed"
    return None


def markup(text: str) -> str | None:
    found = (_MARKUP.search(text) or _PLACEHOLDER.search(text)) if _MARKUP_SIGN.search(text) else None
    return f"contains {shortened(found[0])}" if found else None


def link(text: str, allowed_links: Sequence[str]) -> str | None:
    """``allowed_links`` as :func:`bare_link` returns them; what is below one of them is allowed too."""
    for found in links(text):
        bare = bare_link(found)
        if not any(bare == allowed or bare.startswith(allowed + "/") for allowed in allowed_links):
            return f"the link {shortened(found)} is not among the project's allowed_links"
    return None


def bare_link(text: str) -> str:
    """A link without what makes no difference: scheme, ``www.``, case, a slash at the end."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", text.strip().casefold()).rstrip("/")


def handle(text: str, allowed_handles: Collection[str]) -> str | None:
    strange = [found for found in handles(text) if found not in allowed_handles]
    return f"@{strange[0]} is not among the project's allowed_handles" if strange else None


def hashtag(text: str, allowed_hashtags: Collection[str]) -> str | None:
    strange = [found for found in hashtags(text) if found not in allowed_hashtags]
    return f"#{shortened(strange[0])} is not among the project's allowed_hashtags" if strange else None


def contact(text: str) -> str | None:
    found = _CONTACT.search(text) if _CONTACT_SIGN.search(text) else None
    return f"contains an address or number, {shortened(found[0])}" if found else None
