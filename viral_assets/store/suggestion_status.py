"""The life of a suggestion: which statuses there are, and what may be done in each. Pure; who did what is kept
elsewhere (``decisions``).

========= ========= ========= ====== ========= ====== =======
in \\ do   approve   reject    edit   export    post   reopen
========= ========= ========= ====== ========= ====== =======
pending   approved  rejected  edited exported  posted
approved            rejected  edited exported  posted pending
edited              rejected  edited exported  posted pending
exported  approved  rejected  edited           posted pending
rejected  approved            edited                  pending
posted                                                pending
========= ========= ========= ====== ========= ====== =======

``export`` is the one thing a program does: it hands a suggestion over to somebody and says nothing about how good it
is. What a person had decided before still stands (:func:`stands_approved`).
"""

from __future__ import annotations

from collections.abc import Mapping

PENDING, APPROVED, EDITED, REJECTED, EXPORTED, POSTED = STATUSES = (
    "pending",
    "approved",
    "edited",
    "rejected",
    "exported",
    "posted",
)
APPROVE, REJECT, EDIT, EXPORT, POST, REOPEN = ACTIONS = ("approve", "reject", "edit", "export", "post", "reopen")

UNDO = "undo"
"""In the audit only: it leads back to where the undone action began, whatever that was."""

USABLE = frozenset(STATUSES) - {REJECTED, POSTED}
"""Statuses of suggestions that somebody may still post."""

_OPEN = {APPROVE: APPROVED, REJECT: REJECTED, EDIT: EDITED, EXPORT: EXPORTED, POST: POSTED}
_CHOSEN = {REJECT: REJECTED, EDIT: EDITED, EXPORT: EXPORTED, POST: POSTED, REOPEN: PENDING}

_AFTER: Mapping[str, Mapping[str, str]] = {
    PENDING: _OPEN,
    APPROVED: _CHOSEN,
    EDITED: _CHOSEN,
    EXPORTED: {APPROVE: APPROVED, REJECT: REJECTED, EDIT: EDITED, POST: POSTED, REOPEN: PENDING},
    REJECTED: {APPROVE: APPROVED, EDIT: EDITED, REOPEN: PENDING},
    POSTED: {REOPEN: PENDING},
}

# Why not, where "it is approved already" does not say it.
_REFUSALS: Mapping[tuple[str, str], str] = {
    (EDITED, APPROVE): "it is edited, which counts as approved",
    (REJECTED, EXPORT): "it is rejected; approve or reopen it first",
    (REJECTED, POST): "it is rejected; approve or reopen it first",
    **{
        (POSTED, action): "it is marked as posted; reopen it first, if it was not"
        for action in (APPROVE, REJECT, EDIT, EXPORT)
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


def refusal(status: str, action: str) -> str:
    """Why ``action`` is not possible in ``status``, as half a sentence for a person."""
    return _REFUSALS.get((status, action), f"it is {status} already")


def stands_approved(status: str, *, decided: bool) -> bool:
    """Whether a person stands behind the text: approved, edited or posted it, and took nothing back since.

    Args:
        decided: a person's decision is on record (``decided_at`` is not null), which tells an approved suggestion that
            was exported from one that nobody had looked at.
    """
    return status in (APPROVED, EDITED, POSTED) or (status == EXPORTED and decided)
