"""The decisions of the inbox sensor on plain values, then the sensor itself on real files."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.defs.automation import inbox_sensor as module
from viral_assets.defs.automation.inbox_sensor import (
    BYTES_PER_TICK,
    FILES_PER_TICK,
    files_to_look_into,
    inbox_sensor,
    runs_for,
)
from viral_assets.defs.automation.requests import ranges_of
from viral_assets.defs.build import build_defs
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.hours import HOUR, HourRange, floor_hour, hour_key
from viral_assets.projects.loader import Projects, load_projects
from viral_assets.sources.files import project_column_names
from viral_assets.sources.files.inbox import InboxFile
from viral_assets.store.inbox_files import FileStamp
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of
from viral_assets_tests.waiting import PATIENCE

NOW = 1_000_000_000_000
SEVEN_DAYS = HourRange(FIRST, FIRST + timedelta(days=7))


@pytest.fixture(autouse=True)
def _a_tick_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left to the next one because the machine is slow."""
    monkeypatch.setattr(module, "SECONDS_PER_TICK", PATIENCE)


hours = st.integers(0, 200).map(lambda number: FIRST + number * HOUR)


def files(**sizes_and_times: tuple[int, int]) -> dict[str, InboxFile]:
    return {name: InboxFile(Path(name), name, FileStamp(*stamp)) for name, stamp in sizes_and_times.items()}


def names(found: dict[str, InboxFile], known: dict[str, FileStamp] | None = None) -> list[str]:
    return [file.name for file in files_to_look_into(found, known or {}, NOW)]


def test_a_file_is_looked_into_once() -> None:
    found = files(a=(10, 1), b=(10, 2))
    assert names(found) == ["a", "b"]
    assert names(found, {"a": FileStamp(10, 1)}) == ["b"]


def test_a_file_that_changed_is_looked_into_again() -> None:
    assert names(files(a=(11, 5)), {"a": FileStamp(10, 1)}) == ["a"]


def test_a_file_that_is_still_being_copied_waits() -> None:
    assert names(files(a=(10, NOW - 10**9))) == []


def test_a_tick_takes_as_many_files_as_it_can_and_at_least_one() -> None:
    assert names(files(**{f"f{number}": (BYTES_PER_TICK - 1, number) for number in range(3)})) == ["f0"]
    assert names(files(huge=(100 * BYTES_PER_TICK, 1))) == ["huge"]
    many = files(**{f"f{number:06}": (1, number) for number in range(FILES_PER_TICK + 1)})
    assert names(many) == list(many)[:FILES_PER_TICK]


@given(st.lists(hours))
def test_ranges_are_exactly_the_hours_in_order_and_none_is_longer_than_a_day(touched: list[datetime]) -> None:
    ranges = list(ranges_of(touched))
    assert [hour for each in ranges for hour in each] == sorted(set(touched))
    assert all(len(each) <= 24 for each in ranges)


@given(st.lists(hours, min_size=1))
def test_ranges_are_as_few_as_can_be(touched: list[datetime]) -> None:
    ranges = list(ranges_of(touched))
    for before, after in pairwise(ranges):
        assert before.end < after.start or len(before) == 24


def test_two_files_of_the_same_hours_make_one_run() -> None:
    requests = runs_for({"sha-a": [FIRST], "sha-b": [FIRST, FIRST + HOUR]}, SEVEN_DAYS)
    assert [request.tags["dagster/asset_partition_range_start"] for request in requests] == [hour_key(FIRST)]
    assert [request.tags["dagster/asset_partition_range_end"] for request in requests] == [hour_key(FIRST + HOUR)]
    assert requests[0].tags["viral_assets/trigger"] == "inbox"


def test_another_content_has_another_run_key_and_the_same_content_the_same() -> None:
    (first,), (same,), (other,) = (runs_for({digest: [FIRST]}, SEVEN_DAYS) for digest in ("a", "a", "b"))
    assert first.run_key == same.run_key != other.run_key


def test_hours_without_a_partition_are_left_out() -> None:
    assert runs_for({"sha": [FIRST - HOUR, SEVEN_DAYS.end]}, SEVEN_DAYS) == []
    assert runs_for({"sha": [FIRST]}, None) == []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with make_home(tmp_path) as made:
        yield made


def _settle(*paths: Path) -> None:
    """As if the files had been copied a minute ago."""
    for path in paths:
        os.utime(path, (time.time() - 60, time.time() - 60))


def _tick(home: Home, cursor: str | None = None) -> tuple[Sequence[dg.RunRequest], str | None, str]:
    with dg.build_sensor_context(
        instance=home.instance,
        cursor=cursor,
        repository_def=build_defs().get_repository_def(),
        resources={"tweet_source": TweetSourceResource(), "database": DatabaseResource()},
    ) as context:
        outcome = inbox_sensor.evaluate_tick(context)
    return outcome.run_requests or [], outcome.cursor, outcome.skip_message or ""


def test_the_sensor_asks_for_exactly_the_hours_that_new_files_touch(home: Home) -> None:
    _settle(home.drop("a.json", [*tweets_of(FIRST), *tweets_of(FIRST + 5 * HOUR)]))
    requests, cursor, _ = _tick(home)
    assert [request.partition_key for request in requests] == [hour_key(FIRST), hour_key(FIRST + 5 * HOUR)]
    again, _, why = _tick(home, cursor)
    assert again == []
    assert "nothing of 1 file in" in why


def test_a_corrupt_file_goes_to_the_quarantine_and_does_not_stop_the_others(home: Home) -> None:
    good, bad = home.drop("good.json", tweets_of(FIRST)), home.inbox / "bad.json"
    bad.write_bytes(b"\x00\x01\x02 not a tweet")
    _settle(good, bad)
    requests, cursor, _ = _tick(home)
    assert len(requests) == 1
    (rejected,) = home.rows("rejected_records", "id").to_dict("records")
    assert rejected["source"] == str(bad)
    assert (rejected["locator"], rejected["reason"]) == ("file", "unreadable_file")
    assert str(bad) in rejected["detail"]
    assert "not a tweet" in rejected["raw"]
    assert bad.exists()
    again, _, why = _tick(home, cursor)
    assert again == []
    assert "nothing of 2 files in" in why


@pytest.mark.slow
def test_the_same_corrupt_content_is_kept_once_also_when_runs_come_upon_it(home: Home) -> None:
    for name in ("bad.json", "copy.json"):
        home.drop(name, [])
        (home.inbox / name).write_bytes(b"\x00\x01\x02 not a tweet")
        _settle(home.inbox / name)
    _tick(home)
    home.run(1)
    assert len(home.rows("rejected_records", "id")) == 1


def test_a_file_with_nothing_but_broken_records_has_no_run_and_is_quarantined_all_the_same(home: Home) -> None:
    broken = {**tweets_of(FIRST)[0], "created_at": "some day"}
    _settle(home.drop("broken.json", [broken]))
    requests, _, why = _tick(home)
    assert requests == []
    assert "no tweets of the configured hours" in why
    assert len(home.rows("rejected_records", "id")) == 1


def test_a_file_that_cannot_be_opened_does_not_stop_the_others(home: Home) -> None:
    good = home.drop("good.json", tweets_of(FIRST))
    gone = home.inbox / "gone.json"
    gone.symlink_to(home.folder / "nowhere.json")
    _settle(good)
    requests, _, _ = _tick(home)
    assert len(requests) == 1


def test_content_that_comes_back_under_its_old_name_is_run_for_again(home: Home) -> None:
    """Run keys count for ever: made of the name alone, the new file would be ignored."""
    _settle(home.drop("a.json", tweets_of(FIRST)))
    (first,), cursor, _ = _tick(home)
    _settle(home.drop("a.json", tweets_of(FIRST, 7)))
    (second,), _, _ = _tick(home, cursor)
    assert second.partition_key == first.partition_key
    assert second.run_key != first.run_key


def test_the_cursor_does_not_grow_and_takes_the_place_of_the_one_of_a_version_before(home: Home) -> None:
    _settle(*(home.drop(f"{number}.json", tweets_of(FIRST, number)) for number in range(1, 8)))
    _, cursor, _ = _tick(home, json.dumps({f"{number}.json": [1, 2] for number in range(9_000)}))
    assert cursor
    assert len(cursor) < 40


@pytest.mark.slow
def test_what_was_worked_on_asks_for_nothing_also_under_another_name(home: Home) -> None:
    path = home.drop("a.json", tweets_of(FIRST))
    _settle(path)
    home.run(1)
    assert _tick(home)[0] == []
    path.rename(home.inbox / "b.json")
    requests, _, why = _tick(home)
    assert requests == []
    assert "1 new file has no tweets of the configured hours that are not in the store yet" in why


def test_what_the_run_of_another_hour_has_read_still_asks_for_its_own_hours(home: Home) -> None:
    _settle(home.drop("a.json", tweets_of(FIRST + 3 * HOUR)))
    home.run(1)
    requests, _, _ = _tick(home)
    assert [request.partition_key for request in requests] == [hour_key(FIRST + 3 * HOUR)]
    assert _tick(home)[0] == []


def test_a_tick_that_has_taken_long_leaves_the_rest_to_the_next_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        _settle(home.drop(f"{number}.json", tweets_of(FIRST + number * HOUR)))
    monkeypatch.setattr(module, "SECONDS_PER_TICK", -1.0)
    asked = [[request.partition_key for request in _tick(home)[0]] for _ in range(4)]
    assert sorted(asked) == [[], *([hour_key(FIRST + number * HOUR)] for number in range(3))]


def test_projects_are_read_once_a_tick_however_many_files_there_are(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    _settle(*(home.drop(f"{number}.json", tweets_of(FIRST, number)) for number in range(1, 6)))
    loaded: list[Path] = []

    def load(folder: Path) -> Projects:
        loaded.append(folder)
        return load_projects(folder)

    monkeypatch.setattr(project_column_names, "load_projects", load)
    _tick(home)
    assert len(loaded) == 1


def test_an_inbox_that_does_not_exist_is_no_error(home: Home) -> None:
    requests, _, why = _tick(home)
    assert requests == []
    assert "there is no file" in why


@pytest.mark.slow
def test_the_requested_run_reads_the_file(home: Home) -> None:
    _settle(home.drop("a.json", [*tweets_of(FIRST), *tweets_of(FIRST + HOUR)]))
    (request,), _, _ = _tick(home)
    job = build_defs().resolve_job_def("hourly_pipeline")
    result = job.execute_in_process(instance=home.instance, tags=request.tags)
    assert result.success
    assert len(home.rows("tweets")) == 8
    assert len(home.materializations("suggestion_digest")) == 2


def test_now_is_never_outside(home: Home) -> None:
    """The current hour has a partition from its first second on."""
    now = floor_hour(datetime.now(UTC))
    partitions = build_defs().resolve_job_def("hourly_pipeline").partitions_def
    assert partitions is not None
    assert partitions.has_partition_key(hour_key(now))
