"""Tables with the quirks of real exports."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.sources.base import Reject
from viral_assets.sources.parsers.column_names import COLUMNS
from viral_assets.sources.parsers.csv_rows import find_header, rows
from viral_assets.sources.parsers.csv_table import CsvTable
from viral_assets.sources.parsers.doubtful_ids import DoubtfulIds
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.tweet import Tweet
from viral_assets_tests.sources.examples import NOW, reasons

HEADER = "tweetId,createdAt,text,likeCount"


def read(text: str) -> tuple[list[Tweet], list[Reject], Counter[str]]:
    header = find_header(text)
    assert header
    assert not header.missing
    remarks: Counter[str] = Counter()
    table = CsvTable(header, Times(NOW), remarks)
    records = DoubtfulIds(remarks).settled(list(table.records(io.StringIO(text, newline=""))))
    tweets = [record for record in records if isinstance(record, Tweet)]
    return tweets, [record for record in records if isinstance(record, Reject)], remarks


def one(text: str) -> Tweet:
    (found,), rejects, _ = read(text)
    assert not rejects
    return found


def line(number: int, text: str = "hello", likes: str = "5") -> str:
    return f"21242326310000000{number:02},2026-11-21T20:05:00Z,{text},{likes}\n"


class TestColumns:
    @pytest.mark.parametrize(
        "header",
        [
            "tweetId,createdAt,fullText,userName,likeCount,retweetCount,replyCount,viewCount,followers,lang",
            "id,date,content,username,likes,retweets,replies,views,author_followers,language",
            "Tweet Id;Posted At;Tweet Text;Screen Name;Favorite Count;Reposts;Comments;Impressions;Followers;Lang",
            "id_str\ttimestamp\tfull_text\tscreen_name\tfavorite_count\tretweet_count\treply_count\tviews\tfollowers\tlang",
            (
                "id,created_at,text,author.username,public_metrics.like_count,public_metrics.retweet_count,"
                "public_metrics.reply_count,public_metrics.impression_count,author.public_metrics.followers_count,lang"
            ),
        ],
    )
    def test_the_names_people_use(self, header: str) -> None:
        delimiter = next(mark for mark in "\t;," if mark in header)
        cells = [
            "2124232631000000001",
            "2026-11-21 20:05:00+00:00",
            "hello",
            "@mara",
            "5",
            "4",
            "3",
            "200",
            "1000",
            "en",
        ]
        found = one(f"{header}\n{delimiter.join(cells)}\n")
        assert found == Tweet(
            tweet_id="2124232631000000001",
            created_at=datetime(2026, 11, 21, 20, 5, tzinfo=UTC),
            text="hello",
            author_handle="mara",
            author_followers=1000,
            lang="en",
            like_count=5,
            retweet_count=4,
            reply_count=3,
            view_count=200,
        )

    def test_a_title_above_the_header_is_no_record(self) -> None:
        tweets, rejects, remarks = read(f"Export of my favourites\n\n{HEADER}\n{line(1)}")
        assert (len(tweets), rejects) == (1, [])
        assert remarks["line above the header"] == 2

    def test_a_header_repeated_in_the_middle_is_no_record(self) -> None:
        tweets, rejects, remarks = read(f"{HEADER}\n{line(1)}{HEADER}\n{line(2)}")
        assert (len(tweets), rejects, remarks) == (2, [], Counter({"repeated header row": 1}))

    def test_of_columns_of_one_name_the_filled_one_counts(self) -> None:
        found = one(
            "id,text,created_at,likes,id,text\n,short,2026-11-21T20:05:00Z,5,2124232631000000001,a longer text\n"
        )
        assert (found.tweet_id, found.text) == ("2124232631000000001", "a longer text")

    def test_the_longer_of_text_and_full_text(self) -> None:
        assert (
            one("id,text,fullText,created_at\n1,much longer text,cut…,2026-11-21T20:05:00Z\n").text
            == "much longer text"
        )

    def test_date_and_time_in_two_columns(self) -> None:
        assert one("id,date,time,text\n1,2026-11-21,20:05:00,hi\n").created_at == datetime(
            2026, 11, 21, 20, 5, tzinfo=UTC
        )

    def test_what_a_header_lacks_is_named(self) -> None:
        header = find_header("id,likes,text\n")
        assert header
        assert header.missing == ["its time"]

    def test_no_header_no_table(self) -> None:
        assert find_header("1,2,3\n4,5,6\n") is None
        assert find_header("") is None

    def test_flags_and_references(self) -> None:
        header = "id,text,created_at,isRetweet,in_reply_to_status_id,quoted_status_id"
        found = one(f"{header}\n1,hi,2026-11-21T20:05:00Z,TRUE,77,78\n")
        assert (found.is_retweet, found.is_reply, found.is_quote) == (True, True, True)
        found = one(f"{header}\n1,hi,2026-11-21T20:05:00Z,False,,\n")
        assert (found.is_retweet, found.is_reply, found.is_quote) == (False, False, False)


class TestValues:
    def test_blank_is_unknown(self) -> None:
        found = one("id,text,created_at,likes,views\n1,hi,2026-11-21T20:05:00Z,,\n")
        assert (found.like_count, found.view_count) == (None, None)

    def test_a_time_without_a_zone_is_utc(self) -> None:
        found = one('id,text,created_at\n1,hi,"March 17, 2026 at 05:47 PM"\n')
        assert found.created_at == datetime(2026, 3, 17, 17, 47, tzinfo=UTC)

    def test_entities_are_resolved(self) -> None:
        assert one(f"{HEADER}\n{line(1, 'R&amp;D')}").text == "R&D"

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("1.92797E+18,2026-11-21T20:05:00Z,hi,5", "rounded_id"),
            (",2026-11-21T20:05:00Z,hi,5", "no_id"),
            ("1,,hi,5", "no_time"),
            ("1,21/11/2026 20:05,hi,5", "bad_time"),
            ("1,2026-11-21,hi,5", "bad_time"),
            ("1,2036-11-21T20:05:00Z,hi,5", "future"),
            ("1,2026-11-21T20:05:00Z,,5", "no_text"),
            ("1,2026-11-21T20:05:00Z,hi,-5", "bad_count"),
            ("1,2026-11-21T20:05:00Z,hi,many", "bad_count"),
            ("1,2026-11-21T20:05:00Z,hi", "bad_row"),
            ("1,2026-11-21T20:05:00Z,hi, there,5", "bad_row"),
        ],
    )
    def test_a_bad_row_is_rejected_alone(self, row: str, reason: str) -> None:
        tweets, (reject,), _ = read(f"{HEADER}\n{line(1)}{row}\n{line(2)}")
        assert len(tweets) == 2
        assert (reject.reason, reject.locator, reject.raw) == (reason, "line 3", row)

    @pytest.mark.parametrize("written", ["'2124232631000000001", '"=""2124232631000000001"""', " 2124232631000000001 "])
    def test_ids_saved_from_a_spreadsheet(self, written: str) -> None:
        assert one(f"{HEADER}\n{written},2026-11-21T20:05:00Z,hi,5\n").tweet_id == "2124232631000000001"

    def test_a_missing_or_ruined_id_is_taken_from_the_address(self) -> None:
        for written in ("", "1.99E+18"):
            found = one(
                f"id,url,text,created_at\n{written},https://x.com/a/status/2124232631000000001,hi,2026-11-21T20:05Z\n"
            )
            assert found.tweet_id == "2124232631000000001"


class TestQuotes:
    def test_text_in_quotes_may_have_everything(self) -> None:
        text = 'one, "two"\r\nthree\n\nfour'
        quoted = text.replace('"', '""')
        tweets, rejects, _ = read(f'{HEADER}\n1,2026-11-21T20:05:00Z,"{quoted}",5\n{line(2)}')
        assert [tweets[0].text, tweets[1].text] == [text, "hello"]
        assert not rejects

    def test_a_quote_nobody_closes_costs_its_own_row(self) -> None:
        text = f'{HEADER}\n{line(1)}1,2026-11-21T20:05:00Z,"open,5\n{line(2)}{line(3)}'
        tweets, (reject,), _ = read(text)
        assert [tweet.tweet_id[-1] for tweet in tweets] == ["1", "2", "3"]
        assert (reject.reason, reject.locator) == ("bad_row", "line 3")

    def test_also_when_a_later_row_seems_to_close_it(self) -> None:
        text = f'{HEADER}\n1,2026-11-21T20:05:00Z,"open,5\n{line(2, chr(34) + "quoted" + chr(34))}{line(3)}'
        tweets, rejects, _ = read(text)
        assert [tweet.text for tweet in tweets] == ["quoted", "hello"]
        assert [reject.locator for reject in rejects] == ["line 2"]

    def test_a_file_cut_within_quotes_loses_its_last_row_only(self) -> None:
        tweets, rejects, _ = read(f'{HEADER}\n{line(1)}{line(2)}1,2026-11-21T20:05:00Z,"and th')
        assert (len(tweets), reasons(rejects)) == (2, ["bad_row"])

    def test_sloppy_quotes_within_a_line_are_forgiven(self) -> None:
        assert one(f'{HEADER}\n1,2026-11-21T20:05:00Z,5" screen,5\n').text == '5" screen'
        assert one(f'{HEADER}\n1,2026-11-21T20:05:00Z,"a "real" one",5\n').text == 'a real" one"'

    def test_huge_cells_stop_nobody(self) -> None:
        huge = "x" * 200_000
        tweets, rejects, _ = read(f'{HEADER}\n1,2026-11-21T20:05:00Z,"{huge}",5\n{line(2)}')
        # How much a cell may hold is a setting of the whole process, which other libraries change.
        assert len(tweets) == 1
        assert reasons(rejects) in (["bad_row"], ["too_long"])

    @given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=5), max_size=6))
    def test_what_the_csv_module_writes_is_read_back(self, table: list[list[str]]) -> None:
        stream = io.StringIO(newline="")
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(table)
        assert [row.cells for row in rows(io.StringIO(stream.getvalue(), newline=""), ",")] == table

    @given(st.text(st.sampled_from('",\n\r a\0;'), max_size=60))
    def test_no_line_of_any_text_is_lost(self, text: str) -> None:
        found = list(rows(io.StringIO(text, newline=""), ","))
        assert "".join(row.raw for row in found) == text
        assert [row.line for row in found] == sorted({row.line for row in found})


@given(st.lists(st.text(st.sampled_from('",\n1a-:TZ 20'), max_size=30), max_size=8))
def test_any_rows_under_a_header_are_tweets_or_rejects(lines: list[str]) -> None:
    _, rejects, _ = read(HEADER + "\n" + "\n".join(lines))
    assert all(reject.reason and reject.locator for reject in rejects)


def test_columns_do_not_take_each_others_names() -> None:
    names = [name for aliases in COLUMNS.values() for name in aliases]
    assert [name for name, times in Counter(names).items() if times > 1] == []
