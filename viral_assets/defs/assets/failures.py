"""How errors of this project look in the Dagster UI: their one line first, and the stack trace after it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from viral_assets.errors import ServiceUnavailableError, ViralAssetsError
from viral_assets.settings import known_secrets
from viral_assets.text.secrets import redacted


def as_dagster_failure(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The function of an asset, with errors of this project as Dagster failures, whose description is shown.

    What is wrong will be wrong again at once, so such a step is not tried again by itself; but for a service that is
    down, which an asset's retry policy may have asked once more.
    """

    @functools.wraps(compute)
    def returning(*arguments: Any, **named: Any) -> Any:
        with _raised_as_dagster_failure():
            return compute(*arguments, **named)

    @functools.wraps(compute)
    def yielding(*arguments: Any, **named: Any) -> Iterator[Any]:
        with _raised_as_dagster_failure():
            yield from compute(*arguments, **named)

    return yielding if inspect.isgeneratorfunction(compute) else returning


@contextmanager
def _raised_as_dagster_failure() -> Iterator[None]:
    try:
        yield
    except ViralAssetsError as error:
        told = redacted(str(error), known_secrets())
        # Dagster records what an error was caused by as it is.
        cause = error if told == str(error) else None
        raise dg.Failure(told, allow_retries=isinstance(error, ServiceUnavailableError)) from cause
