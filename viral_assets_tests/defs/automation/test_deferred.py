"""Taking up work that was put off: the decisions on plain values, then sensor and schedule on a real home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.defs.assets.partitions import partition_tags
from viral_assets.defs.automation.deferred import hours_to_resume, hours_to_top_up, last_days, why_not_now
from viral_assets.defs.automation.requests import hours_of_run, hours_under_way, request_for
from viral_assets.defs.automation.schedules import top_up_schedule
from viral_assets.defs.automation.sensors import deferred_sensor
from viral_assets.defs.build import build_defs
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.errors import DatabaseUnavailableError
from viral_assets.hours import HOUR, HourRange, hour_key
from viral_assets.quota.from_settings import configured_ledgers
from viral_assets.quota.ledger import Ledger, QuotaStatus
from viral_assets.quota.limits import Limits, pacific_day
from viral_assets.settings import load_settings
from viral_assets.store import revisions
from viral_assets.store.deferred import Deferred
from viral_assets.store.hour_leases import CAP_OF_HOUR
from viral_assets.store.revision_progress import put_off as put_revision_off
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import comment_suggestions, generation_outcomes, quota_days, source_windows
from viral_assets_tests.gemini_emulator import GeminiEmulator
from viral_assets_tests.home import FIRST, Home, make_home, tweets_of

# Whole runs of Dagster, real processes or many fits: seconds each.
pytestmark = pytest.mark.slow

NOW = FIRST + timedelta(days=2)
TODAY = pacific_day(NOW.timestamp())
YESTERDAY = NOW - timedelta(days=1)

FREE = QuotaStatus(
    limits=Limits(requests_per_day=100, daily_budget_usd=2.0),
    now=NOW.timestamp(),
    window_requests=0,
    window_tokens=0,
    day=TODAY.name,
    day_ends=TODAY.end,
    day_requests=0,
    day_tokens=0,
    day_cost_usd=0.0,
)
BLOCKED = replace(FREE, blocked_until=FREE.now + 600, block_reason="HTTP 429")
NO_REQUESTS_LEFT = replace(FREE, day_requests=100)
NO_MONEY_LEFT = replace(FREE, day_cost_usd=2.0)


def waiting(*numbers: int, since: datetime = YESTERDAY) -> dict[datetime, Deferred]:
    return {FIRST + number * HOUR: Deferred(3, since) for number in numbers}


def test_a_free_quota_takes_up_the_hours_that_wait() -> None:
    assert why_not_now(FREE) is None
    assert hours_to_resume(waiting(0, 5), FREE, set()) == ([FIRST, FIRST + 5 * HOUR], "")


@pytest.mark.parametrize(
    ("status", "why"), [(BLOCKED, "HTTP 429"), (NO_REQUESTS_LEFT, "100 requests"), (NO_MONEY_LEFT, "budget of 2 USD")]
)
def test_a_quota_that_is_used_up_is_waited_for(status: QuotaStatus, why: str) -> None:
    hours, why_not = hours_to_resume(waiting(0), status, set())
    assert hours == []
    assert why in why_not


def test_a_block_that_has_ended_blocks_nothing() -> None:
    assert why_not_now(replace(BLOCKED, blocked_until=FREE.now - 1)) is None


def test_nothing_waits() -> None:
    assert hours_to_resume({}, FREE, set()) == ([], "no tweet waits for a later run")


def test_what_was_put_off_a_moment_ago_waits_a_little() -> None:
    """Else a service that is down would be asked by a run every minute."""
    assert hours_to_resume(waiting(0, since=NOW - timedelta(minutes=14)), FREE, set())[0] == []
    assert hours_to_resume(waiting(0, since=NOW - timedelta(minutes=16)), FREE, set())[0] == [FIRST]


def test_what_was_put_off_today_for_want_of_quota_waits_for_tomorrow() -> None:
    """What is left of a budget can be less than a request costs: the same tweets would be put off for ever."""
    nearly = replace(FREE, day_cost_usd=1.9)
    assert hours_to_resume(waiting(0, since=NOW - timedelta(hours=1)), nearly, set())[0] == []
    assert hours_to_resume(waiting(0, since=YESTERDAY), nearly, set())[0] == [FIRST]


def test_the_freshest_hours_come_first_and_never_more_than_a_day_of_them() -> None:
    hours, _ = hours_to_resume(waiting(*range(40)), FREE, set())
    assert hours == [FIRST + number * HOUR for number in range(16, 40)]
    while_others_run, _ = hours_to_resume(waiting(*range(40)), FREE, set(hours[4:]))
    assert while_others_run == [FIRST + number * HOUR for number in range(16, 20)]
    assert hours_to_resume(waiting(*range(40)), FREE, set(hours))[0] == []


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_no_hour_ever_gets_a_second_run(deferred: set[int], under_way: set[int]) -> None:
    busy = {FIRST + number * HOUR for number in under_way}
    for hours in (hours_to_resume(waiting(*deferred), FREE, busy)[0], hours_to_top_up(waiting(*deferred), busy)):
        assert not set(hours) & busy
        assert set(hours) <= set(waiting(*deferred))
        assert hours == sorted(hours)


def test_the_last_days_are_those_that_are_configured() -> None:
    everything = HourRange(FIRST, FIRST + 1000 * HOUR)
    now = FIRST + 100 * HOUR + timedelta(minutes=5)
    assert last_days(3, now, everything) == HourRange(FIRST + 28 * HOUR, FIRST + 101 * HOUR)
    assert last_days(30, now, everything) == HourRange(FIRST, FIRST + 101 * HOUR)
    assert last_days(3, now, HourRange(FIRST, FIRST + HOUR)) is None
    assert last_days(3, now, None) is None


@pytest.mark.parametrize("hours", [1, 24])
def test_the_hours_of_a_run_are_read_from_its_tags(hours: int) -> None:
    window = HourRange(FIRST, FIRST + hours * HOUR)
    assert hours_of_run(partition_tags(window)) == window
    assert hours_of_run({}) is None
    assert hours_of_run({"dagster/partition": "red"}) is None


def test_a_request_has_another_key_for_another_cause() -> None:
    window = HourRange(FIRST, FIRST + HOUR)
    keys = [request_for(window, *why).run_key for why in (("deferred", "a"), ("deferred", "b"), ("top-up", "a"))]
    assert len(set(keys)) == 3
    assert request_for(window, "deferred", "a").run_key == keys[0]


@pytest.fixture(scope="module")
def put_off_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Three hours, of which the first and the last were put off yesterday."""
    with make_home(tmp_path_factory.mktemp("deferred")) as made:
        made.drop("tweets.json", [each for number in range(3) for each in tweets_of(FIRST + number * HOUR)])
        made.run(3)
        put_off(made, FIRST, FIRST + 2 * HOUR)
        yield made


@pytest.fixture
def home(put_off_home: Home) -> Iterator[Home]:
    """The same for every test."""
    with put_off_home.undone_afterwards():
        yield put_off_home


def put_off(home: Home, *hours: datetime, since: datetime | None = None) -> None:
    moment = since or datetime.now(UTC) - timedelta(days=1)
    ended = sa.update(generation_outcomes).where(generation_outcomes.c.window_start.in_(hours))
    home.execute(ended.values(outcome="deferred", reason="the day's requests are used up", updated_at=moment))
    home.execute(sa.delete(comment_suggestions).where(comment_suggestions.c.window_start.in_(hours)))


def only_ledger(home: Home) -> Ledger:
    _, ledgers = configured_ledgers(load_settings(), home.database)
    (ledger,) = ledgers.values()
    return ledger


def _tick(home: Home) -> tuple[Sequence[dg.RunRequest], str]:
    with dg.build_sensor_context(
        instance=home.instance,
        repository_def=build_defs().get_repository_def(),
        resources={"tweet_source": TweetSourceResource(), "database": DatabaseResource()},
    ) as context:
        outcome = deferred_sensor.evaluate_tick(context)
    return outcome.run_requests or [], outcome.skip_message or ""


def test_the_sensor_asks_for_exactly_the_hours_that_wait(home: Home) -> None:
    requests, _ = _tick(home)
    assert [request.partition_key for request in requests] == [hour_key(FIRST), hour_key(FIRST + 2 * HOUR)]
    assert {request.tags["viral_assets/trigger"] for request in requests} == {"deferred"}


def test_the_same_state_of_an_hour_is_asked_for_once_and_another_one_again(home: Home) -> None:
    first, again = _tick(home)[0], _tick(home)[0]
    assert [request.run_key for request in first] == [request.run_key for request in again]
    put_off(home, FIRST, since=datetime.now(UTC) - timedelta(hours=1))
    assert _tick(home)[0][0].run_key != first[0].run_key


def test_the_requested_run_finishes_the_hour_and_then_nothing_waits(home: Home) -> None:
    job = build_defs().resolve_job_def("hourly_pipeline")
    for request in _tick(home)[0]:
        assert job.execute_in_process(instance=home.instance, tags=request.tags).success
    assert set(home.rows("generation_outcomes")["outcome"]) == {"done"}
    assert _tick(home) == ([], "no tweet waits for a later run")


def test_with_a_key_hours_with_offline_drafts_wait_too(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    home.execute(sa.update(generation_outcomes).values(updated_at=datetime.now(UTC) - timedelta(days=1)))
    assert [hours_of_run(request.tags) for request in _tick(home)[0]] == [HourRange(FIRST, FIRST + 3 * HOUR)]


def test_a_revision_that_was_put_off_is_taken_up_by_the_run_that_is_asked_for(
    home: Home, no_runs: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.execute(sa.update(generation_outcomes).values(outcome="done", provider="google-genai"))
    home.execute(sa.update(comment_suggestions).values(provider="google-genai"))
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    assert _tick(home)[1] == "no tweet waits for a later run"
    row = home.rows("comment_suggestions").iloc[0]
    key = SuggestionKey(row["project"], row["tweet_id"], row["suggestion_type"])
    hour = row["window_start"].to_pydatetime()
    asked_at = datetime.now(UTC) - timedelta(days=1)
    with home.database.begin() as connection:
        asked = revisions.ask(connection, key, version=int(row["version"]), wish="Shorter", who="anna", at=asked_at)
        put_revision_off(connection, asked.id, reason="the day's 5 requests are used up", at=asked_at)
    assert [each.partition_key for each in _top_up(no_runs, FIRST + 4 * HOUR)[0]] == [hour_key(hour)]
    (request,) = _tick(home)[0]
    assert request.partition_key == hour_key(hour)
    with GeminiEmulator() as emulator:
        monkeypatch.setenv("GEMINI_API_ENDPOINT", emulator.url)
        job = build_defs().resolve_job_def("hourly_pipeline")
        assert job.execute_in_process(instance=home.instance, tags=request.tags).success
        assert len(emulator.generated()) == 1, "nothing else was open"
    with home.database.read() as connection:
        written = revisions.read_revision(connection, asked.id)
    assert written is not None
    assert (written.state, written.held_until) == ("offered", None)
    assert written.text
    assert _tick(home) == ([], "no tweet waits for a later run")


def test_an_hour_with_a_run_under_way_gets_no_second_one(home: Home) -> None:
    window = HourRange(FIRST, FIRST + 2 * HOUR)
    job = build_defs().resolve_job_def("hourly_pipeline")
    run = home.instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=partition_tags(window))
    assert hours_under_way(home.instance, HourRange(FIRST, FIRST + 10 * HOUR)) == set(window)
    assert [request.partition_key for request in _tick(home)[0]] == [hour_key(FIRST + 2 * HOUR)]
    home.instance.report_run_canceled(run)
    assert len(_tick(home)[0]) == 2


def test_the_sensor_waits_while_the_quota_of_the_day_is_used_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    monkeypatch.setenv("VIRAL_ASSETS_RPD", "100")
    ledger = only_ledger(home)
    ledger.block_today("the service says that the day is over")
    requests, why = _tick(home)
    assert requests == []
    assert "the service says that the day is over" in why


def test_the_sensor_goes_on_with_the_next_model_of_a_list(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    models = ["gemini-2.5-flash-lite", "gemini-3.5-flash-lite"]
    for path in load_settings().projects_dir.glob("*.yml"):
        changed = yaml.safe_load(path.read_text())
        changed["generation"] = {"model": models}
        (tmp_path / path.name).write_text(yaml.safe_dump(changed))
    monkeypatch.setenv("VIRAL_ASSETS_PROJECTS_DIR", str(tmp_path))
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    _, ledgers = configured_ledgers(load_settings(), home.database, models)
    first, second = ledgers.values()
    first.block_today("the day of the first model is over")
    assert len(_tick(home)[0]) == 2
    second.block_today("that of the second one too")
    requests, why = _tick(home)
    assert requests == []
    assert "the day of the first model is over" in why


def test_the_sensor_waits_while_the_budget_is_used_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-the-tests")
    monkeypatch.setenv("VIRAL_ASSETS_DAILY_BUDGET_USD", "2")
    ledger = only_ledger(home)
    status = ledger.status()
    spent = {"day": status.day, "requests": 7, "tokens": 7, "cost_usd": 2.5}
    home.execute(sa.insert(quota_days).values(quota_key=ledger._key, **spent))  # type: ignore[attr-defined]
    requests, why = _tick(home)
    assert requests == []
    assert "the budget of 2 USD" in why


def test_a_database_that_does_not_answer_is_told_and_tried_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(dg.DagsterError) as error:
        _tick(home)
    cause = error.value.__cause__
    assert isinstance(cause, DatabaseUnavailableError)
    assert "127.0.0.1" in str(cause)
    assert "secret" not in str(cause)


@pytest.fixture(scope="module")
def no_runs() -> Iterator[dg.DagsterInstance]:
    """In files: a schedule opens the instance by its reference. Nobody writes there."""
    with dg.DagsterInstance.local_temp() as instance:
        yield instance


def _top_up(instance: dg.DagsterInstance, at: datetime) -> tuple[Sequence[dg.RunRequest], str]:
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=at,
        repository_def=build_defs().get_repository_def(),
        resources={"tweet_source": TweetSourceResource(), "database": DatabaseResource()},
    ) as context:
        data = top_up_schedule.evaluate_tick(context)
    return data.run_requests or [], data.skip_message or ""


def test_the_daily_top_up_asks_for_the_hours_of_the_last_days_that_wait(
    home: Home, no_runs: dg.DagsterInstance
) -> None:
    requests, _ = _top_up(no_runs, FIRST + 2 * HOUR + timedelta(minutes=5))
    assert [request.partition_key for request in requests] == [hour_key(FIRST), hour_key(FIRST + 2 * HOUR)]
    assert {request.tags["viral_assets/trigger"] for request in requests} == {"top-up"}


def test_it_comes_back_every_day_to_what_still_waits(home: Home, no_runs: dg.DagsterInstance) -> None:
    one_day, next_day = (_top_up(no_runs, FIRST + days * 24 * HOUR)[0] for days in (1, 2))
    assert len(one_day) == len(next_day) == 2
    assert not {request.run_key for request in one_day} & {request.run_key for request in next_day}


def test_it_looks_no_further_back_than_it_is_told(
    home: Home, no_runs: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_TOP_UP_DAYS", "2")
    assert _top_up(no_runs, FIRST + 100 * HOUR) == ([], "no tweet of the last 2 days waits for a later run")


def test_it_asks_for_hours_that_a_service_was_not_read_to_its_end_for(home: Home, no_runs: dg.DagsterInstance) -> None:
    now = FIRST + 10 * HOUR
    notes = {4: "interrupted", 5: "", 6: f"{CAP_OF_HOUR}150 posts an hour is reached", 10: ""}
    for hour, note in notes.items():
        place = {"source": "x_api", "project": "demo", "query_sha256": "0" * 64, "window_start": FIRST + hour * HOUR}
        row = {**place, "query": "q", "done": False, "items": 5, "note": note, "updated_at": now}
        home.execute(sa.insert(source_windows).values(**row))
    requests, _ = _top_up(no_runs, now)
    asked = {hour for request in requests for hour in hours_of_run({**request.tags, **_partition(request)}) or ()}
    assert asked == {FIRST, FIRST + 2 * HOUR, FIRST + 4 * HOUR, FIRST + 5 * HOUR}


def test_it_asks_for_hours_with_tweets_that_never_had_a_run(home: Home, no_runs: dg.DagsterInstance) -> None:
    """The daemon was off, or the tweets came with a file that the run of another hour has read."""
    now = FIRST + 10 * HOUR
    for number in (7, 8, 9, 10):
        home.drop(f"{number}.json", tweets_of(FIRST + number * HOUR))
    TweetSourceResource().ingest(home.database, datetime.now(UTC))
    requests, _ = _top_up(no_runs, now + timedelta(minutes=5))
    asked = {hour for request in requests for hour in hours_of_run({**request.tags, **_partition(request)}) or ()}
    assert asked >= {FIRST + 7 * HOUR, FIRST + 8 * HOUR}
    assert not asked & {FIRST + 9 * HOUR, FIRST + 10 * HOUR}, "their own run may only be about to begin"


def _partition(request: dg.RunRequest) -> dict[str, str]:
    return {"dagster/partition": request.partition_key} if request.partition_key else {}


def test_it_runs_when_the_day_of_the_quota_has_begun() -> None:
    assert top_up_schedule.cron_schedule == "5 0 * * *"
    assert top_up_schedule.execution_timezone == "America/Los_Angeles"
