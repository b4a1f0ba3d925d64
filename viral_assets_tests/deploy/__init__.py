"""What ``deploy/`` and the instance files promise, held against Dagster, PostgreSQL, and the schemas of their formats.

No container engine is needed: what the containers run is run here.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

DEPLOY = ROOT / "deploy"
POSTGRES = DEPLOY / "postgres"
