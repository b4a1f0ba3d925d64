"""One tweet's suggestions written anew, in the background: the same generator, quota and ledger as everywhere.

Only what is still pending is asked for; what a person has decided, or had revised, stays.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from viral_assets.errors import ConfigurationError
from viral_assets.generation.nearest_edits import with_nearest_edits
from viral_assets.generation.opportunity import Opportunity
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import OFFLINE, PENDING
from viral_assets.web.jobs import Job, Jobs

if TYPE_CHECKING:
    from viral_assets.generation.generator import AsyncCommentGenerator
    from viral_assets.generation.run.report import GenerationReport
    from viral_assets.projects.loader import Projects
    from viral_assets.projects.model import Project
    from viral_assets.queries.opportunity_view import OpportunityView
    from viral_assets.store.engine import Database


def regenerate(
    jobs: Jobs, database: Database, view: OpportunityView, project: Project, *, who: str, now: datetime
) -> Job:
    """Begin, unless the tweet is being written about already.

    Raises:
        ConfigurationError: there is nothing to write: everything has been decided; or one is being revised.
    """
    wanted = wanted_types(view, project)
    if not wanted:
        raise ConfigurationError(
            "every suggestion for this tweet has been decided about or revised; reopen the one that should be written "
            "anew, or undo the revision"
        )
    opportunity, projects = asked_about(view, wanted), {project.name: project}

    async def write(generator: AsyncCommentGenerator, stop: threading.Event) -> tuple[bool, str]:
        with database.read() as connection:
            asked = with_nearest_edits(connection, [opportunity], projects, now=now)
        report = await generator.generate_opportunities(asked, projects, force=True, stop=stop)
        return summarise(report, datetime.now(UTC))

    job = jobs.begin(Job(view.project, view.tweet_id, who, project.generation.models[0]), write)
    if job.wish:
        raise ConfigurationError("a suggestion for this tweet is being revised right now; ask when that is done")
    return job


def asked_about(view: OpportunityView, types: tuple[str, ...]) -> Opportunity:
    """What is shown, as it is asked about."""
    return Opportunity(
        project=view.project,
        tweet_id=view.tweet_id,
        window_start=view.window_start,
        text=view.text,
        topic=view.topic,
        suggestion_types=types,
        author_handle=view.author_handle,
        lang=view.lang,
        context=view.context,
    )


def wanted_types(view: OpportunityView, project: Project) -> tuple[str, ...]:
    """The suggestion types of the project, but for those that a person has decided about or had revised."""
    decided = {each.type_name for each in view.suggestions if each.status != PENDING or each.revised_text is not None}
    return tuple(each.name for each in project.suggestion_types if each.name not in decided)


def back_at(report: GenerationReport, now: datetime) -> str:
    """When the quota that ended a run allows more, as the end of a sentence; empty where it did not."""
    if report.quota_back_in is None:
        return ""
    at = now.astimezone(UTC) + timedelta(seconds=report.quota_back_in)
    return (
        f", from {at:%H:%M} UTC on" if at.date() == now.astimezone(UTC).date() else f", from {at:%d %b, %H:%M} UTC on"
    )


def summarise(report: GenerationReport, now: datetime) -> tuple[bool, str]:
    """Whether it went well, and a sentence."""
    outcome = next((name for name, count in report.outcomes.items() if count), "")
    notes = f" ({'; '.join(report.notes)})" if report.notes else ""
    if report.deferred or outcome == "deferred":
        why = (
            "The quota of the day is used up"
            if report.quota_back_in is not None
            else "The service or the server stopped"
        )
        return False, f"{why}: a later run takes this tweet up{back_at(report, now)}{notes}."
    if report.already_done and report.provider == OFFLINE:
        return False, "Offline drafts never replace what a model wrote: set GEMINI_API_KEY and start the page again."
    match outcome:
        case "blocked":
            return False, f"The provider's safety filter withheld the answer{notes}."
        case "declined":
            return False, f"The model would not answer this tweet; its reason is below{notes}."
        case "failed":
            return False, f"Asking several times gave no usable answer{notes}."
        case "filtered" if not report.saved:
            return False, f"Nothing that was written passed the quality filter{notes}."
    by = OFFLINE if report.provider == OFFLINE else report.model
    left_out = " Not every one passed the quality filter." if outcome == "filtered" else ""
    if report.provider == OFFLINE:
        # Made from the tweet alone, so that a window can be reproduced.
        notes += " Offline drafts of a tweet are the same each time; a model's are not."
    return True, f"{how_many(report.saved, 'new suggestion')} by {by} in {report.seconds:.1f} s.{left_out}{notes}"


def checked_project(projects: Projects, name: str) -> Project:
    """The project's file.

    Raises:
        ConfigurationError: there is none, or it cannot be used.
    """
    if problem := projects.problem_with(name):
        raise ConfigurationError(problem.without_folder)
    if name not in projects:
        raise ConfigurationError(f"there is no project file for {name}, so its suggestions cannot be written anew")
    return projects[name]
