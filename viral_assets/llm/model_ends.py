"""Models come and go: what is announced about the end of those that are used."""

from __future__ import annotations

from datetime import date, timedelta

from viral_assets.llm.models import model_named
from viral_assets.text.amounts import how_many

NOTICE = timedelta(days=60)
"""So long before its end people are told: a new model wants to be tried, and its price to be planned for."""


def announced_end(name: str, today: date) -> str | None:
    """A sentence about a model that has ended, or does within :data:`NOTICE`; None for any other."""
    model = model_named(name)
    if model.ends is None or model.ends - today > NOTICE:
        return None
    answers = f"{model.then} answers for it and is billed" if model.then else "nothing is known to answer for it"
    days = (model.ends - today).days
    if days <= 0:
        return f"{name} has ended on {model.ends}: {answers}"
    return f"{name} ends on {model.ends}, in {how_many(days, 'day')}: from then on {answers}"
