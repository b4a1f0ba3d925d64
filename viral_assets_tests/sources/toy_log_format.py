"""A format of its own in one file: a log of one tweet a line, as a new format would be added."""

from __future__ import annotations

from collections.abc import Iterator

from viral_assets.sources.base import ReadOptions, Record, Reject, SourceFile
from viral_assets.sources.parsers.fields import UnusableError, handle, tweet_id, tweet_text
from viral_assets.sources.parsers.file_reader import FileReader
from viral_assets.sources.parsers.format import BY_SIGNATURE, FileFormat
from viral_assets.sources.parsers.head import FileHead
from viral_assets.sources.tweet import Tweet

FIRST_LINE = "# tweet log 1\n"


def probe(head: FileHead) -> float:
    """By the line that every log begins with."""
    return BY_SIGNATURE if head.text.startswith(FIRST_LINE) else 0.0


class LogReader(FileReader):
    """Reads ``ID TIME @HANDLE TEXT``, line by line."""

    def __init__(self, file: SourceFile, head: FileHead, options: ReadOptions) -> None:
        super().__init__(file, options, "tweet log")

    def _records(self) -> Iterator[Record]:
        with self._file.open_text(newline="\n") as stream:
            for number, line in enumerate(stream, 1):
                if number > 1:
                    yield self._record(line.rstrip("\n"), f"line {number}")

    def _record(self, line: str, place: str) -> Record:
        identity, time, author, text = [*line.split(" ", 3), "", "", "", ""][:4]
        try:
            return Tweet(
                tweet_id=tweet_id(identity),
                created_at=self._times.created_at(time),
                text=tweet_text(text),
                author_handle=handle(author),
            )
        except UnusableError as error:
            return Reject(place, error.reason, error.detail, line)


FORMAT = FileFormat("tweet log", probe, LogReader)
