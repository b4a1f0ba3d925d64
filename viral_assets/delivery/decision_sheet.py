"""Suggestions as a CSV file to decide about in a spreadsheet, and what somebody decided there.

A row is one suggestion. Whoever decides fills in ``decision`` and may change ``text``; the rest is there to read.
``id`` says which suggestion, in which version, with which text: something that no spreadsheet takes for a number, so
that no digit is lost.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from viral_assets.delivery.export_table import harmless_cell, why_to_look_at, without_controls
from viral_assets.errors import ConfigurationError
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.text.amounts import percent
from viral_assets.text.cleaning import persons_reply
from viral_assets.text.display import kind
from viral_assets.vocabulary import APPROVE, EDIT, POST, REJECT, REOPEN
from viral_assets.whole_files import replaced_file

COLUMNS = ("decision", "text", "reason", "status", "kind", "tweet", "author", "label", "score", "why", "url", "id")
NEEDED = ("decision", "text", "id")

WORDS = {
    **dict.fromkeys(("approve", "approved", "yes", "y", "ok", "x", "✓"), APPROVE),
    **dict.fromkeys(("reject", "rejected", "no", "n"), REJECT),
    **dict.fromkeys(("edit", "edited"), EDIT),
    **dict.fromkeys(("post", "posted"), POST),
    **dict.fromkeys(("reopen", "reopened"), REOPEN),
}
"""What may stand in the column ``decision``, in any case; nothing leaves the suggestion as it is."""

_ID = re.compile(r"([^/]+)/([^/]+)/(.+)@(\d{1,18})-([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A suggestion as it came back. ``line`` counts rows from 1, the header included; ``decision`` is empty or an
    action; ``changed`` says that the text is not the one that was written (an empty one is no text)."""

    line: int
    key: SuggestionKey
    version: int
    decision: str
    text: str
    changed: bool
    reason: str

    @property
    def actions(self) -> list[str]:
        """What is to be done, in this order: a changed text is an edit, which counts as approved, and goes before a
        post; one that is rejected or reopened is not edited."""
        if self.decision in (REJECT, REOPEN):
            return [self.decision]
        if self.changed:
            return [EDIT, POST] if self.decision == POST else [EDIT]
        # To save what it says already is to approve it.
        return [APPROVE] if self.decision == EDIT else [self.decision] if self.decision else []


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something that was not done, and why."""

    line: int
    what: str


def write_sheet(path: Path, parts: Iterable[Sequence[OpportunityView]]) -> int:
    """Write all suggestions of all parts, atomically, and return how many there are. It begins with a byte order mark,
    by which Excel knows that it is UTF-8.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    count = 0
    with replaced_file(path) as file:
        file.write("\ufeff")
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for part in parts:
            for view in part:
                for suggestion in view.suggestions:
                    writer.writerow([harmless_cell(cell) for cell in _cells(view, suggestion)])
                    count += 1
    return count


def _cells(view: OpportunityView, suggestion: SuggestionView) -> tuple[str, ...]:
    return (
        "",
        suggestion.text,
        "",
        suggestion.status_text,
        kind(suggestion.type_name),
        view.text,
        view.author_handle,
        view.label,
        str(percent(view.total)),
        why_to_look_at(view),
        view.url,
        f"{view.project}/{view.tweet_id}/{suggestion.type_name}@{suggestion.version}-{_digest(suggestion.text)}",
    )


def read_sheet(data: bytes) -> tuple[list[SheetRow], list[RowProblem]]:
    """What came back, from any spreadsheet: comma, semicolon or tab, any line ends, UTF-8, UTF-16 or Windows-1252,
    columns in any order.

    Returns:
        The rows that say something or could, and a problem for each that cannot be read.

    Raises:
        ConfigurationError: it is no such file at all.
    """
    text = _decoded(data)
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        # Not splitlines(): a tweet may hold line separators of Unicode, which end no row.
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ConfigurationError(f"the file cannot be read as CSV ({error})") from None
    header = [name.strip().casefold() for name in cells[0]] if cells else []
    if missing := [name for name in NEEDED if name not in header]:
        raise ConfigurationError(
            f"the file has no column {', '.join(missing)}; import what viral-assets export-decisions wrote"
        )
    return _sorted_out(_rows(header, cells[1:]))


def key_in(cell: str) -> SuggestionKey | None:
    """The suggestion that a cell of the column ``id`` names; None where it names none."""
    match = _ID.fullmatch(_without_guard(cell.strip()))
    return SuggestionKey(*match.groups()[:3]) if match else None


def _rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[SheetRow | RowProblem]:
    seen: dict[SuggestionKey, int] = {}
    for line, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        found = dict(zip(header, cells, strict=False))
        match = _ID.fullmatch(_without_guard(found.get("id", "").strip()))
        word = found.get("decision", "").strip().strip(".!").casefold()
        if match is None:
            yield RowProblem(line, "its id is not one that an export wrote")
        elif word and word not in WORDS:
            yield RowProblem(line, f"there is no decision {word[:20]!r}; write approve, reject, edit, post or reopen")
        elif (key := SuggestionKey(*match.groups()[:3])) in seen:
            yield RowProblem(line, f"the suggestion stands in line {seen[key]} already")
        else:
            seen[key] = line
            cell = found.get("text", "")
            # A text may begin like one that was guarded.
            untouched = next((each for each in (cell, _without_guard(cell)) if _digest(each) == match[5]), None)
            text = persons_reply(_without_guard(cell) if untouched is None else untouched)
            yield SheetRow(
                line,
                key,
                version=int(match[4]),
                decision=WORDS.get(word, ""),
                text=text,
                changed=bool(text) and untouched is None,
                reason=_without_guard(found.get("reason", "")).strip(),
            )


def _sorted_out(found: Iterable[SheetRow | RowProblem]) -> tuple[list[SheetRow], list[RowProblem]]:
    rows: list[SheetRow] = []
    problems: list[RowProblem] = []
    for each in found:
        if isinstance(each, SheetRow):
            rows.append(each)
        else:
            problems.append(each)
    return rows, problems


def _digest(text: str) -> str:
    written = persons_reply(without_controls(text))
    return hashlib.sha256(written.encode(errors="replace")).hexdigest()[:12]


def _without_guard(cell: str) -> str:
    """Without the apostrophe that was put before what a spreadsheet would run."""
    return cell[1:] if cell.startswith("'") and harmless_cell(cell[1:]) == cell else cell


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's "CSV" in Western countries.
        return data.decode("cp1252", "replace")
