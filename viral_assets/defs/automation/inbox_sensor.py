"""The sensor of the inbox: gathers and acts; what it decides is decided by pure functions here.

A tick ends within seconds, however many files there are and however large: what it does not come to is left for the
next one. What has been looked into is remembered in the database, so that the cursor stays empty.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from viral_assets.defs.automation.jobs import hourly_pipeline
from viral_assets.defs.automation.requests import ranges_of, request_for
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.errors import SourceError
from viral_assets.hours import HOUR, HourRange
from viral_assets.store.deferred import hours_unscored
from viral_assets.store.inbox_files import FileStamp, KnownFile
from viral_assets.text.amounts import how_many

if TYPE_CHECKING:
    from viral_assets.sources.files.inbox import InboxFile
    from viral_assets.sources.files.ingest import IngestReport

SECONDS_PER_TICK = 20.0
"""Dagster gives up a tick that takes a minute. A file that takes longer than this has runs for the hours met until
then; the others wait for the daily top-up."""

BYTES_PER_TICK = 64 * 2**20
FILES_PER_TICK = 500


def files_to_look_into(found: Mapping[str, InboxFile], known: Mapping[str, FileStamp], now_ns: int) -> list[InboxFile]:
    """The files this tick looks into: new or changed ones that have settled, the oldest first, as many as one tick can
    take and at least one.
    """
    fresh = [file for name, file in found.items() if known.get(name) != file.stamp and file.has_settled(now_ns)]
    taken: list[InboxFile] = []
    room = BYTES_PER_TICK
    for file in sorted(fresh, key=lambda file: (file.stamp.modified_ns, file.name)):
        room -= file.stamp.size
        if taken and (room < 0 or len(taken) >= FILES_PER_TICK):
            break
        taken.append(file)
    return taken


def runs_for(files: Mapping[str, Iterable[datetime]], configured: HourRange | None) -> list[dg.RunRequest]:
    """One run for each range of hours that the files touch.

    The key of a run is made of its hours and of the content of the files, so that another file of the same name is
    not taken for the old one, and the same content is not worked on twice.

    Args:
        files: hours by the hash of the content.
        configured: hours that have partitions; others are left out.
    """
    hours_of = {
        content_hash: {hour for hour in hours if configured and hour in configured}
        for content_hash, hours in files.items()
    }
    requests = []
    for window in ranges_of(hour for hours in hours_of.values() for hour in hours):
        touching = sorted(
            content_hash for content_hash, hours in hours_of.items() if any(hour in window for hour in hours)
        )
        requests.append(request_for(window, "inbox", *touching))
    return requests


@dg.sensor(
    job=hourly_pipeline,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Looks for new files in the inbox and runs the hours their tweets are of, whatever those are. A file that "
        "cannot be read goes to the quarantine. Off until you switch it on."
    ),
)
def inbox_sensor(
    context: dg.SensorEvaluationContext, tweet_source: TweetSourceResource, database: DatabaseResource
) -> dg.SensorResult:
    """Request a run for exactly the hours that new files touch; the run itself reads the files.

    What touches no hour, and so will have no run, is read here: its tweets are of other hours, or it has only records
    for the quarantine. What was read before, by a run or under another name, asks for no more than the hours with
    tweets that no run has looked at.
    """
    from viral_assets.sources.files.inbox import read_file
    from viral_assets.sources.files.inspect import hours_of_file
    from viral_assets.store.ingested_files import find_file
    from viral_assets.store.tables import EVERY_PROJECT

    now, is_over = datetime.now(UTC), _deadline(SECONDS_PER_TICK)
    inbox, store, configured = tweet_source.open_inbox(), database.get(), tweet_source.configured_hours(now)
    found = inbox.files()
    known = {name: file.stamp for name, file in inbox.known(store).items() if file.asked}
    options = tweet_source.read_options(now)
    hours: dict[str, frozenset[datetime]] = {}
    looked_into: dict[str, KnownFile] = {}
    for file in files_to_look_into(found, known, int(now.timestamp() * 10**9)):
        if looked_into and is_over():
            break
        content_hash, touched = "", frozenset[datetime]()
        try:
            content = hours_of_file(file.path, options, is_over)
            content_hash, touched = content.sha256, content.hours
            if not content.complete:
                context.log.warning(_partly(file, len(touched)))
        except (SourceError, OSError):
            if not file.path.exists():  # read and moved by a run meanwhile
                continue
        looked_into[file.name] = KnownFile(file.stamp, content_hash, asked=True)
        wanted = {hour for hour in touched if configured and hour in configured}
        with store.read() as connection:
            is_known = find_file(connection, content_hash, EVERY_PROJECT) is not None
            if is_known and wanted:
                wanted &= hours_unscored(connection, HourRange(min(wanted), max(wanted) + HOUR))
        if wanted:
            hours[content_hash] = frozenset(wanted)
        elif not is_known:
            context.log.warning(_why_no_run(read_file(store, file.path, options)))
    inbox.note(store, looked_into, now)
    requests = runs_for(hours, configured)
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(_why_nothing(len(found), len(looked_into), str(inbox.folder))),
        # What was seen is in the database. An empty cursor would leave the one of a version before as it was.
        cursor=f"{now:%F %T}",
    )


def _deadline(seconds: float) -> Callable[[], bool]:
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() > ends


def _partly(file: InboxFile, hours: int) -> str:
    return (
        f"{file.name} is too large to be looked through in {SECONDS_PER_TICK:g} s: the {hours:,} hours of its first "
        "tweets have runs, others wait for top_up_schedule"
    )


def _why_no_run(report: IngestReport) -> str:
    if report.problem:
        return f"in quarantine, because it cannot be used: {report.problem}"
    return f"{report.name}: no tweet of the configured hours; {report.stored:,} of others, {report.rejected:,} rejected"


def _why_nothing(files: int, looked_into: int, folder: str) -> str:
    if not files:
        return f"there is no file in {folder}"
    if not looked_into:
        return f"nothing of {how_many(files, 'file')} in {folder} is new"
    new = how_many(looked_into, "new file has", "new files have")
    return f"{new} no tweets of the configured hours that are not in the store yet"
