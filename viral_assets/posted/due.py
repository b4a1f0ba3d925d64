"""When a posted reply is looked at again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from viral_assets.store.posted_replies import ReplyLook

LOOKS = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72))
"""After posting: most of what a reply brings comes within a day, and after three hardly anything does."""

FOLLOWED = timedelta(days=14)
"""After posting a reply is not looked at any more, however often it was."""


def due(looks: Iterable[ReplyLook], now: datetime) -> list[str]:
    """The ids of replies that are due for a look, the newest first; a late look serves for all before."""
    return [
        look.reply_id
        for look in looks
        if now - look.posted_at < FOLLOWED
        and any(
            now >= look.posted_at + age and (look.last_seen_at is None or look.last_seen_at < look.posted_at + age)
            for age in LOOKS
        )
    ]
