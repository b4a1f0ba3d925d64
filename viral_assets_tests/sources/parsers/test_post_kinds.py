"""Columns that say in words what kind of post a row is: a repost is no opportunity, and its counts are not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.sources.parsers.reference_columns import QUOTED, REPLIED_TO, RETWEETED, kind_in
from viral_assets.sources.parsers.remarks import RETWEET_COUNTS
from viral_assets_tests.sources.examples import Object, read
from viral_assets_tests.sources.formats_at_hand import parquet, table
from viral_assets_tests.sources.service_records import ID, OTHER, TIME

ROW: Object = {"id": ID, "text": "hi", "created_at": TIME, "likes": 50, "views": 900}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *((word, RETWEETED) for word in ("Repost", "retweet", "RETWEET", "share", "RT", "Retweeted")),
        *((word, REPLIED_TO) for word in ("reply", "'@Reply", "@Reply", "REPLY", "Replies to", "Comment")),
        *((word, QUOTED) for word in ("quote", "Quote Tweet", "QUOTE", "quote_post", "Retweet with comment")),
        *((word, None) for word in ("original post", "Tweet", "Post", "Photo", "tweet", "", "{}", "x" * 10_000)),
    ],
)
def test_what_tools_call_the_kinds_of_posts(written: str, kind: str | None) -> None:
    assert kind_in(written) == kind


@pytest.mark.parametrize(
    ("column", "repost", "answer", "quote"),
    [
        ("Content Type", "repost", "reply", "quote"),  # Meltwater
        ("Post Type", "Repost", "'@Reply", "Quote"),  # Sprout Social
        ("Engagement Type", "RETWEET", "REPLY", "QUOTE"),  # Brandwatch
        ("Thread Entry Type", "share", "reply", "quote"),
        ("Tweet Type", "Retweet", "Reply", "Quote Tweet"),  # Vicinitas
        ("type", "retweet", "reply", "quote"),
    ],
)
@pytest.mark.parametrize("written_as", [table, parquet])
def test_a_column_of_kinds(
    tmp_path: Path, written_as: object, column: str, repost: str, answer: str, quote: str
) -> None:
    path = tmp_path / "file"
    rows = [{**ROW, "id": str(int(ID) + at), column: kind} for at, kind in enumerate(("Post", repost, answer, quote))]
    path.write_bytes(written_as(*rows))  # type: ignore[operator]
    tweets, rejects, remarks = read(path)
    assert rejects == []
    assert [(each.is_retweet, each.is_reply, each.is_quote) for each in tweets] == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert [each.like_count for each in tweets] == [50, 0, 50, 50]
    assert remarks[RETWEET_COUNTS] == 1


def test_meltwater_calls_the_id_of_an_account_twitter_id(tmp_path: Path) -> None:
    path = tmp_path / "file"
    row = {"Tweet Id": f'"{ID}"', "Twitter Id": '"42"', "Hit Sentence": "hi", "Date": TIME}
    path.write_bytes(table(row, {**row, "Tweet Id": "", "Twitter Id": OTHER}))
    (found,), (reject,), _ = read(path)
    assert (found.tweet_id, found.author_id, reject.reason) == (ID, "42", "no_id")


def test_a_type_alone_makes_no_row_of_an_object(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b'[{"id": "%s", "text": "hi"}, {"type": "user", "screen_name": "tom"}]' % ID.encode())
    tweets, (reject,), _ = read(path)
    assert (len(tweets), reject.reason) == (1, "not_a_tweet")
