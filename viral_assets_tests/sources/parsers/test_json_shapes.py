"""Each shape of files with its quirks: what becomes of every field."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from viral_assets.context import References
from viral_assets.errors import SourceError
from viral_assets.sources.base import ReadOptions
from viral_assets.sources.content.file_probe import probe_file
from viral_assets.sources.files.detect import detect_format
from viral_assets.sources.files.explain import explain_file
from viral_assets.sources.parsers.identities import ADDRESS_OUTRANKS
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW, apify_item, json_lines, page, read, reasons, status, tweet, user
from viral_assets_tests.sources.formats_at_hand import FILES, PACKINGS, flat, parquet, table


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anything.bin"


def one(path: Path, *values: Any) -> Tweet:
    path.write_bytes(json_lines(*values))
    (found,), rejects, _ = read(path)
    assert not rejects
    return found


LABELS = {
    "v2 page": "X API v2, JSON lines",
    "apify json": "Apify tweet-scraper, JSON",
    "apify lines": "Apify tweet-scraper, JSON lines",
    "apify csv": "table, separated by ','",
    "v1.1 json": "X API v1.1, JSON",
    "v1.1 lines": "X API v1.1, JSON lines",
    "v1.1 search": "X API v1.1, JSON lines",
    "parquet": "table, Parquet",
    "nested parquet": "table, Parquet",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_format_has_its_three_tweets(path: Path, name: str) -> None:
    path.write_bytes(FILES[name])
    if name in LABELS:
        assert detect_format(probe_file(path), ReadOptions(NOW)).format == LABELS[name]
    tweets, rejects, _ = read(path)
    assert [(each.tweet_id[-1], each.text[-3:]) for each in tweets] == [("1", "(1)"), ("2", "(2)"), ("3", "(3)")]
    assert not rejects
    assert all(each.created_at == datetime(2026, 11, 21, 20, 5, tzinfo=UTC) for each in tweets)
    if name != "csv":
        assert {(each.like_count or 5, each.author_handle) for each in tweets} <= {(50, "mara_writes_here"), (50, "")}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("name", ["v2 lines", "apify csv", "v1.1 json", "parquet"])
def test_packed_it_is_the_same_file(path: Path, name: str, packing: str) -> None:
    path.write_bytes(FILES[name])
    plain, expected = probe_file(path).sha256, read(path)
    path.write_bytes(PACKINGS[packing](FILES[name]))
    assert probe_file(path).sha256 == plain
    assert read(path) == expected
    assert packing.split(maxsplit=1)[0] in detect_format(probe_file(path), ReadOptions(NOW)).format


class TestPacked:
    def test_a_packed_file_that_is_cut_off_is_read_as_far_as_it_goes_and_says_so(self, path: Path) -> None:
        content = json_lines(*(tweet(number, text=f"{number} " + "é" * (number % 90)) for number in range(1, 4000)))
        for pack in (gzip.compress, zstd.compress):
            packed = pack(content)
            path.write_bytes(packed[: len(packed) // 2])
            tweets, rejects, _ = read(path)
            assert 100 < len(tweets) < 3999
            assert reasons(rejects)[-1] == "bad_archive"
            assert "is cut off after" in rejects[-1].detail

    def test_a_damaged_checksum_is_told(self, path: Path) -> None:
        packed = bytearray(gzip.compress(FILES["v2 lines"]))
        packed[-6] ^= 1
        path.write_bytes(packed)
        tweets, rejects, _ = read(path)
        assert (len(tweets), reasons(rejects)) == (3, ["bad_archive"])

    def test_a_piece_that_is_missing_behind_others_is_told(self, path: Path) -> None:
        packed = bytearray(zstd.compress(FILES["v2 lines"]) + zstd.compress(FILES["apify lines"]))
        at = len(zstd.compress(FILES["v2 lines"]))
        packed[at] ^= 0xFF
        path.write_bytes(packed)
        tweets, rejects, _ = read(path)
        assert (len(tweets), reasons(rejects)) == (3, ["bad_archive"])

    def test_zeros_behind_its_end_are_no_damage(self, path: Path) -> None:
        path.write_bytes(gzip.compress(FILES["v2 lines"]) + bytes(100_000))
        assert len(read(path)[0]) == 3

    def test_a_cut_copy_and_the_whole_file_are_two_contents(self, path: Path) -> None:
        packed = gzip.compress(FILES["v2 lines"])
        path.write_bytes(packed[:-4])
        cut = probe_file(path).sha256
        path.write_bytes(packed)
        assert probe_file(path).sha256 != cut


class TestApify:
    def test_every_field(self, path: Path) -> None:
        assert one(path, apify_item(1, isReply=True, isQuote=True)) == Tweet(
            tweet_id="2124232631000000001",
            created_at=datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
            text="How much screen time is too much? (1)",
            author_handle="mara_writes_here",
            author_id="42",
            author_name="Mara",
            author_followers=1234,
            author_verified=True,
            lang="en",
            is_reply=True,
            is_quote=True,
            like_count=50,
            reply_count=3,
            retweet_count=2,
            quote_count=1,
            view_count=900,
            bookmark_count=4,
            conversation_id="2124232631000000001",
        )

    def test_the_full_text_may_be_the_shorter_one(self, path: Path) -> None:
        assert one(path, apify_item(1, text="much longer &gt; text", fullText="much…")).text == "much longer > text"

    def test_views_may_be_missing_which_is_not_none(self, path: Path) -> None:
        assert one(path, apify_item(1, viewCount=...)).view_count is None
        assert one(path, apify_item(1, viewCount="1,200")).view_count == 1200

    def test_a_retweet_has_not_earned_the_counts_of_the_original(self, path: Path) -> None:
        original = {"text": "All of the original text, to its end", "author": {"userName": "jack"}}
        found = one(path, apify_item(1, isRetweet=True, text="RT @jack: All of…", fullText="", retweet=original))
        assert (found.is_retweet, found.like_count, found.view_count) == (True, 0, None)
        assert found.text == "RT @jack: All of the original text, to its end"

    def test_searches_that_found_nothing_are_no_records(self, path: Path) -> None:
        path.write_bytes(json.dumps([{"noResults": True}, apify_item(1), {"noResults": True}, {"demo": True}]).encode())
        tweets, rejects, remarks = read(path)
        assert (len(tweets), rejects, remarks) == (
            1,
            [],
            {"a search that found nothing": 2, "a demonstration item in place of a tweet": 1},
        )

    def test_without_an_id_the_address_tells_it_with_neither_it_is_rejected(self, path: Path) -> None:
        assert one(path, apify_item(1, id=...)).tweet_id == "2124232631000000001"
        assert one(path, apify_item(1, id=1.99e18)).tweet_id == "2124232631000000001"
        path.write_bytes(json_lines(apify_item(1, id=..., url=...)))
        assert reasons(read(path)[1]) == ["no_id"]

    def test_its_table_with_the_quirks(self, path: Path) -> None:
        rows = [
            flat(apify_item(1)),
            flat(apify_item(2, likeCount="", viewCount="")),
            flat(apify_item(3, id="1.99E+18")),
        ]
        rows += [{"noResults": "true"}]
        columns = {"noResults": "", **{f"entities/urls/{number}/url": "" for number in range(3000)}}
        path.write_bytes(table(*({**columns, **row} for row in rows)))
        tweets, rejects, remarks = read(path)
        assert [(each.tweet_id[-1], each.like_count, each.view_count) for each in tweets] == [
            ("1", 50, 900),
            ("2", None, None),
            ("3", 50, 900),
        ]
        assert (rejects, remarks) == ([], {"a search that found nothing": 1, ADDRESS_OUTRANKS: 1})
        assert tweets[0].author_followers == 1234


class TestV1:
    def test_every_field(self, path: Path) -> None:
        found = one(path, status(1, in_reply_to_status_id_str="5", is_quote_status=True, quote_count=7, reply_count=8))
        assert found == Tweet(
            tweet_id="2124232631000000001",
            created_at=datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
            text="How much screen time is too much? (1)",
            author_handle="mara_writes_here",
            author_id="42",
            author_name="Mara",
            author_followers=1234,
            author_verified=True,
            lang="en",
            is_reply=True,
            is_quote=True,
            like_count=50,
            reply_count=8,
            retweet_count=2,
            quote_count=7,
            refers_to=References("5"),
        )

    @pytest.mark.parametrize(
        "texts",
        [
            {"text": "cut…", "extended_tweet": {"full_text": "the whole &amp; long text"}},
            {"text": ..., "full_text": "the whole &amp; long text"},
            {"text": "the…", "full_text": "the whole &amp; long text", "extended_tweet": {}},
        ],
    )
    def test_extended_texts(self, path: Path, texts: dict[str, Any]) -> None:
        assert one(path, status(1, **texts)).text == "the whole & long text"

    def test_a_retweet_has_the_text_of_the_original_in_full_and_not_its_counts(self, path: Path) -> None:
        original = status(9, extended_tweet={"full_text": "A long original, " * 12})
        found = one(path, status(1, text="RT @mara_writes_here: A long…", retweeted_status=original, retweet_count=900))
        assert found.text == "RT @mara_writes_here: " + "A long original, " * 12
        assert (found.tweet_id[-1], found.is_retweet, found.retweet_count, found.like_count) == ("1", True, 0, 0)

    def test_a_quoted_tweet_is_not_taken(self, path: Path) -> None:
        found = one(path, status(1, is_quote_status=False, quoted_status=status(2)))
        assert (found.tweet_id[-1], found.is_quote) == ("1", True)

    def test_notices_of_a_stream_are_no_records(self, path: Path) -> None:
        path.write_bytes(json_lines({"delete": {"status": {"id": 1}}}, status(1), {"limit": {"track": 5}}))
        tweets, rejects, remarks = read(path)
        assert (len(tweets), rejects, remarks) == (1, [], {"notice of a stream": 2})

    def test_an_archive_of_ones_own_tweets(self, path: Path) -> None:
        mine = [{"tweet": status(number, user=..., favorite_count="12", id=str(number + 100))} for number in (1, 2)]
        path.write_text(f"window.YTD.tweets.part0 = {json.dumps(mine, indent=1)}")
        tweets, rejects, _ = read(path)
        assert ([each.like_count for each in tweets], rejects) == ([12, 12], [])


class TestMixed:
    def test_shapes_may_stand_side_by_side(self, path: Path) -> None:
        path.write_bytes(json_lines(page(tweet(1)), apify_item(2), status(3), tweet(4, author=user()), [apify_item(5)]))
        tweets, rejects, _ = read(path)
        assert ([each.tweet_id[-1] for each in tweets], rejects) == (["1", "2", "3", "4", "5"], [])

    def test_objects_with_the_names_of_columns(self, path: Path) -> None:
        found = one(
            path, {"tweetId": 2_124_232_631_000_000_001, "content": "hi", "date": "2026-11-21T20:05:00Z", "likes": 9}
        )
        assert (found.tweet_id, found.text, found.like_count) == ("2124232631000000001", "hi", 9)

    def test_objects_with_names_of_ones_own(self, path: Path) -> None:
        path.write_bytes(json_lines({"Nr": "20", "Was": "hi", "Wann": "2026-11-21T20:05:00Z"}))
        columns = {"tweet_id": ["Nr"], "text": ["Was"], "created_at": ["Wann"]}
        (batch,) = detect_format(probe_file(path), ReadOptions(NOW, columns=columns))
        (found,) = batch.records
        assert isinstance(found, Tweet)
        with pytest.raises(SourceError, match="its keys are 'Nr', 'Was', 'Wann'"):
            detect_format(probe_file(path), ReadOptions(NOW))

    def test_an_empty_wrapping_is_told(self, path: Path) -> None:
        path.write_bytes(json_lines({"statuses": [], "search_metadata": {}}, status(1, tweets=[])))
        tweets, rejects, remarks = read(path)
        assert (len(tweets), rejects, remarks) == (1, [], {"page without tweets": 1})


class TestParquet:
    def test_types_of_every_kind(self, path: Path) -> None:
        row = {
            "id": 2_124_232_631_000_000_001,
            "text": "hi",
            "created_at": datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
            "public_metrics": {"like_count": 7, "impression_count": None},
            "referenced_tweets": [{"type": "quoted", "id": "5"}],
            "followers": 12.0,
            "verified": True,
        }
        path.write_bytes(parquet(row))
        ((found,), rejects, _) = read(path)
        assert not rejects
        assert (found.tweet_id, found.like_count, found.view_count) == ("2124232631000000001", 7, None)
        assert (found.is_quote, found.author_followers, found.author_verified) == (True, 12, True)
        assert found.created_at == row["created_at"]

    def test_ids_kept_as_fractions_are_ruined(self, path: Path) -> None:
        path.write_bytes(parquet({"id": 1.990000000000000001e18, "text": "hi", "created_at": "2026-11-21T20:05:00Z"}))
        tweets, (reject,), _ = read(path)
        assert (tweets, reject.reason, reject.locator) == ([], "rounded_id", "row 1")
        assert json.loads(reject.raw)["text"] == "hi"

    def test_times_without_a_zone_are_told(self, path: Path) -> None:
        path.write_bytes(parquet({"id": "20", "text": "hi", "created_at": datetime(2026, 11, 21, 20, 5)}))  # noqa: DTZ001
        assert read(path)[2] == {"time without a zone, taken as UTC": 1}

    def test_a_damaged_part_costs_its_own_rows_and_says_which(self, path: Path) -> None:
        rows = [flat(apify_item(number, fullText=f"{number} " * 50)) for number in range(1, 7)]
        content = bytearray(parquet(*rows))
        at = content.index(b"3 3 3 3")
        content[at - 60 : at + 40] = b"\xff" * 100
        path.write_bytes(content)
        tweets, rejects, _ = read(path)
        assert {each.tweet_id[-1] for each in tweets} >= {"1", "2", "5", "6"}
        assert len(tweets) + len(rejects) >= 5

    def test_what_says_what_is_in_it_must_be_whole(self, path: Path) -> None:
        path.write_bytes(FILES["parquet"][:-20])
        with pytest.raises(SourceError, match="a Parquet file that cannot be read"):
            detect_format(probe_file(path), ReadOptions(NOW))

    def test_a_table_of_something_else_is_refused_with_its_columns(self, path: Path) -> None:
        path.write_bytes(parquet({"a": 1, "b": {"c": 2}}))
        with pytest.raises(SourceError, match=r"its columns are 'a', 'b\.c'; say which is which"):
            detect_format(probe_file(path), ReadOptions(NOW))


def test_explaining_tells_what_a_file_is_and_how_it_maps(path: Path) -> None:
    path.write_bytes(
        table(
            *({**flat(apify_item(number)), "extra": 1} for number in range(1, 9)), flat(apify_item(9, id="x", url="x"))
        )
    )
    found = explain_file(path, ReadOptions(NOW), rows=2)
    assert (found.read, found.rejected, found.complete) == (9, 1, True)
    assert [each.tweet_id[-1] for each in found.tweets] == ["1", "2"]
    assert ("text", "fullText and text") in found.mapping
    assert "extra" in found.unused
    assert found.rejects[0].reason == "bad_id"
