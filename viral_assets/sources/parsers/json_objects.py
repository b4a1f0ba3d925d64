"""JSON objects of unknown make, read as rows of a table where their keys are names that tables have.

This is also what reads whatever JSON no other format knows: it says what a file has instead of tweets, and rejects
single values as the incomplete tweets of X's newest API that they may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from viral_assets.errors import SourceError
from viral_assets.sources.base import ColumnNames, ReadOptions, Record, Reject, SourceFile
from viral_assets.sources.parsers.cells import named_texts
from viral_assets.sources.parsers.column_evidence import ObjectColumns, missing
from viral_assets.sources.parsers.fields import NO_TWEETS_BUT_ACCOUNTS, UnusableError
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import ANY_JSON, Format
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.json_envelopes import is_account, is_page_without_tweets, service_within, wrapped
from viral_assets.sources.parsers.json_format import JsonFormat, json_confidence
from viral_assets.sources.parsers.json_shapes import ValueParser
from viral_assets.sources.parsers.layouts import layout
from viral_assets.sources.parsers.placeholders import placeholder
from viral_assets.sources.parsers.raw_text import raw_json, visible
from viral_assets.sources.parsers.references import MEDIA_KEYS, references_in
from viral_assets.sources.parsers.row_parser import RowParser
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2

_MOST_LAYOUTS = 200


def confidence_in(_: object) -> float:
    """Little, of anything: what no other format is surer of."""
    return 0.01


def has_all_columns(value: object) -> bool:
    """Whether the keys of an object name all that a tweet needs, but for the time where its id tells that."""
    if not isinstance(value, dict):
        return False
    cells = dict(named_texts(value))
    return not missing(layout(list(cells)), [list(cells.values())])


def probe(head: FileHead) -> float:
    """By objects whose keys name all that a tweet needs; less, of any JSON."""
    if not head.has_json:
        return 0.0
    values = [(value,) for value in head.values]
    known = json_confidence(head, lambda value: 0.25 if has_all_columns(value) else 0.0, values=values)
    return known or (ANY_JSON if head.starts_as_json else ANY_JSON / 2)


@dataclass(frozen=True)
class _JsonObjects(JsonFormat):
    def parser_for(
        self, times: Times, remarks: Counter[str], columns: ColumnNames | None, known: ObjectColumns
    ) -> ValueParser:
        return JsonObjects(times, remarks, columns, known)

    def open(self, file: SourceFile, head: FileHead, options: ReadOptions, formats: Sequence[Format]) -> FileReader:
        if not any(has_all_columns(each) or placeholder(each) for inside in head.objects for each in inside):
            _check_for_tweets(file, head, options.columns)
        reader = JsonFormat.open(self, file, head, options, formats)
        rows = [each for inside in head.objects for each in inside if has_all_columns(each)]
        known = layout(list(dict.fromkeys(name for row in rows for name, _ in named_texts(row))), options.columns)
        reader.mapping, reader.unused = known.described, known.unused
        return reader


def _check_for_tweets(file: SourceFile, head: FileHead, columns: ColumnNames | None) -> None:
    for value in head.values[:5]:
        some = value[:5] if isinstance(value, list) else [value]
        if service := service_within(some):
            raise SourceError(f"{file.name}: posts of {service}, which cannot be answered on X; give files with tweets")
        if any(map(is_account, some)):
            raise SourceError(f"{file.name}: {NO_TWEETS_BUT_ACCOUNTS}")
        if any(isinstance(each, dict) and _has_found_nothing(each) for each in some):
            return
    if head.is_cut_in_first_value:
        return  # tweets may come later than what is looked at
    # Keys of nested objects have no path here, which is good enough to distinguish tweets from something else.
    if head.keys and layout(head.keys, columns).missing:
        shown = ", ".join(repr(visible(key)) for key in head.keys[:12])
        raise SourceError(
            f"{file.name}: JSON, but no tweets of the X API or of Apify, and no objects with an id, a text and a "
            f"time; its keys are {shown}"
        )


def _has_found_nothing(value: Mapping[str, Any]) -> bool:
    return ((found := wrapped(value)) is not None and found[1] == []) or is_page_without_tweets(value)


class JsonObjects:
    """Turns objects into records, by their keys; whatever else there is, into rejects.

    Args:
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
        columns: a person's own names of columns.
        known: what other objects of the file tell of the columns.
    """

    def __init__(
        self,
        times: Times,
        remarks: Counter[str],
        columns: ColumnNames | None = None,
        known: ObjectColumns | None = None,
    ) -> None:
        self._times = times
        self._remarks = remarks
        self._columns = columns
        self._known = known or ObjectColumns()
        self._incomplete = XApiV2(times, remarks)
        self._rows: dict[tuple[str, ...], RowParser | None] = {}

    def records(self, value: Any, locator: str) -> Iterator[Record]:
        """The record of a row of a table, if the object has the columns; else of a tweet of the newest API that lacks
        a lot, or is none at all.

        Args:
            locator: where the value is in its source.
        """
        cells = dict(named_texts(value))
        row = self._row_parser(tuple(cells)) if cells else None
        if row is None or not isinstance(value.get("text", ""), str | None):
            yield from self._incomplete.records(value, locator)
            return
        try:
            tweet = row.tweet(list(cells.values()))
        except UnusableError as error:
            yield Reject(locator, error.reason, error.detail, raw_json(value))
        else:
            if tweet is not None:
                referring = tweet.is_reply or tweet.is_quote or not value.keys().isdisjoint(MEDIA_KEYS)
                found = references_in(value, tweet.tweet_id) if referring and not tweet.is_retweet else None
                yield tweet._replace(refers_to=found) if found else tweet

    def _row_parser(self, names: tuple[str, ...]) -> RowParser | None:
        """For objects with these keys; None where fewer than two of them are names of columns."""
        if self._known.has_news:
            self._rows.clear()
        if names not in self._rows:
            if len(self._rows) >= _MOST_LAYOUTS:  # objects with keys like ids
                self._rows.clear()
            found = layout(names, self._columns)
            known = self._known.evidence(found)
            self._rows[names] = RowParser(known, self._times, self._remarks) if found.telling >= 2 else None
        return self._rows[names]


MAPPING: Mapping[str, str] = {}
FORMAT = _JsonObjects("JSON objects", MAPPING, probe, confidence_in, JsonObjects)
