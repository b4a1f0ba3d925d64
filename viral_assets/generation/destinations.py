"""Where a script's suggestions go: into the database, or back to the script alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from viral_assets.errors import ConfigurationError
from viral_assets.generation.engine import Engine
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.items import Suggestion
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.results import DatabaseResults, NoResults
from viral_assets.projects.model import Project
from viral_assets.store.engine import Database

log = logging.getLogger("viral_assets")


def saved_in(database: Database | None, projects: Mapping[str, Project]) -> DatabaseResults:
    """Results that are kept.

    Raises:
        ConfigurationError: there is no database.
    """
    return DatabaseResults.of(with_database(database), projects)


def with_database(database: Database | None) -> Database:
    """The database.

    Raises:
        ConfigurationError: there is none.
    """
    if database is None:
        raise ConfigurationError(
            "saving suggestions needs a database: pass database=Database(url), or use generate_batch_async"
        )
    return database


async def handed_back(
    engine: Engine,
    project: Project,
    opportunities: Sequence[Opportunity],
    options: GenerationOptions,
    database: Database | None,
) -> list[list[Suggestion]]:
    """The suggestions for each tweet of a project; none is saved.

    Args:
        database: where the ledger is, if it is in one.

    Raises:
        ProviderError: the service cannot be used.
    """
    # The caller has the answers: what is in the database neither counts as done nor keeps anybody from asking.
    options = replace(options, force=True, claim=False)
    report, results = await engine.run(opportunities, {project.name: project}, NoResults(database), options=options)
    for note in report.notes:
        log.warning(note)
    return [results[each.key].as_asked for each in opportunities]
