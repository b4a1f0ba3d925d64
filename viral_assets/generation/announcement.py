"""A run that will come, announced to whoever shares its quota."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable

from viral_assets.errors import ViralAssetsError
from viral_assets.quota import Ledger, Priority


class Announcement:
    """Word of one run in a shared ledger, until the run takes it up.

    Of several processes that start together, the first one ready should leave room for the others. They say so at
    once, because in a second or two, when they are ready too, the window would be used up.

    Args:
        ledger: of the quota that the run will use.
        priority: of the run.
    """

    def __init__(self, ledger: Callable[[], Ledger], priority: Priority) -> None:
        self._ledger, self._priority = ledger, priority
        self._runner: str | None = None

    def make(self) -> None:
        """Leave word. A database that cannot be used is the run's problem, which will say so."""
        runner = uuid.uuid4().hex
        with contextlib.suppress(ViralAssetsError):
            self._ledger().join(runner, None, self._priority)
            self._runner = runner

    def take(self) -> str | None:
        """The name under which a run was announced, for the one run that takes it up."""
        runner, self._runner = self._runner, None
        return runner

    def take_back(self) -> None:
        """No run will come."""
        if (runner := self.take()) is not None:
            with contextlib.suppress(ViralAssetsError):
                self._ledger().leave(runner)
