"""Hours whose texts could not be embedded for want of quota: they are noted, so that a later run takes them up.

Scores over half of the vectors of an hour would be wrong, so an hour that cannot be embedded to its end has no scores
until then. What was embedded is in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from viral_assets.errors import QuotaExhaustedError, RateLimitedError
from viral_assets.hours import HourRange
from viral_assets.store.engine import Database
from viral_assets.store.hour_leases import forget_postponed, postpone_hours

SOURCE = "embedding"


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def postponed_if_exhausted(
    database: Database, model: str, window: HourRange, *, clock: Callable[[], datetime] = _now
) -> Iterator[None]:
    """Embed the texts of ``window`` inside of this: should the quota not last, its hours are noted as unfinished.

    :func:`~viral_assets.store.hour_leases.unfinished_hours` finds them until they were embedded to their end.
    """
    try:
        yield
    except (QuotaExhaustedError, RateLimitedError) as error:
        with database.begin() as connection:
            postpone_hours(connection, SOURCE, model, window, str(error), clock())
        raise
    with database.begin() as connection:
        forget_postponed(connection, SOURCE, model, window)
