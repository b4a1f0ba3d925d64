"""What a run that did not succeed is raised as. Dagster has the errors as text, with the names of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from viral_assets import errors
from viral_assets.errors import ViralAssetsError

if TYPE_CHECKING:
    from viral_assets.defs.dagster_internals import SerializableErrorInfo

_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")


def is_interrupt(error: SerializableErrorInfo) -> bool:
    """Whether somebody pressed Ctrl-C, or ended the process."""
    return error.cls_name in _INTERRUPTS


def as_error(run_id: str, failures: Sequence[SerializableErrorInfo]) -> BaseException:
    """What to raise for a run that did not succeed: the error of this project that caused it, where there is one."""
    causes = [cause for failure in failures for cause in _causes(failure)]
    if any(is_interrupt(cause) for cause in causes):
        return KeyboardInterrupt()
    for cause in causes:
        kind = getattr(errors, cause.cls_name or "", None)
        if isinstance(kind, type) and issubclass(kind, ViralAssetsError):
            return ViralAssetsError(_message(cause))
    reason = _message(causes[-1]) if causes else "it was canceled"
    return ViralAssetsError(f"run {run_id} did not succeed: {reason}; its log is in the Dagster UI")


def _causes(error: SerializableErrorInfo) -> list[SerializableErrorInfo]:
    """The error and what it was caused by, the root last."""
    chain = [error]
    while (cause := chain[-1].cause) is not None:
        chain.append(cause)
    return chain


def _message(error: SerializableErrorInfo) -> str:
    """The text of the exception in one line, without the name of its class."""
    text = " ".join(error.message.split())
    name, separator, rest = text.partition(": ")
    return rest if separator and name.endswith(error.cls_name or "") else text
