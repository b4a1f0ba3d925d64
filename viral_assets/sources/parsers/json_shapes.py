"""Records out of JSON values of any format there is, value by value, and out of what programs put around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, runtime_checkable

from viral_assets.sources.base import ColumnNames, Record, Reject
from viral_assets.sources.parsers.column_evidence import ObjectColumns
from viral_assets.sources.parsers.fields import A_POST_OF, NOT_OF_X
from viral_assets.sources.parsers.json_envelopes import (
    beside,
    document_fields,
    is_message_without_post,
    is_page_without_tweets,
    is_part_of_page,
    message_content,
    other_service,
    rows_within,
    wrapped,
)
from viral_assets.sources.parsers.placeholders import placeholder
from viral_assets.sources.parsers.raw_text import raw_json
from viral_assets.sources.parsers.remarks import NO_POST, NO_TWEETS
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

CERTAIN = 0.95
"""A format that is so sure of a value is asked before what programs put around tweets."""


class ValueParser(Protocol):
    """Makes records of the values of one file."""

    def records(self, value: Any, locator: str) -> Iterator[Record]:
        """The records of one value, which is not always a valid one.

        Args:
            locator: where the value is in its source.
        """
        ...


@runtime_checkable
class OrdinaryParser(Protocol):
    """A parser with a shorter way for values that are nothing but a tweet."""

    def ordinary(self, value: Mapping[str, Any]) -> Tweet | None:
        """What ``records`` makes of the value; None where it has to be asked."""
        ...


class ValueFormat(Protocol):
    """What is needed of a format to read values: see :class:`~viral_assets.sources.parsers.json_format.JsonFormat`."""

    @property
    def confidence_in(self) -> Callable[[Any], float]:
        """How sure it is of one value, from 0 to 1."""
        ...

    def parser_for(
        self, times: Times, remarks: Counter[str], columns: ColumnNames | None, known: ObjectColumns
    ) -> ValueParser:
        """The parser of one file."""
        ...


class JsonShapes:
    """Turns parsed values into records, each by the format that is most confident of it.

    Args:
        formats: those that values may have. One of them takes whatever no other knows.
        times: reads and checks times.
        remarks: counts what is no record and yet worth a mention.
        columns: a person's own names of columns, for objects of unknown make.
        first: the first objects of the file, which tell how its columns are to be read.
    """

    def __init__(
        self,
        formats: Sequence[ValueFormat],
        times: Times,
        remarks: Counter[str],
        columns: ColumnNames | None = None,
        first: Sequence[object] = (),
    ) -> None:
        self._remarks = remarks
        self._known = ObjectColumns(columns)
        self._known.see(first)
        self._parsers = [
            (each.confidence_in, each.parser_for(times, remarks, columns, self._known)) for each in formats
        ]
        self._ordinary = [parser.ordinary for _, parser in self._parsers if isinstance(parser, OrdinaryParser)]

    def ordinary(self, value: object) -> Tweet | None:
        """The tweet of a value that is nothing but one, where a format has a short way to read it; None for any other
        value, of which :meth:`records` knows what it is."""
        if isinstance(value, dict):
            for read in self._ordinary:
                if (tweet := read(value)) is not None:
                    return tweet
        return None

    def records(self, value: object, locator: str) -> Iterator[Record]:
        """The records of one value; a list is opened.

        Args:
            locator: where the value is in its source.
        """
        if is_message_without_post(value):
            self._remarks[NO_POST] += 1
            return
        value = message_content(value)
        try:
            if isinstance(value, list):
                yield from self._of_list(value, f"{locator}, item")
            else:
                yield from self._of_value(value, locator)
        except RecursionError:
            yield Reject(locator, "bad_json", "this is nested too deeply", raw_json(value))

    def _of_list(self, values: list[Any], locator: str) -> Iterator[Record]:
        if not values:
            self._remarks[NO_TWEETS] += 1
        self._known.see(values)
        for number, value in enumerate(values, 1):
            if is_message_without_post(value):
                self._remarks[NO_POST] += 1
            else:
                yield from self._of_value(message_content(value), f"{locator} {number}")

    def _of_value(self, value: object, locator: str) -> Iterator[Record]:
        if isinstance(value, dict) and (remark := placeholder(value)):
            self._remarks[remark] += 1
            return
        confidence, chosen = -1.0, None
        for confidence_in, parser in self._parsers:
            if (found := confidence_in(value)) > confidence:
                confidence, chosen = found, parser
                if found == 1.0:  # as no two are equally sure, nobody is surer
                    break
        inside = self._within(value, locator, confidence) if isinstance(value, dict) else None
        if inside is not None:
            yield from inside
        elif chosen is not None:
            yield from chosen.records(value, locator)

    def _within(self, value: Mapping[str, Any], locator: str, confidence: float) -> Iterator[Record] | None:
        """The records of an object that is an envelope around tweets or in place of them; None where it is none."""
        if (document := document_fields(value)) is not None:
            return self._of_value(document, locator)
        if confidence >= CERTAIN:
            return None
        if (rows := rows_within(value)) is not None:
            return self._of_rows(rows, locator)
        if service := other_service(value):
            return iter([Reject(locator, NOT_OF_X, f"{A_POST_OF}{service}, not of X", raw_json(value))])
        if is_part_of_page(value) or is_page_without_tweets(value):
            self._remarks[NO_TWEETS] += 1
            return iter(())
        if found := wrapped(value):
            return chain.from_iterable(self._of_part(*each, locator) for each in (found, *beside(value, found[0])))
        return None

    def _of_part(self, key: str, inside: Any, locator: str) -> Iterator[Record]:
        place = f"{locator}, {key}"
        return self._of_list(inside, place) if isinstance(inside, list) else self._of_value(inside, place)

    def _of_rows(self, rows: Sequence[Any], locator: str) -> Iterator[Record]:
        self._known.see(rows)
        for number, row in enumerate(rows, 1):
            yield from self._of_value(row, f"{locator}, row {number}")
