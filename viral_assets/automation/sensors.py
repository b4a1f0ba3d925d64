"""What runs when something happens. A sensor gathers and acts; what it decides is decided by pure functions here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from viral_assets.assets.partitions import HOURS_PER_RUN, partition_tags
from viral_assets.automation.jobs import hourly_pipeline
from viral_assets.automation.tags import TRIGGER_TAG
from viral_assets.errors import SourceError
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.resources.tweet_source import TweetSourceResource

SECONDS_TO_SETTLE = 5
"""A file that changed less long ago is probably still being copied."""

BYTES_PER_TICK = 64 * 2**20
"""Files looked into in one tick: a few seconds' worth, since a tick has to end within a minute."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells without opening a file that it is another one: bytes, and nanoseconds since the epoch."""

    size: int
    modified_ns: int


def files_to_read(found: Mapping[str, Stamp], seen: Mapping[str, Stamp], now_ns: int) -> list[str]:
    """The files this tick looks into: new or changed ones that have settled, the oldest first, as many as one tick can
    take and at least one.
    """
    settled = now_ns - SECONDS_TO_SETTLE * 10**9
    fresh = [name for name, stamp in found.items() if seen.get(name) != stamp and stamp.modified_ns <= settled]
    chosen: list[str] = []
    room = BYTES_PER_TICK
    for name in sorted(fresh, key=lambda name: (found[name].modified_ns, name)):
        room -= found[name].size
        if chosen and room < 0:
            break
        chosen.append(name)
    return chosen


def ranges_of(hours: Iterable[datetime]) -> Iterator[HourRange]:
    """Exactly these hours as ranges of consecutive ones, none longer than one run takes."""
    start: datetime | None = None
    end: datetime | None = None
    for hour in sorted(set(hours)):
        if start is not None and end is not None and (hour != end or end - start >= HOURS_PER_RUN * HOUR):
            yield HourRange(start, end)
            start = None
        start, end = start or hour, hour + HOUR
    if start is not None and end is not None:
        yield HourRange(start, end)


def runs_for(files: Mapping[str, Iterable[datetime]], configured: HourRange | None) -> list[dg.RunRequest]:
    """One run for each range of hours that the files touch.

    The key of a run is made of its hours and of the content of the files, so that another file of the same name is
    not taken for the old one, and the same content is not worked on twice.

    Args:
        files: hours by the hash of the content.
        configured: hours that have partitions; others are left out.
    """
    hours_of = {
        digest: {hour for hour in hours if configured and hour in configured} for digest, hours in files.items()
    }
    requests = []
    for window in ranges_of(hour for hours in hours_of.values() for hour in hours):
        touching = sorted(digest for digest, hours in hours_of.items() if any(hour in window for hour in hours))
        key = hashlib.sha256("\n".join([hour_key(window.start), hour_key(window.end), *touching]).encode()).hexdigest()
        tags = {TRIGGER_TAG: "inbox"}
        if len(window) == 1:
            requests.append(dg.RunRequest(run_key=key, partition_key=hour_key(window.start), tags=tags))
        else:
            requests.append(dg.RunRequest(run_key=key, tags=tags | partition_tags(window)))
    return requests


def read_cursor(cursor: str | None) -> dict[str, Stamp]:
    """The files of earlier ticks; none when the cursor is not one of ours."""
    try:
        return {name: Stamp(*stamp) for name, stamp in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def write_cursor(seen: Mapping[str, Stamp]) -> str:
    """The inverse of :func:`read_cursor`."""
    return json.dumps({name: [stamp.size, stamp.modified_ns] for name, stamp in seen.items()})


@dg.sensor(
    job=hourly_pipeline,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Looks for new files in the inbox and runs the hours their tweets are of, whatever those are. Off until you "
        "switch it on."
    ),
)
def inbox_sensor(context: dg.SensorEvaluationContext, tweet_source: TweetSourceResource) -> dg.SensorResult:
    """Request a run for exactly the hours that new files touch; the run itself reads the files."""
    now = datetime.now(UTC)
    found = _stamps(tweet_source.files())
    seen = {name: stamp for name, stamp in read_cursor(context.cursor).items() if found.get(name) == stamp}
    chosen = files_to_read(found, seen, int(now.timestamp() * 10**9))
    hours: dict[str, frozenset[datetime]] = {}
    for name in chosen:
        try:
            digest, touched = tweet_source.peek(Path(name), now)
        except SourceError as error:
            context.log.warning("cannot be used: %s", error)
        else:
            hours[digest] = touched
    requests = runs_for(hours, tweet_source.configured_hours(now))
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(_why_nothing(found, chosen, tweet_source.folder)),
        cursor=write_cursor(seen | {name: found[name] for name in chosen}),
    )


def _stamps(paths: Sequence[Path]) -> dict[str, Stamp]:
    stamps = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:  # taken away meanwhile
            continue
        stamps[str(path)] = Stamp(status.st_size, status.st_mtime_ns)
    return stamps


def _why_nothing(found: Mapping[str, Stamp], chosen: Sequence[str], folder: Path) -> str:
    if not found:
        return f"there is no file in {folder}"
    if not chosen:
        return f"none of the {len(found)} files in {folder} is new"
    return f"{len(chosen)} new files have no tweets of the configured hours"
