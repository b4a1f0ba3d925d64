"""Whether the values of a column are handles, or the names that accounts display.

Exports call both ``username``, ``user`` or ``author``, and a name of one word looks like a handle: the column as a
whole tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from viral_assets.sources.parsers.fields import handle, handle_in_url

_WORD = re.compile(r"[^\W\d_]+")
_MOST_ODD = 0.1
_FEWEST_WORDS = 3


def are_displayed_names(
    values: Sequence[str], addresses: Sequence[str] = (), ids: Sequence[str] = (), *, called_handles: bool = False
) -> bool:
    """Whether these values of one column are displayed names.

    Args:
        values: one of each row, blank where a row has none.
        addresses: of the tweets of the same rows, which name the handle.
        ids: of the accounts of the same rows: one name may be of several accounts, a handle is of one.
        called_handles: whether the column is called so; then only what no handle can be speaks against it.
    """
    known = [value.strip() for value in values if value.strip()]
    if not known or all(value.startswith("@") for value in known):
        return False
    named = [
        (value.strip().removeprefix("@").lower(), of_address.lower())
        for value, address in zip(values, addresses, strict=False)
        if value.strip() and (of_address := handle_in_url(address))
    ]
    if named:
        return sum(value == of_address for value, of_address in named) < len(named) / 2
    distinct = set(known)
    odd = sum(not _may_be_handle(value) for value in distinct)
    if odd > _MOST_ODD * len(distinct):
        return True
    if called_handles:
        return False
    accounts = {(value, account) for value, account in zip(values, ids, strict=False) if value.strip() and account}
    if len({account for _, account in accounts}) > len({value for value, _ in accounts}) > 0:
        return True
    # Mara, Tom, Ines: among handles some have digits, underscores, or no capital.
    return len(distinct) >= _FEWEST_WORDS and all(_WORD.fullmatch(value) and value.istitle() for value in distinct)


def _may_be_handle(value: str) -> bool:
    return bool(handle(value)) and len(value.removeprefix("@")) <= 15
