"""What a project has chosen and answered around some hours, for a selection of them and for the check of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.engagement import Engagement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from viral_assets.scoring.engagement import EngagementHistory


UNDER_WAY = timedelta(hours=1)
"""So long after a tweet was chosen, its drafts may be under way."""


def read_engaged(
    connection: Connection,
    project: str,
    engagement: Engagement,
    hours: HourRange,
    *,
    with_hours: bool = False,
    now: datetime | None = None,
) -> EngagementHistory:
    """The project's turns, and what is chosen on the days of these hours.

    Args:
        with_hours: also what is chosen in the hours themselves, which a selection of them replaces.
        now: where given, what a run over later hours has chosen just before counts as if it had its drafts, for which
            that run may be asking at the moment.
    """
    from viral_assets.scoring.engagement import CONVERSATION, EngagementHistory, EngagementTurn
    from viral_assets.scoring.posting_hours import PostingHours
    from viral_assets.store import engagement as stored

    def turn(row: Row[Any], **given: Any) -> EngagementTurn:
        author = row.author_id, row.author_handle
        return EngagementTurn.of(row.tweet_id, *author, row.conversation_id, row.window_start, **given)

    reach = max(timedelta(days=engagement.author_days), CONVERSATION)
    chosen_until = hours.end if with_hours else hours.start
    staying = stored.read_open_or_answered(connection, project, hours, reach=reach)
    others = stored.read_undrafted(connection, project, hours.start - reach, chosen_until)
    turns = [
        *(turn(row, replied_at=row.replied_at, stays=True) for row in staying),
        *(turn(row) for row in others),
    ]
    if now is not None:
        later = hours.end, hours.end + reach
        asked_about = stored.read_undrafted(connection, project, *later, chosen_since=now - UNDER_WAY)
        turns += [turn(row, stays=True) for row in asked_about]
    if engagement.replies_per_day is None:
        return EngagementHistory(turns)
    posting = PostingHours(engagement)
    first, last = posting.around(hours.start)[0], posting.around(hours.end - HOUR)[1]
    return EngagementHistory(
        turns,
        chosen=stored.chosen_by_hour(connection, project, first, chosen_until),
        kept=stored.drafted_by_hour(connection, project, first, last),
    )
