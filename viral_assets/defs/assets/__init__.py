"""The flow, one module a stage: ingestion, scoring, generation, delivery. Asset functions fetch, call the core and tell
what happened; whatever could be used without Dagster is in the core.

Modules with assets or checks do without ``from __future__ import annotations``: Dagster wants the type of ``context``
itself, not its name.
"""
