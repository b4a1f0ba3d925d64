"""Formats whose tweets are JSON values. One file may mix several, so each says of a single value too how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from viral_assets.sources.base import ColumnNames, ReadOptions, SourceFile
from viral_assets.sources.parsers.column_evidence import ObjectColumns
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import BY_KEYS, BY_VALUES, Format
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.parsers.json_files import JsonDocument, JsonLines
from viral_assets.sources.parsers.json_shapes import ValueParser
from viral_assets.sources.parsers.times import Times


@dataclass(frozen=True)
class JsonFormat:
    """One make of JSON objects.

    Args:
        name: for people.
        mapping: for people, of what each field of a tweet is made.
        probe: how sure it is of the head of a file; mostly made of ``confidence_in`` by :func:`json_confidence`.
        confidence_in: the same of one value: from 0 (not mine) to 1. Of the formats that know a value, the most
            confident one reads it; no two may be equally sure of the same one.
        parser: makes records of values; counts what is no record by its remark.
    """

    name: str
    mapping: Mapping[str, str]
    probe: Callable[[FileHead], float]
    confidence_in: Callable[[Any], float]
    parser: Callable[[Times, Counter[str]], ValueParser]

    def parser_for(
        self, times: Times, remarks: Counter[str], columns: ColumnNames | None, known: ObjectColumns
    ) -> ValueParser:
        """The parser of one file; for formats that have columns, a person's own names and what is known of them."""
        return self.parser(times, remarks)

    def open(self, file: SourceFile, head: FileHead, options: ReadOptions, formats: Sequence[Format]) -> FileReader:
        """See :meth:`Format.open`."""
        reader = JsonLines if head.json_lines else JsonDocument
        return reader(file, head, options, self.name, list(self.mapping.items()), json_formats(formats))


def json_formats(formats: Iterable[object]) -> list[JsonFormat]:
    """Those of the formats whose tweets are JSON values."""
    return [each for each in formats if isinstance(each, JsonFormat)]


def json_confidence(
    head: FileHead,
    confidence_in: Callable[[Any], float],
    *,
    by_keys: Callable[[Set[str]], float] | None = None,
    values: Sequence[Iterable[Any]] | None = None,
) -> float:
    """How sure a format is of a head: by the earliest value that it knows, else by the keys there are.

    Of two formats, the one that knows an earlier value is surer; of those that know the same one, the one that is
    surer of it. JSON behind something else counts half: also a letter may quote some.

    Args:
        confidence_in: how sure it is of one value, from 0 to 1.
        by_keys: how much these keys suggest it, from 0 to 1.
        values: those to examine, each with what is inside it; by default the objects of the head.
    """
    if not head.has_json:
        return 0.0
    known = _earliest(head.objects if values is None else values, confidence_in)
    if known:
        certainty = BY_VALUES + (1 - BY_VALUES) * known
    else:
        certainty = BY_KEYS * by_keys(frozenset(head.keys)) if by_keys else 0.0
    return certainty if head.starts_as_json else certainty / 2


def _earliest(values: Sequence[Iterable[Any]], confidence_in: Callable[[Any], float]) -> float:
    for position, inside in enumerate(values):
        if found := max(map(confidence_in, inside), default=0.0):
            return (len(values) - position - 1 + found) / len(values)
    return 0.0
