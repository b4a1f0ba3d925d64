"""Drafts that were written beforehand, for the tweets of the bundled sample: what a good model delivers, without one.

They lie beside the sample (``demo/drafts.yml``) and are found by the text of the tweet, since its id changes by the
hour. Whatever was written with them says so by its model, :data:`~viral_assets.vocabulary.RECORDED`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from viral_assets.bundled import load_table


@functools.cache
def recorded_drafts() -> Mapping[str, Mapping[str, str]]:
    """By the text of a tweet: a draft by the name of each suggestion type there is one of."""
    loaded: list[dict[str, str]] = load_table("viral_assets.demo", "drafts.yml")
    return {each.pop("tweet"): each for each in loaded}


def recorded_draft(tweet: str, type_name: str) -> str | None:
    """The draft for a tweet of that text, or None: nearly all tweets have none."""
    return recorded_drafts().get(tweet, {}).get(type_name)
