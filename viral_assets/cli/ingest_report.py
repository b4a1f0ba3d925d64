"""What ``viral-assets ingest`` says: to a person, and to a program."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from viral_assets.cli.output import command, complain, plain, say, table
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from viral_assets.sources.files.ingest import IngestReport

MOST_SUGGESTED_HOURS = 7 * 24

MOST_NAMES = 30
"""Of columns that are not used."""


def show(where: Console, reports: Sequence[IngestReport]) -> None:
    """Say what became of each file, and why."""
    numbers = ("read", "new", "updated", "unchanged", "rejected", "outside")
    shown = table(["file", "format", *numbers, "hours"], numbers=numbers)
    readable = [report for report in reports if report.problem is None]
    for report in readable:
        shown.add_row(
            plain(report.name),
            plain(report.format),
            *(full_count(getattr(report, name)) for name in numbers),
            "read before" if report.already_ingested else _span(report.windows),
        )
    if len(readable) > 1:
        shown.add_section()
        totals = (full_count(sum(getattr(report, name) for report in readable)) for name in numbers)
        shown.add_row("all", "", *totals, _span(sum((report.windows for report in readable), Counter[datetime]())))
    if readable:
        where.print(shown)
    for report in reports:
        if report.problem:
            complain(report.problem)
        for line in _reading(report):
            say(where, f"{plain(report.name)}: {plain(line)}")
        for remark, number in report.remarks.most_common():
            say(where, f"{plain(report.name)}: {plain(remark)}" + (f" ({number:,} times)" if number > 1 else ""))
    reasons = sum((report.reject_reasons for report in reports), Counter[str]())
    if reasons:
        most = ", ".join(f"{number:,} {plain(reason)}" for reason, number in reasons.most_common())
        say(where, f"In quarantine: {most}; see ", command("viral-assets rejects"))
    if readable and not any(report.new or report.updated for report in readable):
        say(where, _why_nothing_changed(readable))


def _why_nothing_changed(readable: Sequence[IngestReport]) -> str:
    if any(report.unchanged for report in readable):
        rest = " The others were rejected." if any(report.rejected for report in readable) else ""
        return f"Nothing has changed: the tweets in there were known, with these counts or newer ones.{rest}"
    if any(report.rejected for report in readable):
        return "Nothing was stored: every record was rejected, for the reasons above."
    return "Nothing was stored: there is no tweet in there."


def _reading(report: IngestReport) -> Iterator[str]:
    """How a file was read: what was assumed, and what was left."""
    if report.collected_at and report.stored:
        yield f"counts taken to be as of {report.collected_at:%Y-%m-%d %H:%M} UTC; if not, give --collected-at"
    if report.has_columns:
        used = ", ".join(f"{field} from {source}" for field, source in report.mapping)
        yield f"columns used: {used}"
    if report.unused:
        more = f" and {len(report.unused) - MOST_NAMES:,} more" if len(report.unused) > MOST_NAMES else ""
        yield f"columns not used: {', '.join(report.unused[:MOST_NAMES])}{more}"


def _span(windows: Counter[datetime]) -> str:
    if not windows:
        return "none"
    first, last = min(windows), max(windows)
    if first == last:
        return f"{first:%Y-%m-%d %H:%M}"
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
    return f"{len(windows):,}: {first:%Y-%m-%d %H:%M} to {until}"


def busiest_range(tweets: Counter[datetime], most_hours: int) -> HourRange:
    """The range of at most ``most_hours`` hours with the most tweets, begun and ended by an hour that has some.

    All of them, where they are not further apart than that. ``tweets`` counts by hour and is not empty.
    """
    hours = sorted(tweets)
    best = (0, hours[0], hours[0])
    inside = first = 0
    for hour in hours:
        inside += tweets[hour]
        while hour - hours[first] >= most_hours * HOUR:
            inside -= tweets[hours[first]]
            first += 1
        # The later of two equal ranges: newer tweets are worth more.
        best = max(best, (inside, hours[first], hour), key=lambda found: (found[0], found[2]))
    return HourRange(best[1], best[2] + HOUR)


def advise(where: Console, tweets: Counter[datetime], hours: HourRange, project: str | None) -> str | None:
    """Say what to type next, and return it."""
    if not tweets:
        return None
    chosen = busiest_range(tweets, MOST_SUGGESTED_HOURS)
    scattered = sum(1 for hour in tweets if hour not in chosen)
    parts = ["viral-assets generate-comments"]
    if project is not None:
        parts.append(f"--project {project}")
    parts.append(f"--from {chosen.start:%Y-%m-%dT%H:%M} --to {chosen.end:%Y-%m-%dT%H:%M}")
    following = " ".join(parts)
    if scattered:
        others = how_many(scattered, "other hour")
        say(where, f"The tweets lie far apart; this takes the busiest week and leaves out {others}.")
    say(where, "Next: ", command(following))
    if chosen.start < hours.start:
        first = command(f"VIRAL_ASSETS_START={hour_key(chosen.start)}")
        say(where, f"The Dagster UI begins at {hour_key(hours.start)}; to see older hours there too, set ", first)
    return following


def payload(reports: Sequence[IngestReport], tweets: Counter[datetime], following: str | None) -> dict[str, Any]:
    """The same for ``--json``."""
    names = ("read", "new", "updated", "unchanged", "rejected", "outside")
    return {
        **{name: sum(getattr(report, name) for report in reports) for name in names},
        "reject_reasons": dict(sum((report.reject_reasons for report in reports), Counter[str]()).most_common()),
        "windows": [hour_key(hour) for hour in sorted(tweets)],
        "files": [
            {
                "name": report.name,
                "sha256": report.sha256,
                "format": report.format,
                **{name: getattr(report, name) for name in names},
                "already_ingested": report.already_ingested,
                "problem": report.problem,
                "reject_reasons": dict(report.reject_reasons.most_common()),
                "remarks": dict(report.remarks.most_common()),
                "collected_at": report.collected_at.isoformat() if report.collected_at else None,
                "columns": dict(report.mapping),
                "columns_not_used": list(report.unused),
                "windows": {hour_key(hour): number for hour, number in sorted(report.windows.items())},
            }
            for report in reports
        ],
        "next": following,
    }
