"""From suggestions to what a person opens. What it looks like is in ``delivery``."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.display import add_hour_metadata
from viral_assets.defs.assets.generation import comment_suggestions
from viral_assets.defs.assets.partitions import FRESHNESS, hourly_asset, window_of
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.digest_folder import DigestFolderResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.hours import HOUR, HourRange
from viral_assets.store.engine import Database
from viral_assets.store.second_approval import SecondApproval

if TYPE_CHECKING:
    from viral_assets.delivery.digest import DigestFiles
    from viral_assets.queries.opportunity_view import OpportunityView

TITLE = "Tweets worth a reply"


@hourly_asset(
    group_name="delivery",
    deps=[comment_suggestions],
    kinds={"html", "csv"},
    freshness_policy=FRESHNESS,
    owners=["team:community"],
    code_version="1",
    description=(
        "A page and a CSV file for each hour, and for a range of hours together: the tweets worth a reply, why, and "
        "the suggested replies, each with a link that opens it in X for a person to post."
    ),
)
def suggestion_digest(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    projects: ProjectsResource,
    digest_folder: DigestFolderResource,
) -> None:
    """Write the digest of every hour of this run, and one of all of them together.

    Digests are about all projects, also in a run for one: a file is always the whole hour.
    """
    from viral_assets.defs.assets import previews
    from viral_assets.store.gone import FORGET_THEM, count_gone

    store, window = database.get(), window_of(context)
    titles = {name: project.title for name, project in projects.select([]).items()}
    now, second = datetime.now(UTC), projects.second_approval()
    metadata: dict[datetime, dict[str, Any]] = {}
    for hour in window:
        rows, files = _write(store, digest_folder, HourRange(hour, hour + HOUR), titles, now, second)
        with store.read() as connection:
            gone = count_gone(connection, hours=HourRange(hour, hour + HOUR))
        metadata[hour] = {
            **previews.of_digest(rows),
            **({"gone at X": gone, "let them go": FORGET_THEM} if gone else {}),
            "page": digest_folder.link(files.html),
            "table": digest_folder.link(files.csv),
        }
    if len(window) > 1:
        _, files = _write(store, digest_folder, window, titles, now, second)
        metadata[window.end - HOUR] |= {
            "page of all hours": digest_folder.link(files.html),
            "table of all hours": digest_folder.link(files.csv),
        }
    context.log.info("the digest is at %s", digest_folder.page(window))
    add_hour_metadata(context, metadata)


def _write(
    store: Database,
    folder: DigestFolderResource,
    window: HourRange,
    titles: dict[str, str],
    now: datetime,
    second: SecondApproval,
) -> "tuple[list[OpportunityView], DigestFiles]":
    from viral_assets.delivery.digest import write_digest
    from viral_assets.queries.digest import digest_rows, window_facts

    with store.read() as connection:
        rows = digest_rows(connection, window, second=second)
        facts = window_facts(connection, window)
    files = write_digest(
        folder.page(window),
        rows,
        title=TITLE,
        window=window,
        generated_at=now,
        project_titles=titles,
        facts=facts,
    )
    return rows, files
