"""Opportunities and their suggestions as a table: one row a tweet, for spreadsheets and scripts.

Which tweets, and in which order, is decided in ``queries.export``. The CSV is plain UTF-8 without a byte order
mark (every reader takes that; Excel shows it right through *Data > From Text/CSV*, as it does the 19 digits of an id,
which the ``url`` column also carries safe from rounding).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from pathlib import Path

from viral_assets.context import NO_CONTEXT, STATE_WORDS, Context, Post
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.safety.flag import flags_in_words
from viral_assets.whole_files import replaced_file

Cell = str | int | float | None

CONTEXT_COLUMNS = (
    *("answers_author", "answers_text", "quotes_author", "quotes_text"),
    *("picture_texts", "earlier_reply"),
)
"""What a tweet stands in. Where the text of what it answers or quotes is not known, the text says so in brackets."""

COLUMNS = (
    "rank",
    "priority_score",
    "project",
    "tweet_id",
    "url",
    "author",
    "followers",
    "views",
    "tweet_text",
    "posted_at",
    "score_total",
    "label",
    "topic",
    "why",
    *CONTEXT_COLUMNS,
    "suggested_response",
    "suggested_type",
)
"""Then ``alternative_1, alt_1_type, alternative_2, ...`` for the suggestions after the first."""

LEAST_ALTERNATIVES = 2
"""The default project has three suggestion types: files of quiet and of busy hours then have the same columns."""

# What spreadsheets take for the beginning of a formula, also in full width, also after what they skip over.
_FORMULA = re.compile(
    r"[\s\0\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
)
_SKIPPED_FIRST = ("\t", "\r", "\n")
# Of what can be printed, all that a formula, or a space before one, begins with.
_SUSPECT = frozenset(" =+-@\uff1d\uff0b\uff0d\uff20\u2212")
_LINE_BREAKS = re.compile(r"\r\n?")
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")


def export_columns(rows: Sequence[OpportunityView]) -> list[str]:
    """:data:`COLUMNS` and as many pairs of alternative columns as the row with the most suggestions needs."""
    return columns_for(max((len(row.suggestions) for row in rows), default=0))


def columns_for(suggestions: int) -> list[str]:
    """:data:`COLUMNS` and the alternative columns, for tweets with at most so many suggestions."""
    return [
        *COLUMNS,
        *(
            name
            for number in range(1, max(LEAST_ALTERNATIVES, suggestions - 1) + 1)
            for name in (f"alternative_{number}", f"alt_{number}_type")
        ),
    ]


def export_records(rows: Iterable[OpportunityView], width: int) -> Iterator[list[Cell]]:
    """The ``width`` cells of each row in the order of :func:`columns_for`, as values: nothing neutralised, None for
    nothing.

    ``priority_score`` is what the rows were sorted by (see :func:`~viral_assets.queries.sort_keys.priority`), to
    two decimals; ``posted_at`` is ISO 8601 in UTC; ``author`` is the handle without ``@``; ids are texts.
    """
    for row in rows:
        cells: list[Cell] = [
            row.rank,
            round(row.priority_score, 2),
            row.project,
            row.tweet_id,
            row.url,
            row.author_handle,
            row.author_followers,
            row.views,
            row.text,
            f"{row.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            round(row.total, 4),
            row.label,
            row.topic,
            why_to_look_at(row),
            *_context_cells(row.context),
        ]
        for suggestion in row.suggestions:
            cells += [suggestion.text, suggestion.type_name]
        cells += [None] * (width - len(cells))
        yield cells


def _context_cells(context: Context) -> list[Cell]:
    """In the order of :data:`CONTEXT_COLUMNS`; None for nothing."""
    if context is NO_CONTEXT:  # as most have
        return [None] * len(CONTEXT_COLUMNS)
    referred = (each for post in (context.answers, context.quotes) for each in _referred_cells(post))
    return [*referred, " | ".join(context.alt_texts) or None, context.told[0] if context.told else None]


def _referred_cells(post: Post | None) -> tuple[Cell, Cell]:
    if post is None:
        return None, None
    if not post.known:
        return None, f"[{STATE_WORDS[post.state]}]"
    pictures = f" [pictures: {' | '.join(post.alt_texts)}]" if post.alt_texts else ""
    return post.author_handle or None, post.text + pictures


def why_to_look_at(row: OpportunityView) -> str:
    """The score in words, after what is sensitive: who works from a file sees it too."""
    if not row.flags:
        return row.why
    two = " · takes the approval of two people" if row.takes_two else ""
    return f"sensitive: {flags_in_words(row.flags)}{two} · {row.why}"


def write_csv(path: Path, rows: Sequence[OpportunityView]) -> int:
    """Write the rows as they come, atomically, and return how many there are. No rows: the header alone.

    Text cells are neutralised (:func:`harmless_cell`), the rest of a text is kept, line breaks as ``\\n``.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    return write_csv_of(path, [rows], export_columns(rows))


def write_csv_of(path: Path, parts: Iterable[Sequence[OpportunityView]], columns: Sequence[str]) -> int:
    """As :func:`write_csv`, for rows that come in parts, of which never more than one is held."""
    count = 0
    with replaced_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for part in parts:
            for cells in export_records(part, len(columns)):
                writer.writerow([harmless_cell(cell) if isinstance(cell, str) else cell for cell in cells])
            count += len(part)
    return count


def without_controls(text: str) -> str:
    """The text without control characters but tabs and line breaks, which are newlines."""
    return text if text.isprintable() else _CONTROLS.sub("", _LINE_BREAKS.sub("\n", text))


def harmless_cell(text: str) -> str:
    """The text as a cell that no spreadsheet runs: an apostrophe goes before whatever could begin a formula.

    Control characters, which some readers end a cell at, are left out. Source: OWASP, "CSV Injection".
    """
    # Nearly every cell is; an export of 50,000 suggestions has 300,000.
    if text.isprintable() and text[:1] not in _SUSPECT:
        return text
    text = without_controls(text)
    return f"'{text}" if text.startswith(_SKIPPED_FIRST) or _FORMULA.match(text) else text
