"""The id knows the time: every written one is held against it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import SourceError
from viral_assets.sources.parsers.snowflakes import time_in_id
from viral_assets.sources.parsers.times import Times
from viral_assets_tests.sources.examples import NOW, id_at, read, reason, reasons
from viral_assets_tests.sources.formats_at_hand import parquet

POSTED = datetime(2026, 11, 20, 13, 13, 26, 250_000, tzinfo=UTC)
ID = id_at(POSTED.isoformat(), 33)
DECIDED = "written time that differs from the tweet's id, which was taken"

instants = st.datetimes(datetime(2010, 12, 1), datetime(2026, 11, 20), timezones=st.just(UTC))  # noqa: DTZ001


@given(instants, st.integers(0, 2**22 - 1))
def test_an_id_holds_its_time_to_the_millisecond(instant: datetime, rest: int) -> None:
    found = time_in_id(id_at(instant.isoformat(), rest))
    assert found is not None
    assert timedelta() <= instant - found < timedelta(milliseconds=1)


@given(instants, st.integers(-14 * 4, 14 * 4), st.sampled_from(["s", "ms", "us", "zone", "no zone", "minutes"]))
def test_whatever_is_written_within_a_day_gives_the_ids_instant(instant: datetime, quarters: int, how: str) -> None:
    there = instant.astimezone(timezone(timedelta(minutes=15 * quarters)))
    scale = {"s": 1, "ms": 1_000, "us": 1_000_000}.get(how)
    if scale and instant.timestamp() < 10**9:
        return
    written = {
        "zone": there.isoformat(),
        "no zone": there.replace(tzinfo=None).isoformat(timespec="seconds"),
        "minutes": f"{there:%B %d, %Y at %I:%M %p}",
    }.get(how) or str(int(instant.timestamp() * (scale or 1)))
    found = Times(NOW).created_at(written, id_at(instant.isoformat(), 7))
    assert abs(found - instant) <= timedelta(seconds=2)


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_times_the_one_of_the_id_counts(order: int) -> None:
    written = ["2026-11-21T19:39:15.561Z", "2026-11-20T13:13:26.000Z"][::order]
    times = Times(NOW)
    assert times.created_at(written[0], ID, written[1]) == POSTED.replace(microsecond=0)
    assert times.decided == 0


@pytest.mark.parametrize("written", ["2h", "5 min", "yesterday", "20. November", "20 нояб. 2026 г.", "il y a 2 h"])
def test_where_nobody_can_say_when_the_id_decides(written: str) -> None:
    times = Times(NOW)
    assert times.created_at(written, ID) == POSTED
    assert times.decided == 1


@pytest.mark.parametrize("written", ["soon", "x" * 50, [1], {}, True])
def test_what_is_no_time_is_no_time(written: object) -> None:
    assert reason(Times(NOW).created_at, written, ID) == "bad_time"


def test_an_id_of_another_decade_is_not_of_x_unless_its_address_is() -> None:
    assert reason(Times(NOW).created_at, POSTED.isoformat(), "18050206876707110") == "not_of_x"
    assert Times(NOW).created_at("2026-11-21T19:39:15Z", id_at("2026-03-01T00:00:00+00:00"), of_x=True) == datetime(
        2026, 3, 1, tzinfo=UTC
    )


def test_an_id_from_the_future_is_from_the_future() -> None:
    late = (NOW + timedelta(hours=1)).isoformat()
    assert reason(Times(NOW).created_at, late, id_at(late)) == "future"


def table(*rows: str, header: str = "id,text,timestamp,date,url") -> str:
    return "\n".join([header, *rows])


def test_the_report_says_how_often_the_id_decided(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(
        table(
            f"{ID},hi,{POSTED.timestamp():.0f},2026-11-20T13:13:26,",
            f"{id_at('2026-11-20T09:00:00+00:00')},hi,,2026-11-20T10:00:00,",
            f"{id_at('2026-11-20T09:00:00+00:00', 2)},hi,2h,,",
        )
    )
    tweets, rejects, remarks = read(path)
    assert ([tweet.created_at.hour for tweet in tweets], rejects, remarks[DECIDED]) == ([13, 9, 9], [], 2)


def test_an_address_of_another_tweet_does_not_outrank_an_id_that_the_time_confirms(tmp_path: Path) -> None:
    path = tmp_path / "file"
    other = id_at("2026-03-01T00:00:00+00:00")
    path.write_text(table(f"{ID},hi,{POSTED.isoformat()},,https://x.com/tom/status/{other}"))
    ((found,), _, _) = read(path)
    assert found.tweet_id == ID


def test_a_file_of_another_service_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    rows = [f"{20 + n},hi,2026-11-20T13:13:26Z,,https://bsky.app/profile/ada.example/post/3k{n}" for n in range(5)]
    path.write_text(table(*rows))
    with pytest.raises(SourceError, match="no file of X: a post of Bluesky, not of X"):
        read(path)


def test_a_post_of_another_service_among_tweets_is_rejected_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(
        table(
            f"{ID},hi,{POSTED.isoformat()},,https://x.com/ada_reads/status/{ID}",
            ",hi,2026-11-20T13:13:26Z,,https://www.reddit.com/r/desks/1",
        )
    )
    tweets, rejects, _ = read(path)
    assert (len(tweets), reasons(rejects)) == (1, ["not_of_x"])


def test_a_part_that_a_spreadsheet_rounded_is_rejected_and_the_rest_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ids = [id_at(f"2026-11-20T13:{n:02}:00+00:00", 33 + n) for n in range(8)]
    rows = [
        f"{identity[:15] + '0000' if n % 2 else identity},hi,2026-11-20T13:{n:02}:00Z,,"
        for n, identity in enumerate(ids)
    ]
    path.write_text(table(*rows))
    tweets, rejects, _ = read(path)
    assert ([tweet.tweet_id for tweet in tweets], reasons(rejects)) == (ids[::2], ["rounded_id"] * 4)
    assert [reject.locator for reject in rejects] == ["line 3", "line 5", "line 7", "line 9"]


TOLD = "no time of posting, which the tweet's id told"


@pytest.mark.parametrize("written", [None, ""])
def test_where_nothing_is_written_the_id_says_it(written: str | None) -> None:
    times = Times(NOW)
    assert times.created_at(written, ID) == POSTED
    assert (times.told, times.decided) == (1, 0)


@pytest.mark.parametrize(
    "identity",
    [
        "20",  # of 2006, when ids did not hold the time
        "115600000000000001",  # Mastodon
        "18050206876707110",  # Threads
        "7250206876707110912",  # LinkedIn, as X's a time far ahead
        "",
    ],
)
def test_an_id_that_may_be_anything_elses_tells_no_time(identity: str) -> None:
    assert reason(Times(NOW).created_at, None, identity) == "no_time"


def test_an_id_that_looks_rounded_tells_no_time_unless_its_address_has_it() -> None:
    assert reason(Times(NOW).created_at, None, "2123766669112240000") == "rounded_id"
    assert Times(NOW).created_at(None, "2123766669112240000", of_x=True).date() == POSTED.date()


def test_a_table_without_times_is_read_by_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "file"
    early = "18050206876707110"
    path.write_text(f"id,text,label\n{ID},hi,1\n{id_at(POSTED.isoformat(), 34)},hi,0\n{early},hi,0\n")
    tweets, rejects, remarks = read(path)
    assert [tweet.created_at for tweet in tweets] == [POSTED, POSTED]
    assert (reasons(rejects), remarks[TOLD]) == (["no_time"], 2)


def test_objects_without_times_are_read_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(json.dumps([{"tweet_id": ID, "text": "hi", "label": 1}]))
    tweets, rejects, remarks = read(path)
    assert ([tweet.created_at for tweet in tweets], rejects, remarks[TOLD]) == ([POSTED], [], 1)


def test_answers_of_the_api_that_was_asked_for_no_fields_are_read_by_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "file"
    found = {"id": ID, "text": "hi", "edit_history_tweet_ids": [ID]}
    path.write_text(json.dumps({"data": [found], "meta": {"result_count": 1}}))
    tweets, rejects, remarks = read(path)
    assert ([tweet.created_at for tweet in tweets], rejects, remarks[TOLD]) == ([POSTED], [], 1)


def test_parquet_without_times_is_read_by_its_ids(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(parquet({"tweet_id": int(ID), "text": "hi"}))
    tweets, _, _ = read(path)
    assert [(tweet.tweet_id, tweet.created_at) for tweet in tweets] == [(ID, POSTED)]


def test_a_table_without_times_and_with_other_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("id,text\n1,hi\n2,ho\n3,hi\n")
    with pytest.raises(SourceError, match="no column for its time"):
        read(path)


def test_a_post_of_another_service_without_a_time_is_told_by_its_address(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(table(f"{ID},hi,{POSTED.isoformat()},,", f"{ID},hi,,,https://www.reddit.com/r/desks/1"))
    tweets, rejects, _ = read(path)
    assert (len(tweets), reasons(rejects)) == (1, ["not_of_x"])


def test_a_rounded_id_without_a_time_is_rejected_as_rounded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    ids = [id_at(f"2026-11-20T13:{n:02}:00+00:00", 33 + n)[:15] + "0000" for n in range(8)]
    path.write_text("id,text\n" + "".join(f"{identity},hi\n" for identity in ids))
    tweets, rejects, _ = read(path)
    assert (tweets, reasons(rejects)) == ([], ["rounded_id"] * 8)


@pytest.mark.parametrize("written", ["2026-11-20T13:13:26Z", "2026-11-20 13:13:26", "Fri Nov 20 13:13:26 +0000 2026"])
def test_the_time_is_found_in_a_column_that_is_not_called_one(tmp_path: Path, written: str) -> None:
    path = tmp_path / "file"
    path.write_text(f"id,text,date,seen by us\n{ID},hi,2026-11-14T08:00:00Z,{written}\n")
    (found,), rejects, _ = read(path, NOW)
    assert (found.created_at, rejects) == (POSTED.replace(microsecond=0), [])


def test_a_column_with_another_time_does_not_make_it_a_tweet(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"id,text,date,seen by us\n{ID},hi,2026-11-14T08:00:00Z,2026-11-20T13:22:26Z\n")
    tweets, rejects, _ = read(path, NOW)
    assert (tweets, reasons(rejects)) == ([], ["not_of_x"])
