"""An export from beginning to end: choose, write the file, mark what is in it as exported.

The marks come after the file is in its place. Where everything ends in between (a kill, a lost database), the file is
whole and nothing is marked, so that the next export contains it again: a suggestion may be handed over twice, and
none is ever marked that nobody was given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from viral_assets.delivery.export_formats import Format, write_export
from viral_assets.delivery.export_table import columns_for
from viral_assets.hours import HourRange
from viral_assets.queries.export import rank_for_export, read_ranked
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.sort_keys import SortBy
from viral_assets.store.engine import Database
from viral_assets.store.export_marks import TO_EXPORT, HandedOver, mark_exported
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.vocabulary import EXPORT_PROGRAM

WHO = EXPORT_PROGRAM
"""The name under which marks stand in the audit."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported.

    Args:
        rows: tweets in the file.
        suggestions: in the file, the alternatives included.
        marked: now ``exported``; those that were before, and rejected or posted ones, stay as they are.
        changed: somebody decided about them while the file was written; they are in it as they were, and unmarked.
        kept: nothing matched, and the file that was there stays as it is.
    """

    rows: int
    suggestions: int
    marked: int
    changed: int
    kept: bool = False


def export_suggestions(
    database: Database,
    path: Path,
    kind: Format,
    *,
    now: datetime,
    project: str | None = None,
    window: HourRange | None = None,
    labels: Collection[str] | None = None,
    statuses: Collection[str] | None = None,
    sort_by: SortBy = "score",
    limit: int | None = None,
    mark: bool = True,
    second: SecondApproval = NOWHERE,
    progress: Callable[[int, int], None] | None = None,
) -> ExportReport:
    """Write the file and mark what is in it; what is chosen, see
    :func:`~viral_assets.queries.export.rank_for_export`.

    Args:
        mark: False to write the file and change nothing else.
        second: where the approval of two people is asked for; what lacks it is in no file.
        progress: called with how many tweets are written, of how many.

    Raises:
        ConfigurationError: nothing of the kind can be chosen, or the file cannot be written.
    """
    in_file = 0
    to_mark: list[HandedOver] = []

    def noted(parts: Iterator[list[OpportunityView]], total: int) -> Iterator[list[OpportunityView]]:
        nonlocal in_file
        done = 0
        for part in parts:
            for view in part:
                in_file += len(view.suggestions)
                to_mark.extend(
                    (view.project, view.tweet_id, suggestion.type_name, suggestion.version)
                    for suggestion in view.suggestions
                    if suggestion.status in TO_EXPORT
                )
            yield part
            done += len(part)
            if progress is not None:
                progress(done, total)

    with database.read() as connection:
        ranked = rank_for_export(
            connection,
            project=project,
            window=window,
            labels=labels,
            statuses=statuses,
            sort_by=sort_by,
            limit=limit,
            second=second,
        )
        if not ranked and path.exists():
            return ExportReport(0, 0, 0, 0, kept=True)
        columns = columns_for(max((place.suggestions for place in ranked), default=0))
        parts = read_ranked(connection, ranked, statuses=statuses, second=second)
        rows = write_export(path, kind, noted(parts, len(ranked)), columns)
    if not mark or not to_mark:
        return ExportReport(rows, in_file, 0, 0)
    with database.begin() as connection:
        marked, left = mark_exported(connection, to_mark, who=WHO, at=now, reason=f"to {path.name}", second=second)
    return ExportReport(rows, in_file, marked, len(left))
