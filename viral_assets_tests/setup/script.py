"""What is in ``scripts/``, which belongs to no package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from viral_assets.settings import checkout_root


def load(name: str = "environment") -> Any:
    """Load a script anew."""
    spec = importlib.util.spec_from_file_location(f"{name}_script", checkout_root() / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
