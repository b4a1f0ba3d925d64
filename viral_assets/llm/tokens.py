"""How many tokens a text counts, before the service has counted them."""

from __future__ import annotations

import re
from functools import lru_cache

# English, digits, punctuation, other alphabets, everything else (CJK, emoji), and what a character of each counts.
_CHARACTER_CLASSES = re.compile(
    r"([A-Za-z ]+)|([0-9]+)|([!-/:-@\[-`{-~\x00-\x1f\x7f]+)"
    r"|([\u0080-\u10ff\u1e00-\u214f]+)|([^\x00-\u10ff\u1e00-\u214f]+)"
)
_TWENTIETHS_A_CHARACTER = (5, 10, 5, 9, 22)


@lru_cache(maxsize=256)
def estimate_tokens(text: str) -> int:
    """About how many tokens a text counts, a little over.

    Gemini takes four characters of English for one token, every digit for one and most CJK characters for one
    (https://ai.google.dev/gemini-api/docs/tokens). Digits count half here: prose is over-estimated, which makes up
    for it, and a service that simply counts four characters a token is not missed by far.
    """
    twentieths = 0
    for match in _CHARACTER_CLASSES.finditer(text):
        weight = _TWENTIETHS_A_CHARACTER[(match.lastindex or 1) - 1]
        twentieths += weight * (match.end() - match.start())
    return -(-twentieths // 20)
