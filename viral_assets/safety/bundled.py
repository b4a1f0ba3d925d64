"""The tables of this package, which are YAML. They are long, and read by every process that scores: by libyaml, twenty
times as fast as in Python, where PyYAML has it.
"""

from __future__ import annotations

import importlib.resources
from typing import Any

import yaml


def load_table(name: str) -> Any:
    """What a file of this package says."""
    text = importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe
