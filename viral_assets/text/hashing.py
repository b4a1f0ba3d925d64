"""What a text is known by."""

from __future__ import annotations

import hashlib
import unicodedata


def text_hash(text: str) -> str:
    """SHA-256 (hex) of the text after NFC: equal texts share one embedding."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).hexdigest()
