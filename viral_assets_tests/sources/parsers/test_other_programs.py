"""Files as other programs write them: scrapers, archives, data frames, databases, statistics."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW, json_lines, read, reasons, status

POSTED = datetime(2026, 11, 21, 20, 5, tzinfo=UTC)
ID = str(int((POSTED - datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)) / timedelta(milliseconds=1)) << 22)
"""An id that tells this time."""
URL = f"https://x.com/mara/status/{ID}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anything.bin"


def one(path: Path, content: str | bytes) -> Tweet:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (found,), rejects, _ = read(path)
    assert not rejects
    return found


def table(**cells: object) -> str:
    buffer = io.StringIO()
    pd.DataFrame([cells]).to_csv(buffer, index=False)
    return buffer.getvalue()


def web_result(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A tweet as X's web page loads it."""
    user = {
        "__typename": "User",
        "rest_id": "42",
        "is_blue_verified": True,
        "legacy": {"screen_name": "mara", "name": "Mara", "followers_count": 1234},
    }
    counts = {"favorite_count": 50, "retweet_count": 2, "reply_count": 3, "quote_count": 1, "bookmark_count": 4}
    legacy = {
        "id_str": str(int(ID) + number),
        "created_at": "Sat Nov 21 20:05:00 +0000 2026",
        "full_text": f"How much screen time is too much? ({number})",
        "lang": "en",
        **counts,
        **changes,
    }
    return {
        "__typename": "Tweet",
        "rest_id": legacy["id_str"],
        "core": {"user_results": {"result": user}},
        "views": {"count": "900"},
        "legacy": legacy,
    }


class TestWebPage:
    def test_every_field(self, path: Path) -> None:
        found = one(path, json.dumps([web_result()]))
        assert found == Tweet(
            tweet_id=str(int(ID) + 1),
            created_at=POSTED,
            text="How much screen time is too much? (1)",
            author_handle="mara",
            author_id="42",
            author_name="Mara",
            author_followers=1234,
            author_verified=True,
            lang="en",
            like_count=50,
            retweet_count=2,
            reply_count=3,
            quote_count=1,
            bookmark_count=4,
            view_count=900,
        )

    def test_a_whole_answer_with_its_cursors(self, path: Path) -> None:
        behind_a_notice = {"__typename": "TweetWithVisibilityResults", "tweet": web_result(2)}
        entries: list[Any] = [
            {"content": {"itemContent": {"tweet_results": {"result": result}}}}
            for result in (web_result(1), behind_a_notice)
        ]
        entries.append({"content": {"cursorType": "Bottom", "value": "abc"}})
        answer = {"data": {"search_by_raw_query": {"timeline": {"instructions": [{"entries": entries}]}}}}
        path.write_bytes(json_lines(answer, answer))
        tweets, rejects, _ = read(path)
        assert ([each.text[-3:] for each in tweets], rejects) == (["(1)", "(2)"] * 2, [])
        assert detect_format(probe_file(path), ReadOptions(NOW)).format == "X web page (GraphQL), JSON lines"

    def test_the_text_of_a_long_post_is_in_its_note(self, path: Path) -> None:
        note = {"note_tweet_results": {"result": {"text": "All of it. " * 50}}}
        assert one(path, json.dumps([web_result() | {"note_tweet": note}])).text == "All of it. " * 50

    def test_newer_answers_keep_names_elsewhere(self, path: Path) -> None:
        user = {"rest_id": "42", "core": {"screen_name": "mara", "name": "Mara"}, "legacy": {"followers_count": 5}}
        found = one(path, json.dumps([web_result() | {"core": {"user_results": {"result": user}}}]))
        assert (found.author_handle, found.author_followers, found.author_verified) == ("mara", 5, False)

    def test_a_retweet_has_the_text_of_the_original_and_not_its_counts(self, path: Path) -> None:
        original = web_result(7, full_text="The original in full")
        found = one(
            path, json.dumps([web_result(full_text="RT @mara: The…", retweeted_status_result={"result": original})])
        )
        assert (found.tweet_id[-1], found.text) == (str(int(ID) + 1)[-1], "RT @mara: The original in full")
        assert (found.is_retweet, found.like_count) == (True, 0)

    def test_quoted_originals_are_not_taken(self, path: Path) -> None:
        found = one(
            path, json.dumps([web_result(is_quote_status=True) | {"quoted_status_result": {"result": web_result(9)}}])
        )
        assert found.is_quote

    def test_what_the_page_has_not_shown_is_told(self, path: Path) -> None:
        path.write_bytes(json_lines({"tweet_results": {}}, web_result()))
        tweets, rejects, remarks = read(path)
        assert (len(tweets), rejects, remarks) == (1, [], {"tweet that the page has not shown": 1})

    def test_retweets_nested_without_end_do_no_harm(self, path: Path) -> None:
        result = web_result()
        for number in range(200):
            result = web_result(number, retweeted_status_result={"result": result})
        assert one(path, json.dumps([result])).tweet_id


class TestScrapers:
    def test_snscrape_and_its_successors(self, path: Path) -> None:
        item = {
            "_type": "snscrape.modules.twitter.Tweet",
            "url": URL,
            "id": int(ID),
            "id_str": ID,
            "date": "2026-11-21 20:05:00+00:00",
            "rawContent": "a &amp; b",
            "user": {"id": 42, "username": "mara", "displayname": "Mara", "followersCount": 5, "favouritesCount": 777},
            "likeCount": 50,
            "retweetCount": 2,
            "replyCount": 3,
            "quoteCount": 1,
            "viewCount": 900,
            "bookmarkedCount": 4,
            "inReplyToTweetId": None,
            "retweetedTweet": None,
            "lang": "en",
        }
        found = one(path, json_lines(item))
        assert (found.tweet_id, found.created_at, found.text, found.author_handle) == (ID, POSTED, "a & b", "mara")
        assert (found.like_count, found.view_count, found.bookmark_count, found.author_followers) == (50, 900, 4, 5)
        assert (found.is_reply, found.is_retweet, found.is_quote) == (False, False, False)

    def test_twint(self, path: Path) -> None:
        content = table(
            id=ID,
            created_at="2026-11-21 21:05:00 CET",
            date="2026-11-21",
            time="21:05:00",
            timezone="+0100",
            username="mara",
            name="Mara",
            tweet="hi",
            replies_count=3,
            retweets_count=2,
            likes_count=50,
            link=URL,
            reply_to="[]",
            retweet_id="",
            language="en",
        )
        found = one(path, content)
        assert (found.created_at, found.is_reply, found.like_count) == (POSTED, False, 50)

    def test_nitter(self, path: Path) -> None:
        item = {
            "link": f"https://nitter.net/mara/status/{ID}#m",
            "text": "hi",
            "user": {"name": "Somebody", "username": "@mara"},
            "date": "Nov 21, 2026 · 8:05 PM UTC",
            "stats": {"comments": 3, "retweets": 2, "quotes": 1, "likes": 50},
        }
        found = one(path, json.dumps({"tweets": [item], "threads": []}))
        assert (found.tweet_id, found.author_handle, found.like_count, found.reply_count) == (ID, "mara", 50, 3)

    def test_a_screen_name_is_the_handle_also_where_a_user_name_is_displayed(self, path: Path) -> None:
        content = table(id=ID, created_at="2026-11-21T20:05Z", text="hi", user_name="Mara", user_screen_name="mara_w")
        assert one(path, content).author_handle == "mara_w"

    def test_a_description_is_the_text_only_where_the_rest_says_so(self, path: Path) -> None:
        item = {"id": ID, "user_posted": "mara", "description": "the text", "date_posted": "2026-11-21T20:05:00.000Z"}
        assert one(path, json.dumps([item])).text == "the text"
        path.write_text(json.dumps([{"id": ID, "description": "me", "created_at": "2026-11-21T20:05:00.000Z"}]))
        with pytest.raises(SourceError, match="no objects with an id, a text and a time"):
            read(path)


class TestArchives:
    def test_activity_streams(self, path: Path) -> None:
        actor = {"preferredUsername": "mara", "displayName": "Mara", "id": "id:twitter.com:42", "followersCount": 5}
        activity = {
            "id": f"tag:search.twitter.com,2005:{ID}",
            "objectType": "activity",
            "verb": "post",
            "actor": actor,
            "postedTime": "2026-11-21T20:05:00.000Z",
            "body": "hi",
            "link": URL,
            "retweetCount": 2,
            "favoritesCount": 50,
            "twitter_lang": "en",
            "object": {"id": "object:search.twitter.com,2005:1"},
        }
        path.write_bytes(json_lines(activity, activity | {"verb": "share"}, {"info": {"activity_count": 2}}))
        (post, share), rejects, remarks = read(path)
        assert (post.tweet_id, post.author_handle, post.author_followers, post.like_count) == (ID, "mara", 5, 50)
        assert (post.is_retweet, share.is_retweet, share.like_count) == (False, True, 0)
        assert (rejects, remarks["notice of a stream"]) == ([], 1)

    def test_an_old_archive_of_ones_own(self, path: Path) -> None:
        found = one(path, f"Grailbird.data.tweets_2026_11 = \n [ {json.dumps(status(1), indent=1)} ]")
        assert found.like_count == 50

    def test_a_zip_archive_with_one_file(self, path: Path) -> None:
        zipped(path, {"export/tweets.jsonl": json_lines(status(1)), "readme.txt": b"hello", "__MACOSX/._x": b"\0"})
        assert detect_format(probe_file(path), ReadOptions(NOW)).format == "X API v1.1, JSON lines (zip)"
        assert [each.tweet_id[-1] for each in read(path)[0]] == ["1"]

    def test_it_is_the_same_content_as_unpacked(self, path: Path, tmp_path: Path) -> None:
        zipped(path, {"tweets.jsonl": json_lines(status(1))})
        (tmp_path / "plain").write_bytes(json_lines(status(1)))
        assert probe_file(path).sha256 == probe_file(tmp_path / "plain").sha256

    def test_a_damaged_one_is_read_as_far_as_it_goes_and_says_so(self, path: Path) -> None:
        content = json_lines(*[status(number) for number in range(2000)])
        zipped(path, {"tweets.jsonl": content}, zipfile.ZIP_STORED)
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)
        tweets, rejects, _ = read(path)
        assert len(tweets) > 1000
        assert "bad_archive" in reasons(rejects)

    @pytest.mark.parametrize(
        ("files", "problem"),
        [
            (
                {"data/tweets.js": b"1", "data/like.js": b"2"},
                "a zip archive of 2 files .'data/tweets.js', 'data/like.js'.",
            ),
            ({}, "neither|Excel|empty"),
        ],
    )
    def test_other_zip_archives_are_refused_with_what_to_do(
        self, path: Path, files: dict[str, bytes], problem: str
    ) -> None:
        zipped(path, files)
        with pytest.raises(SourceError, match=problem):
            probe_file(path)


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


class TestDataFrames:
    FRAME = pd.DataFrame(
        [
            {"id": str(int(ID) + number), "text": f"hi {number}", "created_at": "2026-11-21T20:05:00Z"}
            for number in (1, 2)
        ]
    )

    @pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table"])
    def test_as_json_in_every_orientation(self, path: Path, orient: Any) -> None:
        self.FRAME.to_json(path, orient=orient)
        tweets, rejects, _ = read(path)
        assert ([each.text for each in tweets], rejects) == (["hi 1", "hi 2"], [])

    def test_a_map_by_id(self, path: Path) -> None:
        path.write_text(json.dumps({str(number): status(number) for number in (1, 2)}))
        assert len(read(path)[0]) == 2

    def test_documents_of_databases(self, path: Path) -> None:
        mongo = {"_id": {"$oid": "5f"}, **status(1), "id": {"$numberLong": ID}, "favorite_count": {"$numberInt": "50"}}
        path.write_bytes(json_lines(mongo, {"_index": "t", "_id": "2", "_source": status(2)}))
        tweets, rejects, _ = read(path)
        assert ([each.like_count for each in tweets], rejects) == ([50, 50], [])

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    def test_as_spreadsheets_save_unicode_text(self, path: Path, encoding: str) -> None:
        text = f"id\ttext\tcreated_at\n{ID}\tNaïve 🙂\t2026-11-21T20:05:00Z\n"
        assert one(path, text.encode(encoding)).text == "Naïve 🙂"

    @pytest.mark.parametrize("written", [f"x{ID}", f'"""{ID}"""', f"'{ID}"])
    def test_ids_that_are_kept_from_being_rounded(self, path: Path, written: str) -> None:
        assert one(path, f"status_id,text,created_at\n{written},hi,2026-11-21T20:05:00Z\n").tweet_id == ID


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            *(
                "11/21/2026 20:05",
                "21/11/2026 20:05",
                "11/21/2026 8:05 PM",
                "21.11.2026 20:05",
                "11/21/2026, 8:05:00 PM",
            ),
            *("Sat Nov 21 12:05:00 PST 2026", "2026-11-21 21:05:00 CET"),
        ],
    )
    def test_the_id_tells_whether_the_day_comes_first(self, path: Path, written: str) -> None:
        assert one(path, table(id=ID, text="hi", created_at=written)).created_at == POSTED

    @pytest.mark.parametrize("written", ["2026-11-21", "11/21/2026", "Sat, Nov 21, 2026", "Nov 21, 2026"])
    def test_the_id_tells_the_time_of_day_where_there_is_but_a_date(self, path: Path, written: str) -> None:
        path.write_text(table(id=ID, text="hi", created_at=written))
        (found,), rejects, remarks = read(path)
        assert (found.created_at, rejects) == (POSTED, [])
        assert remarks == {"date in doubt, or without a time of day, which the tweet's id told": 1}

    @pytest.mark.parametrize(
        ("identity", "written"),
        [(ID, "2026-11-25"), (ID, "03/04/2026 20:05"), ("20", "2026-11-21"), ("20", "03/04/2026 20:05")],
    )
    def test_what_the_id_does_not_confirm_is_rejected(self, path: Path, identity: str, written: str) -> None:
        path.write_text(table(id=identity, text="hi", created_at=written))
        assert reasons(read(path)[1]) == ["not_of_x" if identity == ID else "bad_time"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            json.dumps([{"id": "1", "content": "<p>hi</p>", "reblogs_count": 1, "favourites_count": 2}]),
            "posts of Mastodon",
        ),
        (json.dumps([{"uri": "at://did:plc:x/app.bsky.feed.post/3k", "likeCount": 3}]), "posts of Bluesky"),
        (f"{ID}\n{ID}\n", "tweet ids alone"),
        (f"0,{ID},hi,mara\n" * 3, "without a header row"),
    ],
)
def test_what_is_no_file_of_tweets_is_refused_with_what_it_is(path: Path, content: str, problem: str) -> None:
    path.write_text(content)
    with pytest.raises(SourceError, match=problem):
        detect_format(probe_file(path), ReadOptions(NOW))


def test_a_post_of_another_service_among_tweets_is_rejected_alone(path: Path) -> None:
    path.write_bytes(json_lines(status(1), {"id": "1", "content": "hi", "reblogs_count": 1, "favourites_count": 2}))
    tweets, rejects, _ = read(path)
    assert len(tweets) == 1
    assert rejects[0].detail == "a post of Mastodon, not of X"
