"""How much a tweet is worth a reply to a project, and which tweets to reply to.

``score.score_window`` scores, ``selection.select_opportunities`` selects; the other modules are their parts. Nothing
here reads a database, a clock or the network: the same tweets give the same scores, in whatever order and in however
many pieces they come. How texts become vectors is in ``viral_assets.embedding``.
"""

from viral_assets.scoring.near_duplicates import RecentOpportunities
from viral_assets.scoring.score import SCORE_COLUMNS, score_window
from viral_assets.scoring.selection import (
    OPPORTUNITY_COLUMNS,
    Selected,
    SelectionOptions,
    select_opportunities,
)
from viral_assets.scoring.topics import topic_vectors

__all__ = [
    "OPPORTUNITY_COLUMNS",
    "SCORE_COLUMNS",
    "RecentOpportunities",
    "Selected",
    "SelectionOptions",
    "score_window",
    "select_opportunities",
    "topic_vectors",
]
