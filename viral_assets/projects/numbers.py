"""Whole numbers of a project file."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator


def _without_a_point(value: object) -> object:
    """YAML reads 1.000 as one. Half of Europe writes a thousand so, and nobody writes one so."""
    if isinstance(value, float):
        raise ValueError(f"{value} has a point: write whole numbers without one, a thousand as 1000")
    return value


Whole = Annotated[int, BeforeValidator(_without_a_point)]
