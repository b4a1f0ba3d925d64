"""Run tags: what a person filters runs by in the UI, whoever launched them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

TRIGGER_TAG = "viral_assets/trigger"
"""What launched a run: ``cli``, ``schedule``, ``inbox``, ``deferred`` or ``top-up``; a run without it was launched in
the UI."""

TOP_UP = "top-up"

BACKFILL_TAG = "dagster/backfill"
"""Dagster's own, on every run of a backfill."""

PROJECTS_TAG = "viral_assets/projects"
PROCESS_TAG = ".dagster/viral_assets_process"
"""``host:pid`` of a run that is executed by the process that launched it; of the kind that the UI does not show."""


def project_tags(projects: Sequence[str]) -> dict[str, str]:
    """The tag that names the projects of a run; none for a run for all."""
    return {PROJECTS_TAG: ",".join(sorted(projects))} if projects else {}


def hours_will_come(tags: Mapping[str, str]) -> bool:
    """Whether a run is one of the schedule's, or goes on with what those put off: after it there is one every hour."""
    return tags.get(TRIGGER_TAG) in {"schedule", "deferred"}


def is_in_background(tags: Mapping[str, str]) -> bool:
    """Whether a run has time whatever its hours: one of a backfill or a top-up."""
    return BACKFILL_TAG in tags or tags.get(TRIGGER_TAG) == TOP_UP
