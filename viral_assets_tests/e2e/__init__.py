"""The whole of it as it is deployed: the real daemon, webserver and code server, PostgreSQL and SQLite, and a browser.

Only the language model is an emulator, which counts what is paid for.
"""

from __future__ import annotations

import pytest


def group(storage: str) -> pytest.MarkDecorator:
    """Keeps the tests of a storage in one process of the suite, which is where their deployment is."""
    return pytest.mark.xdist_group(f"e2e-{storage}")


def _only(storage: str) -> pytest.MarkDecorator:
    given = pytest.param(storage, marks=group(storage))
    return pytest.mark.parametrize("deployment", [given], indirect=True, scope="package")


on_sqlite, on_postgresql = _only("sqlite"), _only("postgresql")
"""For tests for which one storage is enough."""
