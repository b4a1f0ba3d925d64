"""Suggestions for tweets worth a reply: the public names."""

from __future__ import annotations

from viral_assets.generation.comments import generate_comments_async
from viral_assets.generation.generator import AsyncCommentGenerator
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.rate_limiter import AsyncRateLimiter
from viral_assets.generation.run.report import GenerationReport, Progress

__all__ = [
    "AsyncCommentGenerator",
    "AsyncRateLimiter",
    "GenerationReport",
    "Opportunity",
    "Progress",
    "generate_comments_async",
]
