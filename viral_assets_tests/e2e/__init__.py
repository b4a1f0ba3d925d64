"""The whole of it as it is deployed: the real daemon, webserver and code server, PostgreSQL and SQLite, and a browser.

Only the language model is an emulator, which counts what is paid for.
"""

from __future__ import annotations

import pytest


def _only(storage: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("deployment", [storage], indirect=True, scope="package")


on_sqlite, on_postgresql = _only("sqlite"), _only("postgresql")
"""For tests for which one storage is enough."""
