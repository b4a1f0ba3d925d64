"""Names that services have given their columns and keys lately, and places where people's files have what is needed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from viral_assets.errors import SourceError
from viral_assets_tests.sources.examples import (
    Object,
    apify_item,
    id_at,
    json_lines,
    read,
    reasons,
    status,
    tweet,
    written,
)
from viral_assets_tests.sources.formats_at_hand import parquet, sheet, table, workbook
from viral_assets_tests.sources.service_records import ID, OTHER, TIME, web_entry

POSTED = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
URL = f"https://x.com/mara_writes/status/{ID}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


class TestBrandwatch:
    """Since 2024 its columns are about ``X``, not ``Twitter``."""

    ROW: ClassVar[Object] = {
        "Query Name": "reading",
        "Page Type": "twitter",
        "Date": "2026-11-21 20:05:00.0",
        "Url": f"http://twitter.com/mara_writes/statuses/{ID}",
        "Author": "mara_writes",
        "Full Text": "hi",
        "Impressions": 1234,
        "X Author ID": "42",
        "X Followers": 1234,
        "X Likes": 50,
        "X Replies": 3,
        "X Reposts": 2,
        "X Verified": "true",
        "X Reply to": "",
        "X Repost of": "",
    }

    @pytest.mark.parametrize("about", ["X", "Twitter"])
    def test_counts_and_author(self, path: Path, about: str) -> None:
        row = {name.replace("X ", f"{about} "): value for name, value in self.ROW.items()}
        ((found,), _, _) = read(written(path, b"Report:,Mentions\n\n" + table(row)))
        assert (found.author_followers, found.like_count, found.reply_count) == (1234, 50, 3)
        assert (found.retweet_count, found.author_verified, found.author_id) == (2, True, "42")
        assert found.view_count is None, "its impressions are an estimate by followers"

    @pytest.mark.parametrize(("column", "kind"), [("X Reply to", "is_reply"), ("X Repost of", "is_retweet")])
    def test_what_it_refers_to(self, path: Path, column: str, kind: str) -> None:
        row = {**self.ROW, column: f"http://twitter.com/tom/statuses/{OTHER}"}
        ((found,), _, _) = read(written(path, table(row)))
        assert (found.tweet_id, getattr(found, kind)) == (ID, True)


def test_sprout(path: Path) -> None:
    row = {
        "Date": "11/21/2026 8:05 pm",
        "Post ID": ID,
        "Network": "X",
        "Post Type": "Post",
        "Profile": "@mara_writes",
        "Link": URL,
        "Post": "hi",
        "Impressions": 900,
        "Reach": "N/A",
        "Likes": 50,
        "@Replies": 3,
        "Reposts": 2,
    }
    other = {**row, "Network": "Facebook", "Post ID": "1_2", "Link": "https://www.facebook.com/a/posts/1"}
    (found,), rejects, _ = read(written(path, table(row, other)))
    assert (found.tweet_id, found.text, found.author_handle, found.created_at) == (ID, "hi", "mara_writes", POSTED)
    assert (found.view_count, found.like_count, found.reply_count, found.retweet_count) == (900, 50, 3, 2)
    assert reasons(rejects) == ["not_of_x"]


@pytest.mark.parametrize(
    "when", [{"Date": "21-Nov-2026 08:05PM"}, {"Date": "21-Nov-2026", "Time": "08:05 PM"}, {"Date": "21-Nov-2026"}]
)
def test_dates_of_meltwater(path: Path, when: Object) -> None:
    row = {**when, "URL": URL, "Hit Sentence": "hi"}
    ((found,), _, remarks) = read(written(path, table(row)))
    assert found.created_at == POSTED
    assert "written time that differs from the tweet's id, which was taken" not in remarks


@pytest.mark.parametrize(
    "around",
    [
        lambda timeline: {"cursor": {"bottom": "abc"}, "result": {"timeline": timeline}},
        lambda timeline: {"timeline": timeline},
        lambda timeline: {"url": "https://x.com/i/api", "response": {"data": {"search": timeline}}},
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_the_page_s_answer_under_any_key(path: Path, around: Any, listed: bool) -> None:
    """RapidAPI's twitter241 has it under ``result``, what records a browser's requests under ``response``."""
    answer = around({"instructions": [{"entries": [web_entry(1), web_entry(2)]}]})
    tweets, rejects, _ = read(written(path, [answer] if listed else answer))
    assert ([tweet.text for tweet in tweets], rejects) == (["hi (1)", "hi (2)"], [])


@pytest.mark.parametrize("key", ["replies", "mentions", "quotes", "list_of_something_new"])
def test_the_only_list_of_tweets_under_any_key(path: Path, key: str) -> None:
    answer = {"status": "success", key: [apify_item(1), apify_item(2)], "has_next_page": False, "users": [{"id": "1"}]}
    tweets, rejects, _ = read(written(path, answer))
    assert (len(tweets), rejects) == (2, [])


def test_an_answer_that_has_found_nothing_is_a_remark(tmp_path: Path) -> None:
    path = tmp_path / "file"
    answers: tuple[Object, ...] = ({"tweets": [], "has_next_page": False}, {"data": {"tweets": []}})
    for answer in answers:
        path.write_text(json.dumps(answer))
        assert read(path) == ([], [], {"page without tweets": 1})


@pytest.mark.parametrize(
    ("names", "followers"),
    [
        (("Message", "SenderScreenName", "Sender Followers Count", "CreatedTime", "Permalink"), 3210),  # Sprinklr
        (("Post Text", "Author Handle", "Author Followers", "Posted At (UTC)", "Post URL"), 3210),  # Cision
    ],
)
def test_columns_of_other_monitoring_tools(tmp_path: Path, names: tuple[str, ...], followers: int) -> None:
    path = tmp_path / "file"
    cells = ("hi", "mara", followers, TIME, f"https://x.com/mara/status/{ID}")
    path.write_bytes(table(dict(zip(names, cells, strict=True))))
    ((found,), rejects, remarks) = read(path)
    assert (found.text, found.author_handle, found.author_followers, found.tweet_id) == ("hi", "mara", 3210, ID)
    assert (rejects, remarks) == ([], {})


class TestAddressesAnywhere:
    def test_it_tells_the_handle_where_the_id_stands_elsewhere(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        row = {"id": ID, "text": "hi", "created_at": TIME, "source_ref": f"https://x.com/mara_writes/status/{ID}"}
        path.write_bytes(table(row))
        ((found,), _, _) = read(path)
        assert (found.tweet_id, found.author_handle) == (ID, "mara_writes")

    ROW: ClassVar[Object] = {"text": "hi", "created_at": TIME, "Seite": URL}

    @pytest.mark.parametrize("wrong", ["123", OTHER])
    @pytest.mark.parametrize("as_json", [False, True])
    def test_one_that_the_time_confirms_outranks_an_id_that_it_does_not(
        self, path: Path, wrong: str, as_json: bool
    ) -> None:
        row = {"id": wrong, **self.ROW}
        ((found,), _, remarks) = read(written(path, [row] if as_json else table(row)))
        assert (found.tweet_id, found.author_handle) == (ID, "mara_writes")
        assert remarks["id that differs from the tweet's address, whose id was taken"] == 1

    @pytest.mark.parametrize("digits", [30, 5_000])
    def test_an_id_of_too_many_digits_is_none(self, path: Path, digits: int) -> None:
        row = {"id": "9" * digits, "text": "hi", "created_at": TIME, "Seite": URL, "url": URL}
        assert read(written(path, table(row)))[0][0].tweet_id == ID
        _, rejects, _ = read(written(path, table({**row, "Seite": "", "url": ""})))
        assert reasons(rejects) == ["bad_id"]

    def test_a_confirmed_id_is_left_alone(self, path: Path) -> None:
        row = {"id": ID, **self.ROW, "Seite": f"https://x.com/tom/status/{id_at(TIME, 9)}"}
        ((found,), _, _) = read(written(path, table(row)))
        assert found.tweet_id == ID

    @pytest.mark.parametrize(
        "write", [table, parquet, lambda *rows: workbook({"Posts": sheet(*rows)})], ids=["CSV", "Parquet", "Excel"]
    )
    def test_a_column_of_them_is_told_by_what_is_in_it(self, path: Path, write: Any) -> None:
        ((found,), _, _) = read(written(path, write(self.ROW)))
        assert (found.tweet_id, found.author_handle) == (ID, "mara_writes")

    @pytest.mark.parametrize("name", ["quoted", "in reply to", "Original"])
    def test_not_one_of_other_tweets(self, path: Path, name: str) -> None:
        with pytest.raises(SourceError, match="no column for the tweet's id"):
            read(written(path, table({"text": "hi", "created_at": TIME, name: URL})))

    @pytest.mark.parametrize("make", [tweet, status, apify_item])
    def test_rounded_ids_of_any_json_are_repaired_by_one(self, path: Path, make: Any) -> None:
        rounded = int(ID) // 10_000 * 10_000
        key = {"id_str": ...} if make is status else {}
        record = make(1, id=rounded, url=URL, **key)
        ((found,), _, _) = read(written(path, [record]))
        assert found.tweet_id == ID


@pytest.mark.parametrize(
    "beside",
    [
        {"author_username": "mara", "author_name": "Mara", "author_followers_count": 12, "author_verified": True},
        {"user": {"screen_name": "mara", "name": "Mara", "followers_count": 12, "is_blue_verified": True}},
        {"author": {"userName": "mara", "name": "Mara", "followersCount": 12, "isBlueVerified": True}},
        {"author": {"username": "mara", "name": "Mara", "followers": 12, "verified": False, "verified_type": "blue"}},
    ],
)
def test_authors_beside_the_metrics_under_any_name(path: Path, beside: Object) -> None:
    ((found,), _, _) = read(written(path, [tweet(1, **beside)]))
    assert (found.author_handle, found.author_name, found.author_followers) == ("mara", "Mara", 12)
    assert found.author_verified


def test_a_displayed_name_beside_the_handle_of_the_same_user(path: Path) -> None:
    row = {
        "id": ID,
        "text": "hi",
        "created_at": TIME,
        "user": {"name": "Mara", "username": "mara", "blue_verified": True},
    }
    ((found,), _, _) = read(written(path, [row]))
    assert (found.author_handle, found.author_name, found.author_verified) == ("mara", "Mara", True)


@pytest.mark.parametrize(
    "item",
    [
        {"error": "Nothing found", "url": "https://x.com/s"},
        {"errorCode": "x", "errorMessage": "no"},
        {"input": {"url": URL}, "warning": "gone", "warning_code": "dead_page", "timestamp": TIME},
    ],
)
def test_a_file_of_nothing_but_errors_has_remarks(path: Path, item: Object) -> None:
    for content in ([item, item], json_lines(item, item)):
        assert read(written(path, content)) == ([], [], {"an error in place of a tweet": 2})


def test_a_list_of_followers_of_the_web_page_is_called_so(path: Path) -> None:
    account = {"__typename": "User", "rest_id": "42", "legacy": {"screen_name": "mara", "followers_count": 5}}
    entry = {"content": {"itemContent": {"user_results": {"result": account}}}}
    answer = {"data": {"user": {"result": {"timeline": {"instructions": [{"entries": [entry]}]}}}}}
    with pytest.raises(SourceError, match="accounts and no tweets"):
        read(written(path, answer))
    tweets, (reject,), _ = read(written(path, json_lines(answer, tweet(1))))
    assert (len(tweets), reject.reason) == (1, "not_a_tweet")
    assert "accounts, not tweets" in reject.detail


def test_columns_that_say_that_they_are_about_the_post(path: Path) -> None:
    row = {"Post Id": ID, "Tweet Author": "mara_writes", "Post Text": "hi", "UTC_Time": TIME, "Tweet Views": "1.2K"}
    ((found,), _, _) = read(written(path, table({**row, "post_likes": 50, "Tweet Link Clicks": 7, "posts": 9})))
    assert (found.tweet_id, found.author_handle, found.like_count, found.view_count) == (ID, "mara_writes", 50, 1_200)
    assert found.created_at == POSTED


def test_columns_that_say_more_about_themselves_in_brackets(path: Path) -> None:
    row = {"Tweet ID (string)": ID, "Text": "hi", "Created at (UTC)": TIME, "Views [est.]": 9, "Likes (total)": 50}
    ((found,), _, _) = read(written(path, table(row)))
    assert (found.tweet_id, found.created_at, found.like_count, found.view_count) == (ID, POSTED, 50, 9)


@pytest.mark.parametrize("unknown", ["\u2014", "--", "?", "Unknown", "#N/A", "n.a.", "hidden", "-1", "\\N", "N/A"])
@pytest.mark.parametrize("written_as", [table, json_lines])
def test_what_people_write_for_a_count_that_nobody_knows(path: Path, unknown: str, written_as: Any) -> None:
    row = {"id": ID, "text": "hi", "created_at": TIME, "followers": unknown, "likes": 50, "views": unknown}
    tweets, rejects, _ = read(written(path, written_as(row, {**row, "text": unknown})))
    assert rejects == []
    assert [(each.author_followers, each.like_count, each.view_count) for each in tweets] == [(None, 50, None)] * 2
    assert [each.text for each in tweets] == ["hi", unknown]


def test_a_table_of_accounts_is_called_so(path: Path) -> None:
    account = {"id": "42", "username": "mara", "followers_count": 5, "description": "d", "created_at": TIME}
    with pytest.raises(SourceError, match="accounts and no tweets"):
        read(written(path, table(account)))
