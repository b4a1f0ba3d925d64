"""Decisions that were made in a file, taken over: each as if it had been made on the page, and none over another's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from viral_assets.delivery.decision_sheet import RowProblem, SheetRow
from viral_assets.queries.opportunities import find_opportunities, of_keys
from viral_assets.queries.opportunity_view import SuggestionView
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.second_approval import NOWHERE, SecondApproval
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.suggestion_locks import Conflict, NotAllowed
from viral_assets.store.suggestion_status import after, in_words
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.names import same_person
from viral_assets.vocabulary import APPROVE, AWAITING, EDIT, EXPORTED, REJECT, REOPEN


@dataclass(slots=True)
class ImportReport:
    """What came of a file.

    Args:
        done: how many suggestions were decided about, by the action that ends it.
        untouched: rows that ask for nothing, or for what is so already.
        conflicts: decided about or written anew since the file was written; left as they are.
        problems: that cannot be done.
        awaiting: how many of those decided about take the approval of another person besides.
    """

    done: Counter[str] = field(default_factory=Counter)
    untouched: int = 0
    conflicts: list[RowProblem] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    awaiting: int = 0


def import_decisions(
    database: Database,
    rows: Sequence[SheetRow],
    *,
    who: str,
    now: datetime,
    dry_run: bool = False,
    second: SecondApproval = NOWHERE,
) -> ImportReport:
    """Take the decisions of a file over, all in one transaction.

    Args:
        rows: as :func:`~viral_assets.delivery.decision_sheet.read_sheet` gave them.
        dry_run: do all of it and take it back, to see what would happen.
        second: where the approval of two people is asked for.
    """
    report = ImportReport()
    with database.begin(dry_run=dry_run) as connection:
        current = _current(connection, rows)
        for row in rows:
            _take_over(connection, row, current.get(row.key), report, who=who, now=now, second=second)
    return report


def _take_over(
    connection: sa.Connection,
    row: SheetRow,
    suggestion: SuggestionView | None,
    report: ImportReport,
    *,
    who: str,
    now: datetime,
    second: SecondApproval,
) -> None:
    if suggestion is not None and row.text == persons_reply(_without_unicode(suggestion.text)):
        row = replace(row, changed=False)
    if not row.actions or (suggestion is not None and _is_so(row, suggestion, who)):
        report.untouched += 1
        return
    version, status = row.version, ""
    try:
        # All that a row asks for, or nothing of it.
        with connection.begin_nested():
            for action in row.actions:
                done = decide(
                    connection,
                    row.key,
                    action,
                    who=who,
                    at=now,
                    version=version,
                    text=row.text if action == EDIT else None,
                    reason=row.reason if action == REJECT else "",
                    second=second,
                )
                version, status = done.version, done.status
    except Conflict as conflict:
        by = conflict.who or "a run"
        at = f"{conflict.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        what = f"{by} changed it at {at}, and it is {in_words(conflict.status)} now"
        report.conflicts.append(RowProblem(row.line, what))
    except NotAllowed as refused:
        report.problems.append(RowProblem(row.line, str(refused)))
    else:
        report.done[row.actions[-1]] += 1
        report.awaiting += status == AWAITING


def _is_so(row: SheetRow, suggestion: SuggestionView, who: str) -> bool:
    """What is asked for is there already: a file may be imported twice."""
    last = row.actions[-1]
    same_text = row.text == persons_reply(suggestion.text) or last in (REJECT, REOPEN) or not row.text
    if suggestion.status == AWAITING and last in (APPROVE, EDIT) and row.version < suggestion.version:
        return same_text and same_person(suggestion.decided_by or "", who)
    return same_text and after(EXPORTED, last) == suggestion.status


def _without_unicode(text: str) -> str:
    """What a spreadsheet makes of a text that it saves in an old encoding: what that does not know is a question mark,
    and nobody has written that."""
    return text.encode("cp1252", "replace").decode("cp1252", "replace")


def _current(connection: sa.Connection, rows: Sequence[SheetRow]) -> dict[SuggestionKey, SuggestionView]:
    tweets = {(row.key.project, row.key.tweet_id) for row in rows}
    if not tweets:
        return {}
    found = find_opportunities(connection, of_keys(connection, tweets), as_numbered=True)
    return {
        SuggestionKey(project, tweet_id, each.type_name): each
        for (project, tweet_id), several in found.suggestions.items()
        for each in several
    }
