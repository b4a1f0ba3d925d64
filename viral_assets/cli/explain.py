"""``viral-assets ingest --explain``: what files are and how they would be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viral_assets.cli.output import complain, console, facts_table, plain, print_json, say, table
from viral_assets.text.amounts import full_count, how_many

if TYPE_CHECKING:
    from rich.console import Console

    from viral_assets.sources.base import ReadOptions
    from viral_assets.sources.files.explain import Explanation
    from viral_assets.sources.tweet import Tweet

SHOWN_TEXT = 60
SHOWN_UNUSED = 30


def explain_files(paths: Sequence[Path], options: ReadOptions, *, as_json: bool) -> int:
    """Explain each file, and each file in folders. Returns the exit code: 0, or 2 when none can be read."""
    from viral_assets.errors import SourceError
    from viral_assets.sources.content.file_probe import expand_paths, printable_name
    from viral_assets.sources.files.explain import explain_file

    where = console(as_json=as_json)
    reports: list[dict[str, Any]] = []
    for path in paths:
        try:
            files = expand_paths([path])
        except SourceError as error:
            complain(str(error))
            reports.append({"name": printable_name(path), "problem": str(error)})
            continue
        for file in files:
            try:
                found = explain_file(file, options)
            except (SourceError, OSError) as error:
                complain(str(error))
                reports.append({"name": printable_name(file), "problem": str(error)})
            else:
                _show(where, found)
                reports.append(_payload(found))
    if as_json:
        print_json({"files": reports})
    return 0 if any("problem" not in each for each in reports) else 2


def _show(where: Console, found: Explanation) -> None:
    looked = how_many(found.read, "record") if found.complete else f"the first {found.read:,} records"
    rejected = ", ".join(f"{number:,} {reason}" for reason, number in found.reject_reasons.most_common())
    where.print(
        facts_table(
            [
                ("file", found.name),
                ("is", found.format),
                ("size", f"{found.size:,} bytes" + (f", {found.encoding}" if found.encoding else "")),
                ("looked at", looked),
                ("usable", full_count(found.read - found.rejected)),
                ("rejected", rejected or "none"),
            ]
        )
    )
    if found.mapping:
        mapping = table(["field", "from"], title="How it maps")
        for field, source in found.mapping:
            mapping.add_row(field, plain(source))
        where.print(mapping)
    if found.unused:
        names = ", ".join(plain(name) for name in found.unused[:SHOWN_UNUSED])
        more = f" and {len(found.unused) - SHOWN_UNUSED:,} more" if len(found.unused) > SHOWN_UNUSED else ""
        say(where, f"Not used: {names}{more}")
    if found.tweets:
        numbers = ("likes", "replies", "retweets", "views", "followers")
        rows = table(["id", "posted (UTC)", "author", "text", *numbers], title="First rows", numbers=numbers)
        for tweet in found.tweets:
            rows.add_row(*_cells(tweet))
        where.print(rows)
    for reject in found.rejects:
        say(where, f"Rejected, {plain(reject.locator)}: {plain(reject.detail)} ({reject.reason})")
    for remark, number in found.remarks.most_common():
        say(where, f"{plain(remark)}" + (f" ({number:,} times)" if number > 1 else ""))
    say(where, "Nothing was stored.")


def _cells(tweet: Tweet) -> list[str]:
    text = " ".join(tweet.text.split())
    kinds = [kind for kind in ("retweet", "reply", "quote") if getattr(tweet, f"is_{kind}")]
    shown = text if len(text) <= SHOWN_TEXT else f"{text[: SHOWN_TEXT - 1]}…"
    return [
        tweet.tweet_id,
        f"{tweet.created_at:%Y-%m-%d %H:%M:%S}",
        plain(f"@{tweet.author_handle}") if tweet.author_handle else "?",
        plain(shown) + (f" ({', '.join(kinds)})" if kinds else ""),
        full_count(tweet.like_count),
        full_count(tweet.reply_count),
        full_count(tweet.retweet_count),
        full_count(tweet.view_count),
        full_count(tweet.author_followers),
    ]


def _payload(found: Explanation) -> dict[str, Any]:
    fields = ("tweet_id", "created_at", "author_handle", "text", "like_count", "view_count", "author_followers")
    return {
        "name": found.name,
        "format": found.format,
        "packing": found.packing,
        "encoding": found.encoding,
        "size": found.size,
        "sha256": found.sha256,
        "mapping": dict(found.mapping),
        "unused": list(found.unused),
        "read": found.read,
        "rejected": found.rejected,
        "complete": found.complete,
        "reject_reasons": dict(found.reject_reasons.most_common()),
        "remarks": dict(found.remarks.most_common()),
        "first": [{name: getattr(tweet, name) for name in fields} for tweet in found.tweets],
        "first_rejects": [
            {"locator": reject.locator, "reason": reject.reason, "detail": reject.detail} for reject in found.rejects
        ],
    }
