"""What a Celery worker is started with: ``celery --app viral_assets.instance.celery_worker worker``.

Broker, backend and settings are those of the launcher in the ``dagster.yaml`` of ``DAGSTER_HOME``, so that one file
says it for both sides. (``dagster-celery worker start`` wants a second one, and leaves the broker's password in a
third.)
"""

from __future__ import annotations

import dagster as dg
from celery import Celery

from viral_assets.defs.dagster_internals import create_execute_job_task
from viral_assets.errors import ConfigurationError
from viral_assets.instance.celery_launcher import CeleryLauncher


def make_app() -> Celery:
    """The application, with the one task that there is: to execute a run.

    Raises:
        ConfigurationError: the instance does not launch its runs on Celery workers.
    """
    with dg.DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, CeleryLauncher):
            raise ConfigurationError(
                "the dagster.yaml of DAGSTER_HOME launches no runs on Celery workers; take deploy/celery/dagster.yaml"
            )
        create_execute_job_task(launcher.celery)
        return launcher.celery


app = make_app()
