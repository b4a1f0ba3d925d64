"""Puts suggestions into a database that is there: ``_export_store.py FILE COUNT``."""

from __future__ import annotations

import sys

from export import fill

from viral_assets.store.engine import Database

if __name__ == "__main__":
    fill(Database(f"sqlite:///{sys.argv[1]}"), int(sys.argv[2]))
