"""What a text is known by."""

from __future__ import annotations

import hashlib
import unicodedata


def text_hash(text: str) -> str:
    """SHA-256 (hex) of the text after NFC: equal texts share one embedding."""
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    return hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()
