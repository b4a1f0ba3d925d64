"""What a file is and how it would be read, without storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from viral_assets.sources.base import ReadOptions, Reject
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.tweet import Tweet

EXPLAINED_RECORDS = 10_000
"""Records that are read; what comes after them is like them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one file.

    Args:
        packing: how it is packed, like ``gzip``; empty where it is not.
        encoding: of its text; empty for no text.
        mapping: of what each field of a tweet is made.
        unused: columns that are not read.
        read: records that were read, of which ``rejected`` cannot be used.
        complete: whether those are all of them.
        tweets: the first ones.
        rejects: the first ones.
        remarks: what is no record and yet worth a mention, and how often.
    """

    name: str
    size: int
    sha256: str
    format: str
    packing: str
    encoding: str
    mapping: Sequence[tuple[str, str]]
    unused: Sequence[str]
    read: int
    rejected: int
    complete: bool
    tweets: Sequence[Tweet]
    rejects: Sequence[Reject]
    reject_reasons: Counter[str]
    remarks: Counter[str]


def explain_file(
    path: Path, options: ReadOptions, *, rows: int = 5, most_records: int = EXPLAINED_RECORDS
) -> Explanation:
    """Read a file as ingesting it would, and store nothing.

    Args:
        rows: how many tweets and rejects to show.
        most_records: after about so many, it reads no further.

    Raises:
        SourceError: the file cannot be read, or is of no known format.
    """
    file = probe_file(path)
    reader = detect_format(file, options)
    tweets: list[Tweet] = []
    rejects: list[Reject] = []
    reasons: Counter[str] = Counter()
    remarks: Counter[str] = Counter()
    read, complete = 0, True
    for batch in reader:
        if read >= most_records:
            complete = False
            break
        read += len(batch.records)
        remarks += batch.remarks
        reasons.update(record.reason for record in batch.records if isinstance(record, Reject))
        for record in batch.records:
            if isinstance(record, Reject):
                rejects += [record][: rows - len(rejects)]
            elif len(tweets) < rows:
                tweets.append(record)
    return Explanation(
        name=file.name,
        size=file.size,
        sha256=file.sha256,
        format=reader.format,
        packing=file.packing,
        encoding=file.encoding,
        mapping=reader.mapping,
        unused=reader.unused,
        read=read,
        rejected=reasons.total(),
        complete=complete,
        tweets=tweets,
        rejects=rejects,
        reject_reasons=reasons,
        remarks=remarks,
    )
