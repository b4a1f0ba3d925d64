"""How many tokens a text counts, before the service has counted them."""

from __future__ import annotations

import re
from functools import lru_cache

_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_OTHER_ALPHABETS = re.compile("[\u0080-\u10ff\u1e00-\u214f]")

# What a character of ASCII counts, and how much more a digit, one of another alphabet, and any other (CJK, emoji).
_TWENTIETHS, _OF_A_DIGIT, _OF_ANOTHER_ALPHABET, _OF_ANY_OTHER = 5, 5, 4, 17


@lru_cache(maxsize=256)
def estimate_tokens(text: str) -> int:
    """About how many tokens a text counts, a little over.

    Gemini takes four characters of English for one token, every digit for one and most CJK characters for one
    (https://ai.google.dev/gemini-api/docs/tokens). Digits count half here: prose is over-estimated, which makes up
    for it, and a service that simply counts four characters a token is not missed by far.
    """
    twentieths = _TWENTIETHS * len(text) + _OF_A_DIGIT * sum(map(text.count, "0123456789"))
    if not text.isascii():
        others = "".join(_NOT_ASCII.findall(text))
        of_alphabets = len(_OTHER_ALPHABETS.findall(others))
        twentieths += _OF_ANOTHER_ALPHABET * of_alphabets + _OF_ANY_OTHER * (len(others) - of_alphabets)
    return -(-twentieths // 20)
