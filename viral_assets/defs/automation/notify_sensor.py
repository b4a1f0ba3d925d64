"""Tells people of new opportunities, whatever made them: the schedule, a backfill, a command. It launches nothing."""

from __future__ import annotations

import dagster as dg

from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.errors import ViralAssetsError
from viral_assets.projects.loader import load_projects
from viral_assets.settings import load_settings

NO_CHANNEL = "no project names a channel under notifications"
NOTHING_NEW = "there is nothing new to tell of"


def notify_sensor(default_status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor that tells people what is new.

    Args:
        default_status: running where an address of a channel is set.
    """

    @dg.sensor(
        name="notify_sensor",
        minimum_interval_seconds=60,
        default_status=default_status,
        description=(
            "Tells the channels that projects name under notifications of new opportunities, once of each; comes back "
            "to a channel that did not take a message, and to what came in quiet hours. Setting the address of a "
            "channel, as VIRAL_ASSETS_NOTIFY_TEAM for one called team, switches it on."
        ),
    )
    def tell(context: dg.SensorEvaluationContext, database: DatabaseResource) -> dg.SkipReason:
        from viral_assets.notifications.notifier import Notifier

        settings = load_settings()
        projects = load_projects(settings.projects_dir)
        for warning in projects.warnings:
            context.log.warning(warning)
        if not any(project.notifications.channels for project in projects.values()):
            return dg.SkipReason(NO_CHANNEL)
        try:
            done = Notifier(database.get(), settings.channels, settings.review_url).notify(projects)
        except ViralAssetsError as error:
            return dg.SkipReason(f"nobody was told of what is new: {error}")
        for warning in done.warnings:
            context.log.warning(warning)
        return dg.SkipReason("; ".join([*done.lines, *done.warnings]) or NOTHING_NEW)

    return tell
