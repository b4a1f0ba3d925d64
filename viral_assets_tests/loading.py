"""Imported first by a fork server: nothing is looked through for garbage while it imports the rest (``frozen.py``)."""

from __future__ import annotations

import gc

gc.disable()
