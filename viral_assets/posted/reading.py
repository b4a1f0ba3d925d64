"""Files with posts of the team's account: X's analytics, answers of its API, archives, and tables kept by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from viral_assets.errors import SourceError
from viral_assets.posted.own_post import AnswerSeen, OwnPost, answer_seen, own_post
from viral_assets.posted.reply_sheet import SheetHeader, sheet_header, sheet_posts
from viral_assets.sources.base import ReadOptions, Reject
from viral_assets.sources.content.file_probe import FileProbe, probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet

SHEET = "table of replies"
_NAMED = 3
"""Accounts that an error names."""


@dataclass(slots=True)
class PostsOfFile:
    """What a file has.

    Args:
        format: what it was recognised as, for people.
        others: posts of other accounts.
        without_reply: rows of a table without a reply.
        rejects: what could not be read.
    """

    name: str
    format: str
    posts: list[OwnPost] = field(default_factory=list)
    answers: list[AnswerSeen] = field(default_factory=list)
    others: int = 0
    without_reply: int = 0
    rejects: list[Reject] = field(default_factory=list)


def read_posts(
    path: Path, options: ReadOptions, *, account: str | None = None, collected_at: datetime | None = None
) -> PostsOfFile:
    """Read a file.

    Args:
        account: whose posts are the team's, a handle without the ``@``; by default, those of the one account that the
            file has.
        collected_at: when the counts were seen; by default what the file says, else when it was last changed.

    Raises:
        SourceError: it cannot be read, or has posts of several accounts and nobody says which is ours.
    """
    file = probe_file(path)
    if (header := sheet_header(file.head)) is not None:
        return _read_sheet(file, header, options, collected_at or min(file.modified, options.now))
    reader = detect_format(file, options)
    tweets: list[Tweet] = []
    rejects: list[Reject] = []
    for batch in reader:
        for record in batch.records:
            if isinstance(record, Reject):
                rejects.append(record)
            elif not record.is_retweet:
                tweets.append(record)
    found = PostsOfFile(file.name, reader.format, rejects=rejects)
    at = collected_at or seen_at(tweets, file.modified, options.now)
    ours = _ours(file.name, tweets, account)
    for tweet in tweets:
        if handle_of(tweet) in ("", ours):
            found.posts.append(own_post(tweet, at=at, source=file.sha256))
        else:
            found.others += 1
            found.answers += answer_seen(tweet, at=at, source=file.sha256)
    return found


def seen_at(tweets: Iterable[Tweet], modified: datetime, now: datetime) -> datetime:
    """When the counts of a file that does not say so were seen: when it was written, unless that cannot be."""
    newest = max((tweet.created_at for tweet in tweets), default=now)
    return min(modified, now) if modified >= newest else now


def handle_of(tweet: Tweet) -> str:
    """Of its author, as handles are compared; empty where nobody says: ``x.com/i/status/...`` is any post's."""
    handle = tweet.author_handle.casefold()
    return "" if handle == "i" else handle


def _ours(name: str, tweets: Sequence[Tweet], account: str | None) -> str:
    """The handle of the team's account, as handles are compared; empty where no post names an author."""
    if account is not None:
        return account.casefold()
    handles = Counter(filter(None, map(handle_of, tweets)))
    if len(handles) > 1:
        some = ", ".join(f"@{handle}" for handle, _ in handles.most_common(_NAMED))
        more = f" and {len(handles) - _NAMED:,} more" if len(handles) > _NAMED else ""
        raise SourceError(
            f"{name}: there are posts of {some}{more}; say with --account which of them is yours, like --account @us"
        )
    return next(iter(handles), "")


def _read_sheet(file: FileProbe, header: SheetHeader, options: ReadOptions, at: datetime) -> PostsOfFile:
    found = PostsOfFile(file.name, SHEET)
    times = Times(options.now, options.zone)
    for record in sheet_posts(file, header, at=at, source=file.sha256, times=times, now=options.now):
        if record is None:
            found.without_reply += 1
        elif isinstance(record, Reject):
            found.rejects.append(record)
        else:
            found.posts.append(record)
    return found
