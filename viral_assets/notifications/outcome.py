"""What became of a message, told from what apprise says of it. Pure.

apprise (2.3) answers yes or no; why not is only in the lines that its services log, which all of them word alike. Where
a line does not show that the message cannot have arrived, nobody knows: a message too few is said, one too many is a
nuisance. Its lines hold addresses and are never passed on: the reasons are in our words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from viral_assets.vocabulary import SENT, UNKNOWN, WAITING, Telling


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """``state`` is SENT, WAITING (not taken: it may be sent again) or UNKNOWN; ``reason`` says why, in a few words."""

    state: Telling
    reason: str = ""


# A gateway that waited in vain has passed the message on.
_PASSED_ON = frozenset({408, 504, 524})

_HTTP_STATUS = re.compile(r"\berror=(\d{3})\b")
_SMTP_REFUSAL = re.compile(r"\((\d{3}), b['\"]")

_NEVER_SENT = {
    "NameResolutionError": "its name is not known",
    "NewConnectionError": "it does not take connections",
    "ConnectTimeoutError": "no connection in time",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "Unable to connect to proxy": "the proxy does not take connections",
    "Tunnel connection failed": "the proxy lets nobody through",
    "Connection refused": "it does not take connections",
    # Of mail, before any of it was sent: whatever has failed until then.
    "Connection error while submitting email": "the mail server could not be used",
}


def outcome_of(*, succeeded: bool, lines: Sequence[str]) -> DeliveryOutcome:
    """What became of a message.

    Args:
        succeeded: apprise says that it was taken.
        lines: what was logged while it was sent.
    """
    if succeeded:
        return DeliveryOutcome(SENT)
    text = "\n".join(lines)
    if statuses := _HTTP_STATUS.findall(text):
        status = int(statuses[-1])
        return DeliveryOutcome(UNKNOWN if status in _PASSED_ON else WAITING, f"HTTP {status}")
    if refused := _SMTP_REFUSAL.findall(text):
        return DeliveryOutcome(WAITING, f"the mail server answers {refused[-1]}")
    for sign, reason in _NEVER_SENT.items():
        if sign in text:
            return DeliveryOutcome(WAITING, reason)
    return DeliveryOutcome(UNKNOWN, "the connection ended without an answer")
