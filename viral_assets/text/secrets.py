"""Keys, tokens and passwords in somebody else's words: what looks like one, and hiding it.

Whatever quotes what comes from outside (a service's error, a library's, an address) passes it through :func:`redacted`
before anybody sees it: alerts, log lines, errors, metadata.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote

REDACTED = "[redacted]"

SHORT = 8
"""Characters of a secret below which it is hidden only where it stands alone: it may be part of many a word."""

# Shapes that give a secret away, wherever it came from. A group that is named stays.
_SHAPES = tuple(
    re.compile(shape)
    for shape in (
        # Google: keys until 2026, keys since then, access tokens.
        r"AIza[0-9A-Za-z_\-]{10,}",
        r"(?<![0-9A-Za-z])AQ\.[0-9A-Za-z_\-]{10,}(?:\.[0-9A-Za-z_\-]+)*",
        r"(?<![0-9A-Za-z])ya29\.[0-9A-Za-z_.\-]{10,}",
        # X: a bearer token begins with a row of As, and is often percent-encoded.
        r"(?<![0-9A-Za-z])A{12,}[0-9A-Za-z%_+/=\-]{20,}",
        r"apify_[a-z]+_[0-9A-Za-z]{10,}",
        r"(?<![0-9A-Za-z])sk-[0-9A-Za-z_\-]{16,}",
        # Ours, with which people sign in to the review page.
        r"(?<![0-9A-Za-z])va-[0-9a-f]{8}-[0-9A-Za-z_\-]{32}",
        # The password of an address, up to the last @ before the path, and Slack's webhooks.
        r"(?P<stays>://)[^\s/@:]*:[^\s/]+(?=@)",
        r"(?P<stays>hooks\.slack\.com/)\S+",
        # Whatever stands after a name that says what it is.
        r"(?i)(?P<stays>\bbearer\s+)[0-9a-z._~+/%\-]+=*",
        r"(?i)(?P<stays>x-goog-api-key[\"']?\s*[:=]\s*[\"']?)[^\s&'\",;]+",
        r"(?i)(?P<stays>(?:key|token|password|secret)=)[^\s&'\"]+",
    )
)


def redacted(text: str, secrets: Collection[str] = ()) -> str:
    """The text without these secrets, as they are or percent-encoded, and without what looks like one."""
    text = hidden(text, secrets)
    for shape in _SHAPES:
        text = shape.sub(_kept, text)
    return text


def hidden(text: str, secrets: Collection[str], *, instead: str = REDACTED) -> str:
    """The text without these secrets, as they are or percent-encoded."""
    for pattern in _patterns(frozenset(filter(None, secrets))):
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=64)
def _patterns(secrets: frozenset[str]) -> tuple[re.Pattern[str], ...]:
    """The longest first, as one may be a part of another."""
    forms = {form for secret in secrets for form in _forms(secret)}
    return tuple(_pattern(form) for form in sorted(forms, key=len, reverse=True))


def _forms(secret: str) -> Iterator[str]:
    yield from filter(str.strip, (secret, quote(secret, safe=""), unquote(secret)))


def _pattern(form: str) -> re.Pattern[str]:
    exactly = re.escape(form)
    return re.compile(exactly if len(form) >= SHORT else rf"(?<![\w-]){exactly}(?![\w-])")


def _kept(match: re.Match[str]) -> str:
    return f"{match.groupdict().get('stays') or ''}{REDACTED}"
