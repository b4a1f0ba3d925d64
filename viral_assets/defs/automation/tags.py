"""Run tags: what a person filters runs by in the UI, whoever launched them."""

from __future__ import annotations

from collections.abc import Sequence

TRIGGER_TAG = "viral_assets/trigger"
"""What launched a run: ``cli``, ``schedule``, ``inbox``, ``deferred`` or ``top-up``; a run without it was launched in
the UI."""

PROJECTS_TAG = "viral_assets/projects"
PROCESS_TAG = "viral_assets/process"
"""``host:pid`` of a run that is executed by the process that launched it."""


def project_tags(projects: Sequence[str]) -> dict[str, str]:
    """The tag that names the projects of a run; none for a run for all."""
    return {PROJECTS_TAG: ",".join(sorted(projects))} if projects else {}
