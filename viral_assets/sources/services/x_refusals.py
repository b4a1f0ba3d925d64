"""What X's refusals for want of money mean, by the words of their bodies. All others are told by their status.

Titles and types as X writes them: https://docs.x.com/x-api/fundamentals/response-codes-and-errors and
https://docs.x.com/x-api/getting-started/pricing. None of these mends itself while a run waits: the month's cap comes
without a time from which on it may be asked again, and whoever waits for one asks at once, again and again.
"""

from __future__ import annotations

_MEANINGS = {
    "usagecap": "the month's posts are used up; raise the cap at X, or wait for the next month",
    "spendcap": "the account's spending cap is reached; raise it in X's developer console, or wait for the next month",
    "creditsdepleted": "the account has no credits; buy some in X's developer console",
}


def out_of_money(body: str) -> str | None:
    """What is used up and what to do about it, in one line; None where the body speaks of nothing of the kind.

    Args:
        body: of an answer with the status 402, 403 or 429, of any form: ``spend-cap-reached``, ``SpendCapReached`` and
            ``Spend cap reached`` are the same.
    """
    letters = "".join(filter(str.isalpha, body[:20_000].lower()))
    return next((meaning for words, meaning in _MEANINGS.items() if words in letters), None)
