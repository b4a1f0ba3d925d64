"""Files with the team's posts: X's own, those of its API, and tables kept by hand."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from viral_assets.errors import SourceError
from viral_assets.posted.own_post import OwnPost
from viral_assets.posted.reading import SHEET, PostsOfFile, read_posts
from viral_assets.sources.base import ReadOptions
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.posted.examples import CHARGER, NOW, POSTED_AT, REPLY, TWEET, id_at

SAVED = NOW - timedelta(hours=2)

ANALYTICS = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
    "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks"
)


def read(path: Path, content: str, **how: Any) -> PostsOfFile:
    path.write_text(content, encoding="utf-8")
    os.utime(path, (SAVED.timestamp(), SAVED.timestamp()))
    return read_posts(path, ReadOptions(NOW), **how)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def only(found: PostsOfFile) -> OwnPost:
    (post,) = found.posts
    return post


def api_post(identity: str = REPLY, author: str = "7", answers: str | None = TWEET, **changes: Any) -> dict[str, Any]:
    metrics = {"like_count": 12, "reply_count": 2, "retweet_count": 1, "quote_count": 0, "impression_count": 900}
    refers = {"referenced_tweets": [{"type": "replied_to", "id": answers}]} if answers else {}
    at = POSTED_AT.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    plain = {"id": identity, "text": f"@mara_writes {CHARGER}", "created_at": at, "author_id": author}
    return {**plain, "public_metrics": metrics, **refers, **changes}


USERS = {"users": [{"id": "7", "username": "Us"}, {"id": "501", "username": "mara_writes"}]}


def test_x_analytics_has_what_was_said_and_brought_and_not_what_it_answers(path: Path) -> None:
    row = f'{REPLY},"Sat, Nov 21, 2026","{CHARGER}",https://x.com/us/status/{REPLY},900,12,30,4,1,0,2,1,5,6,0,0,0'
    found = only(read(path, f"{ANALYTICS}\n{row}\n"))
    assert (found.post_id, found.text, found.answers) == (REPLY, CHARGER, None)
    assert abs(found.posted_at - POSTED_AT) < timedelta(seconds=1)
    (seen,) = found.seen
    counts = {"view_count": 900, "like_count": 12, "reply_count": 2, "retweet_count": 1, "bookmark_count": 4}
    assert seen.counts == {**counts, "quote_count": None}
    assert seen.at == SAVED
    assert seen.author_answered is None


def test_the_api_says_what_a_post_answers_and_who_answered_it(path: Path) -> None:
    theirs = api_post(id_at(POSTED_AT + timedelta(hours=1)), "501", REPLY, text="@Us good one")
    page = {"data": [api_post(), theirs], "includes": USERS}
    found = read(path, json.dumps(page), account="us")
    assert (only(found).answers, found.others) == (TWEET, 1)
    (answer,) = found.answers
    assert (answer.to, answer.handle, answer.author_id) == (REPLY, "mara_writes", "501")


def test_posts_of_several_accounts_need_a_word_whose_are_ours(path: Path) -> None:
    page = {"data": [api_post(), api_post(id_at(POSTED_AT, 5), "501")], "includes": USERS}
    with pytest.raises(SourceError, match=r"there are posts of @us, @mara_writes; say with --account"):
        read(path, json.dumps(page))


def test_an_address_without_an_account_is_anybodys(path: Path) -> None:
    rows = [f'{each},"Sat, Nov 21, 2026",hi there,https://x.com/i/status/{each}{",1" * 13}' for each in (REPLY,)]
    assert only(read(path, "\n".join([ANALYTICS, *rows]), account="us")).post_id == REPLY


def test_reposts_are_left_out(path: Path) -> None:
    assert read(path, json.dumps([api_post(text="RT @mara_writes: hi")])).posts == []


@pytest.mark.parametrize(
    ("reply", "tweet"),
    [
        (("reply_url", f"https://x.com/us/status/{REPLY}?s=20"), ("tweet_url", f"https://x.com/mara/status/{TWEET}")),
        (("Reply ID", f"'{REPLY}"), ("Tweet ID", f'"=""{TWEET}"""')),
        (("reply_id", TWEET), ("tweet_id", REPLY)),
        (("posted_url", f"x.com/us/status/{REPLY}"), ("tweet", f"https://twitter.com/mara/status/{TWEET}")),
    ],
    ids=["addresses", "guarded ids", "the wrong way round", "other names"],
)
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_kept_by_hand_has_the_reply_beside_its_tweet(
    path: Path, reply: tuple[str, str], tweet: tuple[str, str], mark: str
) -> None:
    lines = [mark.join((tweet[0], "Views", reply[0])), mark.join((tweet[1], '"1,200"', reply[1]))]
    found = read(path, "\r\n".join(lines))
    post = only(found)
    assert found.format == SHEET
    assert (post.post_id, post.answers, post.text) == (REPLY, TWEET, "")
    assert abs(post.posted_at - POSTED_AT) < timedelta(seconds=1)
    (seen,) = post.seen
    assert (seen.counts, seen.at) == ({"view_count": 1200}, SAVED)


def test_a_file_of_decisions_with_one_more_column_names_the_suggestion(path: Path) -> None:
    lines = [
        "decision,text,label,id,reply_url,reply_likes,author_answered",
        f'post,"{CHARGER}",green,unplugged/{TWEET}/add_value@3-0123456789ab,https://x.com/us/status/{REPLY},7,yes',
        f"reject,x,green,unplugged/{TWEET}/other@3-0123456789ab,,,",
    ]
    found = read(path, "\n".join(lines))
    post = only(found)
    assert found.without_reply == 1
    assert (post.named, post.answers) == (SuggestionKey("unplugged", TWEET, "add_value"), TWEET)
    assert (post.seen[0].counts, post.seen[0].author_answered) == ({"like_count": 7}, True)


def test_in_an_export_the_counts_are_the_tweets(path: Path) -> None:
    lines = [
        "tweet_id,views,label,suggested_response,reply_url",
        f"{TWEET},182440,green,x,https://x.com/u/status/{REPLY}",
    ]
    assert only(read(path, "\n".join(lines))).seen == ()


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"1.99E+18,{TWEET},5", "rounded"),
        (f"https://x.com/us/status/1.99E+18,{TWEET},5", "rounded"),
        (f"{REPLY},{REPLY},5", "cannot be the reply and the tweet"),
        (f"{id_at(NOW + timedelta(days=2))},{TWEET},5", "no id of a post so far"),
        (f"{REPLY},{TWEET},many", "view_count"),
        (f'"{REPLY},{TWEET},5', "never closed"),
        (f"{REPLY},{TWEET},1,200", "4 cells where the header has 3"),
    ],
)
def test_a_row_that_cannot_be_used_costs_itself_alone(path: Path, row: str, why: str) -> None:
    good = id_at(POSTED_AT, 7)
    found = read(path, f"reply_id,tweet_id,views\n{row}\n{good},{TWEET},5\n")
    assert [each.post_id for each in found.posts] == [good]
    (bad,) = found.rejects
    assert bad.locator == "line 2"
    assert why in bad.detail


def test_a_table_of_posts_that_says_what_each_answers_is_none_of_these(path: Path) -> None:
    at = POSTED_AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    found = read(path, f"id,text,created_at,likes,in_reply_to_id\n{REPLY},hi there,{at},5,{TWEET}\n")
    assert found.format != SHEET
    assert only(found).answers == TWEET
    found = read(path, f"id,text,created_at,likes,reply_id\n{REPLY},hi there,{at},5,{TWEET}\n")
    assert only(found).answers == TWEET


def test_counts_are_of_when_the_file_was_written_unless_somebody_knows_better(path: Path) -> None:
    line = f"reply_id,tweet_id,views\n{REPLY},{TWEET},5\n"
    known = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert only(read(path, line, collected_at=known)).seen[0].at == known
    dated = f"reply_id,tweet_id,views,collected_at\n{REPLY},{TWEET},5,2026-11-23T10:00:00Z\n"
    assert only(read(path, dated)).seen[0].at == datetime(2026, 11, 23, 10, tzinfo=UTC)
    early = only(read(path, line, collected_at=POSTED_AT - timedelta(days=1)))
    assert early.seen[0].at == early.posted_at, "nothing is seen before it was posted"
