"""What ``viral-assets outcomes`` says: to a person, and to a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from viral_assets.cli.output import command, plain, say
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import BY_ID, FOUND_BY, LIKE_TEXT, ONLY_CHOICE, SAME_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from viral_assets.posted.asking import AccountReport
    from viral_assets.posted.claims import Listed
    from viral_assets.posted.reading import PostsOfFile
    from viral_assets.posted.take_over import TakenOver

LISTED = 20
"""Posts of a kind that are listed for a person; --json has all."""

_TOLD_BY = {
    BY_ID: "your file, which names it",
    SAME_TEXT: "the same text",
    LIKE_TEXT: "a text much like it",
    ONLY_CHOICE: "being the only one approved for the tweet",
}


def tell_file(where: Console, read: PostsOfFile) -> None:
    """What a file had."""
    parts = [how_many(len(read.posts), "post")]
    parts += [f"{read.others:,} of other accounts"] if read.others else []
    parts += [f"{how_many(read.without_reply, 'row')} without a reply"] if read.without_reply else []
    parts += [f"{len(read.rejects):,} that cannot be read"] if read.rejects else []
    say(where, f"{plain(read.name)} ({plain(read.format)}): {', '.join(parts)}.")
    for bad in read.rejects[:LISTED]:
        say(where, f"  {plain(bad.locator)}: {plain(bad.detail)}")
    if len(read.rejects) > LISTED:
        say(where, f"  and {len(read.rejects) - LISTED:,} more; --json has them all")


def tell(where: Console, done: TakenOver, *, dry_run: bool) -> None:
    """What came of posts, and what was left."""
    would = "would be " if dry_run else ""
    say(
        where,
        f"{how_many(len(done.marked), 'suggestion')} {would}marked as posted, {done.attached:,} marked already; "
        f"{how_many(done.known, 'reply', 'replies')} known before; {how_many(done.snapshots, 'count')} {would}kept. "
        f"{how_many(done.none, 'post is', 'posts are')} no suggestion.",
    )
    if done.told_by:
        told = (f"{_TOLD_BY[by]} ({done.told_by[by]:,})" for by in FOUND_BY if done.told_by[by])
        say(where, f"  told by {', '.join(told)}")
    if done.forgotten:
        say(where, f"{done.forgotten:,} are to be forgotten and were passed over.")
    _list(where, "where a person decided otherwise, left as they are", done.conflicts)
    _list(where, "that are unclear, and left", done.unclear)
    if done.marked and not dry_run:
        say(where, "Take it back: ", command("viral-assets outcomes --undo"))


def tell_service(where: Console, report: AccountReport) -> None:
    """What was asked of X, and what it cost."""
    cost = sum(each.cost_usd or 0.0 for each in report.services)
    asked = sum(each.requests for each in report.services)
    say(
        where,
        f"{how_many(report.looked_at, 'reply', 'replies')} looked at again, {report.gone:,} of them gone; "
        f"{report.answered:,} more answered by the author of the tweet. "
        f"{how_many(asked, 'request')}, about {cost:.3f} USD.",
    )
    for each in report.services:
        for reason, times in (*each.incomplete.items(), *each.remarks.items()):
            say(where, f"  {plain(each.name)}: {plain(reason)}" + (f" ({times:,})" if times > 1 else ""))


def _list(where: Console, what: str, listed: Sequence[Listed]) -> None:
    if listed:
        say(where, f"{len(listed):,} {what}:")
    for each in listed[:LISTED]:
        about = ", ".join(f"{key.project}/{key.tweet_id}/{key.suggestion_type}" for key in each.keys)
        say(
            where,
            f"  https://x.com/i/status/{plain(each.post_id)}: {plain(each.why)}{f' ({plain(about)})' if about else ''}",
        )
    if len(listed) > LISTED:
        say(where, f"  and {len(listed) - LISTED:,} more; --json has them all")


def as_json_of(done: TakenOver) -> dict[str, Any]:
    """The same for a program."""

    def posts(listed: Sequence[Listed]) -> list[dict[str, Any]]:
        return [
            {
                "reply_id": each.post_id,
                "text": each.text,
                "why": each.why,
                "suggestions": [[key.project, key.tweet_id, key.suggestion_type] for key in each.keys],
            }
            for each in listed
        ]

    return {
        "posts": done.posts,
        "posted": len(done.marked),
        "attached": done.attached,
        "told_by": dict(done.told_by),
        "known": done.known,
        "snapshots": done.snapshots,
        "no_suggestion": done.none,
        "forgotten": done.forgotten,
        "conflicts": posts(done.conflicts),
        "unclear": posts(done.unclear),
    }
