"""Asks the services that projects name for the hours of a run. Files are read by ``sources.files.ingest``.

How each service is asked is in ``x_search`` and ``apify_runs``; tokens, caps and addresses are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from viral_assets.errors import ConfigurationError, ServiceRefusedError, ServiceUnavailableError
from viral_assets.hours import HourRange
from viral_assets.projects.model import Project, XApiSource
from viral_assets.quota.posts import PostBudget, PostCaps, PostPrices
from viral_assets.sources.services.common import Deadline, ServiceReport, utc_now
from viral_assets.store.engine import Database

if TYPE_CHECKING:
    from viral_assets.sources.services.apify_client import ApifyService
    from viral_assets.sources.services.apify_runs import ActorSearch
    from viral_assets.sources.services.x_api_client import XApiClient

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """What it takes to ask services. Its ``repr`` shows no tokens.

    Args:
        x_base_url, apify_base_url: of other hosts that speak the APIs; None for the services' own.
        caps: posts of the X API.
        prices: at which what is read from X is told.
        wait_seconds: how long a service may keep a run waiting: rate limits, Actors, other processes.
    """

    x_token: str | None = field(default=None, repr=False)
    x_base_url: str | None = None
    apify_token: str | None = field(default=None, repr=False)
    apify_base_url: str | None = None
    caps: PostCaps = field(default_factory=PostCaps)
    prices: PostPrices = field(default_factory=PostPrices)
    wait_seconds: float = 960.0

    def x_client(self) -> XApiClient:
        """
        Raises:
            ConfigurationError: there is no token, or the base URL is none.
        """
        from viral_assets.sources.services.x_api_client import XApiClient

        if not self.x_token:
            raise ConfigurationError("the X API needs a bearer token; set X_BEARER_TOKEN")
        return XApiClient(self.x_token, base_url=self.x_base_url)

    def budget(self, x_client: XApiClient, run_id: str) -> PostBudget:
        """What a run may read from X."""
        return PostBudget(x_client.account, run_id, self.caps, self.prices)

    def apify_service(self) -> ApifyService:
        """
        Raises:
            ConfigurationError: there is no token, or the base URL is none.
        """
        from viral_assets.sources.services.apify_client import ApifyService

        if not self.apify_token:
            raise ConfigurationError("Apify needs a token; set APIFY_TOKEN")
        return ApifyService(self.apify_token, base_url=self.apify_base_url)


def collect_from_services(
    database: Database,
    projects: Mapping[str, Project],
    hours: HourRange,
    access: ServiceAccess,
    *,
    run_id: str,
    window: HourRange | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> list[ServiceReport]:
    """Ask for the tweets of ``hours``, for each project whose file names a service. Finished hours are not asked for.

    Args:
        run_id: what the cap of a run is counted by.
        window: the configured hours.

    Returns:
        A report for each query of the X API and for each project's Actor.

    Raises:
        ConfigurationError: a project names a service there is no token for. Then none is asked.
    """
    searching = [project for project in projects.values() if project.sources.x_api]
    scraping = [project for project in projects.values() if project.sources.apify]
    x_client = _needed(searching, access.x_client) if searching else None
    apify = _needed(scraping, access.apify_service) if scraping else None
    reports: list[ServiceReport] = []
    if x_client is not None:
        from viral_assets.sources.services.x_search import XSearch

        budget = access.budget(x_client, run_id)
        deadline = Deadline(access.wait_seconds)
        # The newest hour first: should a cap be reached, it is the old ones that are left out.
        newest_first = list(reversed(list(hours)))
        for project in searching:
            asked = project.sources.x_api or XApiSource()
            most = asked.max_posts_per_hour
            search = XSearch(database, x_client, budget, deadline, pictures=asked.pictures, clock=clock)
            reports += [
                search.read(project.name, query, newest_first, most_an_hour=most, window=window)
                for query in project.sources.queries
            ]
    if apify is not None:
        from viral_assets.sources.services.apify_runs import ApifySearch

        actors = ApifySearch(database, apify, Deadline(access.wait_seconds), clock=clock)
        for project in scraping:
            wanted = apify_search(project, run_seconds=max(60.0, access.wait_seconds))
            reports.append(actors.read(project.name, wanted, reversed(list(hours)), window=window))
    return reports


def apify_search(project: Project, *, run_seconds: float = 960.0) -> ActorSearch:
    """What an Actor is asked for by a project that names one."""
    from viral_assets.sources.services.apify_runs import ActorSearch, page_query

    source = project.sources.apify
    if source is None:
        raise ConfigurationError(f"the project {project.name!r} names no Actor; add `apify:` to its sources")
    return ActorSearch(
        actor=source.actor,
        queries=source.queries or tuple(page_query(query) for query in project.sources.queries),
        max_items=source.max_items_per_hour,
        max_cost_usd=source.max_cost_usd_per_hour,
        run_input=source.input,
        run_seconds=run_seconds,
    )


def refresh_opportunities(
    database: Database,
    projects: Mapping[str, Project],
    hours: HourRange,
    access: ServiceAccess,
    *,
    run_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> list[ServiceReport]:
    """Look up the counts of the opportunities of ``hours`` again, for each project whose file names the X API.

    Raises:
        ConfigurationError: there is no token. Then nobody is asked.
    """
    searching = [project for project in projects.values() if project.sources.x_api]
    if not searching:
        return []
    from viral_assets.sources.services.x_refresh import refresh_metrics

    client = _needed(searching, access.x_client)
    budget, deadline = access.budget(client, run_id), Deadline(access.wait_seconds)
    return [
        refresh_metrics(database, client, budget, project.name, hours, deadline, clock=clock) for project in searching
    ]


def look_up_context_of(
    database: Database,
    project: Project,
    tweet_ids: Sequence[str],
    access: ServiceAccess,
    *,
    run_id: str,
    clock: Callable[[], datetime] = utc_now,
) -> ServiceReport | None:
    """Ask the X API what these tweets answer and quote, where the project's file allows it and there is a token; None
    where not."""
    if not (project.sources.x_api and project.sources.x_api.context and access.x_token and tweet_ids):
        return None
    from viral_assets.sources.services.x_context import WAIT_SECONDS, look_up_context

    client = access.x_client()
    budget, deadline = access.budget(client, run_id), Deadline(min(access.wait_seconds, WAIT_SECONDS))
    return look_up_context(database, client, budget, project.name, tweet_ids, deadline, clock=clock)


def raise_if_refused(reports: Iterable[ServiceReport]) -> None:
    """Raise what will not mend itself: a token, a query, an account.

    Raises:
        ServiceRefusedError: the first one, and how many more there are.
    """
    problems = list(dict.fromkeys(report.problem for report in reports if report.problem))
    if problems:
        more = f" (and {len(problems) - 1:,} other problems, see the log)" if len(problems) > 1 else ""
        raise ServiceRefusedError(problems[0] + more)


def raise_if_unavailable(reports: Iterable[ServiceReport]) -> None:
    """Raise that a service is down. One that has answered something is not: a later run reads what it left out.

    Raises:
        ServiceUnavailableError: the first one.
    """
    for report in reports:
        if report.unavailable:
            raise ServiceUnavailableError(f"{report.name}: {report.unavailable}")


def _needed(projects: list[Project], make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ConfigurationError as error:
        raise ConfigurationError(f"{error}, or take the service out of the sources of {projects[0].name!r}") from None
