"""What services and programs of 2026 export, with their names of columns, by hand and with made-up values."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.content.file_probe import HEAD_BYTES
from viral_assets.sources.parsers.column_evidence import has_escaped_breaks
from viral_assets.sources.parsers.remarks import PROMOTED
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import Object, apify_item, id_at, json_lines, read, reasons, tweet
from viral_assets_tests.sources.formats_at_hand import table
from viral_assets_tests.sources.service_records import (
    ID,
    OTHER,
    TIME,
    bright_data_record,
    minet_row,
    rapid_tweet,
    web_entry,
)

POSTED = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
URL = f"https://x.com/mara_writes/status/{ID}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def tweets_of(path: Path, content: bytes | str) -> list[Tweet]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tweets, rejects, _ = read(path)
    assert not rejects
    return tweets


class TestBrightData:
    QUOTED: ClassVar[Object] = {
        "data_posted": "2026-11-20T09:00:00.000Z",
        "description": "The quoted one, which is longer than the post that quotes it",
        "post_id": OTHER,
        "profile_name": "Tom",
        "url": f"https://x.com/tom/status/{OTHER}",
    }
    ANSWERED: ClassVar[Object] = {"post_id": OTHER, "profile_name": "Tom", "date_posted": "2026-11-20T09:00:00.000Z"}

    @pytest.mark.parametrize("as_csv", [False, True])
    @pytest.mark.parametrize(
        ("changes", "kinds"),
        [
            ({}, (False, False, False)),
            ({"quoted_post": None, "parent_post_details": None}, (False, False, False)),
            ({"quoted_post": QUOTED}, (True, False, False)),
            ({"parent_post_details": ANSWERED}, (False, True, False)),
            ({"parent_post_details": ANSWERED, "is_repost": True}, (False, False, True)),
        ],
    )
    def test_quotes_answers_and_reposts(
        self, path: Path, changes: Object, kinds: tuple[bool, bool, bool], as_csv: bool
    ) -> None:
        record = bright_data_record(**changes)
        cells = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in record.items()}
        (found,) = tweets_of(path, table(cells) if as_csv else json.dumps([record]))
        assert (found.is_quote, found.is_reply, found.is_retweet) == kinds
        assert (found.tweet_id, found.text, found.created_at) == (ID, "hi", POSTED)

    def test_counts(self, path: Path) -> None:
        (found,) = tweets_of(path, json.dumps([bright_data_record()]))
        assert (found.like_count, found.reply_count, found.retweet_count, found.quote_count) == (50, 3, 2, 1)
        assert (found.view_count, found.bookmark_count, found.author_followers) == (900, 4, 1234)


class TestRapidApi:
    def test_the_results_of_twitter154(self, path: Path) -> None:
        user = {"creation_date": "Wed Feb 04 20:33:31 +0000 2009", "user_id": "42", "username": "mara", "name": "Mara"}
        item = {
            "tweet_id": ID,
            "creation_date": "Sat Nov 21 20:05:00 +0000 2026",
            "timestamp": int(POSTED.timestamp()),
            "text": "hi",
            "user": {**user, "follower_count": 1234, "is_verified": False, "is_blue_verified": True},
            "language": "en",
            "favorite_count": 50,
            "retweet_count": 2,
            "reply_count": 3,
            "quote_count": 1,
            "views": 900,
            "retweet": False,
            "in_reply_to_status_id": None,
            "quoted_status_id": None,
            "expanded_url": f"https://twitter.com/mara/status/{ID}",
        }
        (found,) = tweets_of(path, json.dumps({"results": [item], "continuation_token": "x"}))
        assert (found.tweet_id, found.created_at, found.author_handle, found.author_id) == (ID, POSTED, "mara", "42")
        assert (found.author_followers, found.author_verified, found.lang) == (1234, True, "en")
        assert (found.like_count, found.retweet_count, found.reply_count, found.view_count) == (50, 2, 3, 900)
        assert (found.is_retweet, found.is_reply, found.is_quote) == (False, False, False)

    @pytest.mark.parametrize("around", [lambda page: page, lambda page: {"code": 200, "data": page}])
    def test_the_timeline_of_twitter_api45(self, path: Path, around: Any) -> None:
        (found,) = tweets_of(path, json.dumps(around({"timeline": [rapid_tweet()], "next_cursor": "abc"})))
        assert found == Tweet(
            tweet_id=ID,
            created_at=POSTED,
            text="hi",
            author_handle="mara_writes",
            author_name="Mara",
            author_followers=1234,
            author_verified=True,
            lang="en",
            like_count=50,
            reply_count=3,
            retweet_count=2,
            quote_count=1,
            view_count=900,
            bookmark_count=4,
        )

    def test_quotes(self, path: Path) -> None:
        quoted = rapid_tweet(tweet_id=OTHER, text="the quoted one is longer")
        (found,) = tweets_of(path, json.dumps({"timeline": [rapid_tweet(quoted=quoted)]}))
        assert (found.is_quote, found.text) == (True, "hi")

    def test_accounts_among_tweets_are_rejected(self, path: Path) -> None:
        path.write_text(json.dumps({"timeline": [rapid_tweet(), {"type": "user", "screen_name": "tom"}]}))
        tweets, rejects, _ = read(path)
        assert (len(tweets), reasons(rejects)) == (1, ["not_a_tweet"])


class TestPinned:
    @pytest.mark.parametrize("inside", [True, False])
    def test_the_pinned_tweet_of_twitterapi_io_is_read_too(self, path: Path, inside: bool) -> None:
        part = {"pin_tweet": apify_item(7), "tweets": [apify_item(1), apify_item(2)]}
        tweets = tweets_of(path, json.dumps({"status": "success", **({"data": part} if inside else part)}))
        assert sorted(tweet.text[-3:] for tweet in tweets) == ["(1)", "(2)", "(7)"]

    def test_a_page_with_nothing_but_the_pinned_one(self, path: Path) -> None:
        assert len(tweets_of(path, json.dumps({"data": {"pin_tweet": apify_item(7), "tweets": []}}))) == 1

    def test_a_list_of_pinned_ones(self, path: Path) -> None:
        page = {"data": {"timeline": [rapid_tweet()], "pinned": [rapid_tweet(tweet_id=OTHER, created_at="2h")]}}
        assert [tweet.tweet_id for tweet in tweets_of(path, json.dumps(page))] == [ID, OTHER]


class TestPromoted:
    PAID: ClassVar[Object] = {"advertiser_results": {}, "disclosureType": "NoDisclosure", "impressionId": "1"}

    def answer(self, *entries: Object) -> str:
        return json.dumps({"data": {"home": {"home_timeline_urt": {"instructions": [{"entries": list(entries)}]}}}})

    @pytest.mark.parametrize("key", ["promotedMetadata", "promoted_metadata"])
    def test_promoted_posts_are_marked_and_counted(self, path: Path, key: str) -> None:
        path.write_text(
            self.answer(web_entry(1), web_entry(2, **{key: self.PAID}), web_entry(3, promotedMetadata=None))
        )
        tweets, rejects, remarks = read(path)
        assert ([(tweet.text, tweet.is_promoted) for tweet in tweets], rejects) == (
            [("hi (1)", False), ("hi (2)", True), ("hi (3)", False)],
            [],
        )
        assert remarks == {PROMOTED: 1}

    def test_an_answer_with_nothing_else(self, path: Path) -> None:
        (found,) = tweets_of(path, self.answer(web_entry(2, promotedMetadata=self.PAID)))
        assert found.is_promoted

    def test_behind_a_notice_on_who_may_see_it(self, path: Path) -> None:
        entry = web_entry(2, promotedMetadata=self.PAID)
        item = entry["content"]["itemContent"]
        item["tweet_results"]["result"] = {
            "__typename": "TweetWithVisibilityResults",
            "tweet": item["tweet_results"]["result"],
        }
        (found,) = tweets_of(path, self.answer(entry))
        assert found.is_promoted

    @pytest.mark.parametrize(("name", "value"), [("is_promoted", "true"), ("isPromoted", "1"), ("Promoted", "yes")])
    def test_a_column_that_says_so(self, path: Path, name: str, value: str) -> None:
        cells = {"id": ID, "text": "hi", "created_at": TIME}
        (found,) = tweets_of(path, table({**cells, name: value}))
        (other,) = tweets_of(path, table({**cells, name: ""}))
        assert (found.is_promoted, other.is_promoted) == (True, False)

    def test_an_item_that_says_so(self, path: Path) -> None:
        found = tweets_of(path, json.dumps([apify_item(1, isPromoted=True), apify_item(2, isPromoted=False)]))
        assert [each.is_promoted for each in found] == [True, False]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("around", [lambda answer: answer, lambda answer: [answer]])
def test_an_answer_of_the_web_page_larger_than_what_is_looked_at(path: Path, around: Any, indent: int | None) -> None:
    told = {"clientEventInfo": {"details": "x" * 3_000}}
    entries = [web_entry(number) | told for number in range(1, 500)]
    answer = {"data": {"home": {"home_timeline_urt": {"instructions": [{"entries": entries}]}}}}
    content = json.dumps(around(answer), indent=indent)
    assert len(content) > HEAD_BYTES
    assert len(tweets_of(path, content)) == 499


class TestAccounts:
    V2: ClassVar[Object] = {"id": "42", "username": "mara", "name": "Mara", "public_metrics": {"followers_count": 5}}
    OTHER: ClassVar[Object] = {"id": "42", "screen_name": "mara", "followers_count": 3, "created_at": TIME}

    def test_an_account_among_tweets_is_called_so(self, path: Path) -> None:
        path.write_bytes(json_lines({"data": [tweet(1), self.V2]}))
        tweets, (reject,), _ = read(path)
        assert (len(tweets), reject.reason, reject.detail) == (1, "not_a_tweet", "an account, not a tweet")

    def test_a_file_of_accounts_is_refused_as_such(self, path: Path) -> None:
        path.write_text(json.dumps([self.OTHER]))
        with pytest.raises(SourceError, match="accounts and no tweets"):
            read(path)

    def test_a_tweet_with_its_author_beside_it_is_none(self, path: Path) -> None:
        (found,) = tweets_of(path, json.dumps([{**tweet(1), "username": "mara", "followers_count": 3}]))
        assert found.author_followers == 3


class TestExports:
    def test_x_analytics(self, path: Path) -> None:
        rows = {
            "Post id": ID,
            "Date": "Sat, Nov 21, 2026",
            "Post text": "hi",
            "Post Link": URL,
            "Impressions": 900,
            "Likes": 50,
            "Engagements": 70,
            "Bookmarks": 4,
            "Shares": 1,
            "New follows": 0,
            "Replies": 3,
            "Reposts": 2,
            "Profile visits": 5,
            "Detail Expands": 6,
            "URL Clicks": 0,
            "Hashtag Clicks": 0,
            "Permalink Clicks": 0,
        }
        (found,) = tweets_of(path, table(rows))
        assert (found.tweet_id, found.created_at, found.author_handle) == (ID, POSTED, "mara_writes")
        assert (found.view_count, found.like_count, found.bookmark_count) == (900, 50, 4)
        assert (found.reply_count, found.retweet_count, found.author_followers) == (3, 2, None)

    @pytest.mark.parametrize(
        ("changes", "kinds"),
        [
            ({}, (False, False, False)),
            ({"to_tweetid": OTHER, "to_userid": "7", "to_username": "tom"}, (True, False, False)),
            ({"retweeted_id": OTHER, "retweeted_user": "tom"}, (False, True, False)),
            ({"quoted_id": OTHER, "quoted_user": "tom"}, (False, False, True)),
        ],
    )
    def test_minet(self, path: Path, changes: Object, kinds: tuple[bool, bool, bool]) -> None:
        row = minet_row(**changes)
        (found,) = tweets_of(path, table(row))
        assert (found.created_at, found.author_handle, found.author_followers) == (POSTED, "mara_writes", 1234)
        assert found.collected_at == datetime(2026, 11, 21, 20, 45, tzinfo=UTC)
        assert (found.is_reply, found.is_retweet, found.is_quote) == kinds
        assert found.author_verified

    def test_meltwater(self, path: Path) -> None:
        row = {
            "Date": "2026-11-21",
            "Headline": "",
            "URL": f"http://twitter.com/mara_writes/statuses/{ID}",
            "Opening Text": "",
            "Hit Sentence": "hi there",
            "Source": "X",
            "Influencer": "@mara_writes",
            "Country": "",
            "Language": "English",
            "Reach": 1234,
            "Twitter Social Echo": 0,
            "Sentiment": "neutral",
            "Engagement": 55,
            "Views": 900,
        }
        (found,) = tweets_of(path, table(row))
        assert (found.tweet_id, found.text, found.author_handle) == (ID, "hi there", "mara_writes")
        assert (found.created_at, found.view_count, found.author_followers) == (POSTED, 900, None)

    def test_news_among_the_rows_of_a_monitoring_tool_is_rejected(self, path: Path) -> None:
        rows = [
            {"Date": "2026-11-21", "URL": f"http://twitter.com/mara/statuses/{ID}", "Hit Sentence": "hi"},
            {"Date": "2026-11-21", "URL": "https://news.example/article", "Hit Sentence": "a headline"},
        ]
        path.write_bytes(table(*rows))
        tweets, rejects, _ = read(path)
        assert (len(tweets), reasons(rejects)) == (1, ["no_id"])

    def test_talkwalker(self, path: Path) -> None:
        row = {
            "url": f"http://twitter.com/mara_writes/statuses/{ID}",
            "published": "26/11/21 20:05:00",
            "title": "",
            "content": "hi",
            "lang": "en",
            "reach": 1234,
            "engagement": 55,
            "extra_author_attributes.name": "Mara",
            "source_extended_attributes.twitter_followers": 1234,
            "article_extended_attributes.twitter_likes": 50,
            "article_extended_attributes.twitter_retweets": 2,
            "article_extended_attributes.twitter_replies": 3,
        }
        (found,) = tweets_of(path, table(row))
        assert (found.tweet_id, found.created_at, found.author_handle) == (ID, POSTED, "mara_writes")
        assert (found.author_name, found.author_followers) == ("Mara", 1234)
        assert (found.like_count, found.retweet_count, found.reply_count) == (50, 2, 3)


def exported(*texts: str, columns: str = "id,created_at,full_text,screen_name,favorited,bookmarked") -> str:
    stream = io.StringIO()
    stream.write(columns + "\n")
    writer = csv.writer(stream, lineterminator="\n")
    for number, text in enumerate(texts, 1):
        writer.writerow([id_at(TIME, number), "2026-11-21 21:05:00", text, "mara", "false", "false"])
    return stream.getvalue()


class TestEscapedLineBreaks:
    def test_the_web_exporter_writes_them_so(self, path: Path) -> None:
        found = tweets_of(path, exported(r"one\ntwo", r"one\r\ntwo", "one"))
        assert [tweet.text for tweet in found] == ["one\ntwo", "one\ntwo", "one"]

    def test_of_other_exports_many_texts_tell(self, path: Path) -> None:
        texts = [r"one\ntwo" if number % 5 == 0 else "one" for number in range(20)]
        columns = "id,created_at,text,screen_name,a,b"
        assert [tweet.text for tweet in tweets_of(path, exported(*texts, columns=columns))][:2] == ["one\ntwo", "one"]

    @pytest.mark.parametrize(
        ("texts", "escaped"),
        [
            ([r"print('\n')", "one"], False),
            ([r"print('\n')", "one\ntwo"] * 20, False),
            ([r"one\ntwo", "one"] * 10, True),
            (["one"] * 40, False),
            ([], False),
        ],
    )
    def test_a_text_that_speaks_of_them_keeps_them(self, texts: list[str], escaped: bool) -> None:
        assert has_escaped_breaks(texts) is escaped
