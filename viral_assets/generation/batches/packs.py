"""Which tweets share a request of a batch, and which requests a batch: pure functions.

Nothing forces tweets to share requests here, but each request repeats the instruction, which is paid for; so as many
share one as the project allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.llm.tiers import BATCH
from viral_assets.projects.model import Project

MAX_REQUESTS = 500
"""Of one batch."""

MAX_BYTES = 8_000_000
"""Of the prompts of one batch. The service takes 20 MB of inline requests
(https://ai.google.dev/gemini-api/docs/batch-api)."""

BYTES_BESIDES = 3_000
"""Of a request, for its schema and settings."""


def requests_about(
    opportunities: Sequence[Opportunity], projects: Mapping[str, Project], options: GenerationOptions
) -> list[GenerationRequest]:
    """Requests about all of these tweets, project by project, in their order."""
    by_project: dict[str, list[Opportunity]] = {}
    for opportunity in opportunities:
        by_project.setdefault(opportunity.project, []).append(opportunity)
    requests: list[GenerationRequest] = []
    for name, mine in by_project.items():
        most = options.exact or projects[name].generation.max_tweets_per_request
        packs = (mine[first : first + most] for first in range(0, len(mine), most))
        requests += [build_request(projects[name], pack, model=options.model, tier=BATCH) for pack in packs]
    return requests


def in_batches(requests: Sequence[GenerationRequest]) -> Iterator[list[GenerationRequest]]:
    """The requests of each batch."""
    part: list[GenerationRequest] = []
    size = 0
    for request in requests:
        more = len((request.prompt + request.system_instruction).encode()) + BYTES_BESIDES
        if part and (len(part) >= MAX_REQUESTS or size + more > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(request)
        size += more
    if part:
        yield part
