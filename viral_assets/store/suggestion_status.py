"""The life of a suggestion: what may be done in each status, and where it leads. Pure; the statuses are named in
``vocabulary``, and who did what is kept in ``audit``.

========= ========= ========= ====== ========= ====== =======
in \\ do   approve   reject    edit   export    post   reopen
========= ========= ========= ====== ========= ====== =======
pending   approved  rejected  edited exported  posted
awaiting  approved  rejected  edited           posted pending
approved            rejected  edited exported  posted pending
edited              rejected  edited exported  posted pending
exported  approved  rejected  edited           posted pending
rejected  approved            edited                  pending
posted                                                pending
========= ========= ========= ====== ========= ====== =======

``export`` is the one thing a program does: it hands a suggestion over to somebody and says nothing about how good it
is. What a person had decided before still stands (:func:`stands_approved`).

Where the approval of two people is asked for, some of these lead to ``awaiting`` first: see ``second_approval``. What
is posted at X although a second approval was awaited is posted: the audit says what is true.

A revision that a person takes is no decision about a suggestion that was pending: it stays so, with the other text.
What was decided about becomes ``edited``, as if the person had typed it (:func:`after_revision`).
"""

from __future__ import annotations

from collections.abc import Mapping

from viral_assets.vocabulary import (
    ACTIONS,
    APPROVE,
    APPROVED,
    AWAITING,
    AWAITING_WORDS,
    EDIT,
    EDITED,
    EXPORT,
    EXPORTED,
    PENDING,
    POST,
    POSTED,
    REJECT,
    REJECTED,
    REOPEN,
    STATUSES,
    TAKE_REVISION,
)

TO_DECIDE = frozenset(STATUSES) - {REJECTED, POSTED}
"""Statuses of suggestions about which there is something to decide."""

USABLE = TO_DECIDE - {AWAITING}
"""Statuses of suggestions that somebody may still post."""

CHOSEN = (APPROVED, EDITED, EXPORTED, POSTED)
"""A suggestion with one of these settles its tweet: one reply is enough."""

_OPEN: Mapping[str, str] = {APPROVE: APPROVED, REJECT: REJECTED, EDIT: EDITED, EXPORT: EXPORTED, POST: POSTED}
_AFTER_A_CHOICE: Mapping[str, str] = {REJECT: REJECTED, EDIT: EDITED, EXPORT: EXPORTED, POST: POSTED, REOPEN: PENDING}

_AFTER: Mapping[str, Mapping[str, str]] = {
    PENDING: _OPEN,
    AWAITING: {APPROVE: APPROVED, REJECT: REJECTED, EDIT: EDITED, POST: POSTED, REOPEN: PENDING},
    APPROVED: _AFTER_A_CHOICE,
    EDITED: _AFTER_A_CHOICE,
    EXPORTED: {APPROVE: APPROVED, REJECT: REJECTED, EDIT: EDITED, POST: POSTED, REOPEN: PENDING},
    REJECTED: {APPROVE: APPROVED, EDIT: EDITED, REOPEN: PENDING},
    POSTED: {REOPEN: PENDING},
}

# Why not, where "it is approved already" does not say it.
_REFUSALS: Mapping[tuple[str, str], str] = {
    (AWAITING, EXPORT): f"it is {AWAITING_WORDS}",
    (EDITED, APPROVE): "it is edited, which counts as approved",
    (REJECTED, EXPORT): "it is rejected; approve or reopen it first",
    (REJECTED, POST): "it is rejected; approve or reopen it first",
    (REJECTED, TAKE_REVISION): "it is rejected; reopen it first",
    **{
        (POSTED, action): "it is marked as posted; reopen it first, if it was not"
        for action in (APPROVE, REJECT, EDIT, EXPORT, TAKE_REVISION)
    },
}


def after(status: str, action: str) -> str | None:
    """The status that ``action`` leads to; None where it is not possible.

    Raises:
        ValueError: there is no such status or action.
    """
    if status not in STATUSES or action not in ACTIONS:
        raise ValueError(f"no status {status!r} or no action {action!r}")
    return _AFTER[status].get(action)


def after_revision(status: str) -> str | None:
    """The status that taking a revision leads to; None where nothing may be revised.

    Raises:
        ValueError: there is no such status.
    """
    if status not in STATUSES:
        raise ValueError(f"no status {status!r}")
    return {PENDING: PENDING, AWAITING: AWAITING, APPROVED: EDITED, EDITED: EDITED, EXPORTED: EDITED}.get(status)


def refusal(status: str, action: str) -> str:
    """Why ``action`` is not possible in ``status``, as half a sentence for a person."""
    return _REFUSALS.get((status, action), f"it is {status} already")


def in_words(status: str) -> str:
    """A status as the end of "it is"."""
    return AWAITING_WORDS if status == AWAITING else status


def stands_approved(status: str, *, decided: bool) -> bool:
    """Whether a person stands behind the text: approved, edited or posted it, and took nothing back since.

    Args:
        decided: a person's decision is on record (``decided_at`` is not null), which tells an approved suggestion that
            was exported from one that nobody had looked at.
    """
    return status in (APPROVED, EDITED, POSTED) or (status == EXPORTED and decided)
