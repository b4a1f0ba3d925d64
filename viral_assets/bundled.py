"""Files that come with packages: the YAML tables of ours, and the models of others."""

from __future__ import annotations

import importlib.resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml


def load_table(package: str, name: str) -> Any:
    """What a YAML file of a package of ours says. Some are long, and every run reads them: by libyaml, twenty times as
    fast as in Python, where PyYAML has it. What people write is read elsewhere, with more care.
    """
    text = importlib.resources.files(package).joinpath(name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe


def folder_of(package: str) -> Path:
    """Where an installed package lies, without importing it: some begin with HTTP, for models that they would download.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(found.origin).parent
