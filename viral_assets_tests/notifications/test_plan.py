"""What is told when, by values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.hours import floor_hour
from viral_assets.notifications.plan import LONGEST_PAUSE, NotificationPlan, Rules, pause_after, plan
from viral_assets.notifications.quiet import longest_wait, quiet_time, quiet_until
from viral_assets.projects.engagement import ActiveHours
from viral_assets.queries.news import Candidate
from viral_assets.vocabulary import GREEN, RED, UNKNOWN, WAITING, YELLOW, Label
from viral_assets_tests.notifications.news import NOW, project

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = ActiveHours(first=22 * 60, last=7 * 60)


def rules(**told: Any) -> Rules:
    return Rules.of(project(**told))


def found(
    tweet_id: str = "1", *, minutes: float = 12, at: datetime = NOW, ready: datetime | None = None, label: Label = GREEN
) -> Candidate:
    created = at - timedelta(minutes=minutes)
    return Candidate(tweet_id, floor_hour(created), label, 0.7, created, ready or at)


def ids(planned: NotificationPlan) -> list[list[str]]:
    return [[each.tweet_id for each in tweets] for tweets in planned.messages]


def test_a_digest_is_one_message_with_the_best_first() -> None:
    news = [found("3", label=RED), found("1", label=YELLOW), found("2")]
    assert ids(plan(news, rules(), NOW)) == [["2", "1", "3"]]


def test_each_one_is_a_message_and_what_is_too_much_comes_together_in_the_last() -> None:
    news = [found(str(number)) for number in range(7)]
    assert ids(plan(news[:3], rules(mode="each", at_most=3), NOW)) == [["0"], ["1"], ["2"]]
    assert ids(plan(news, rules(mode="each", at_most=3), NOW)) == [["0"], ["1"], ["2", "3", "4", "5", "6"]]


def test_what_is_old_is_no_news_however_late_it_was_drafted() -> None:
    backfilled = found(minutes=60 * 24 * 30, ready=NOW)
    assert plan([backfilled, found("2", minutes=180), found("3", minutes=181)], rules(), NOW) == plan(
        [found("2", minutes=180)], rules(), NOW
    )
    assert plan([backfilled], rules(max_age_hours=48), NOW) == NotificationPlan()


def test_in_quiet_hours_nothing_is_told_and_afterwards_one_digest_also_where_each_is_told() -> None:
    quiet = {"quiet_hours": "22:00-07:00", "time_zone": "Europe/Berlin", "mode": "each"}
    morning = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 07:00 in Berlin
    news = [found("1", minutes=5), found("2", minutes=30)]
    assert plan(news, rules(**quiet), NOW) == NotificationPlan(wait=2, quiet_until=morning)
    fresh = found("3", at=morning, ready=morning)
    assert ids(plan([*news, fresh], rules(**quiet), morning)) == [["1", "2"], ["3"]]


def test_the_night_does_not_make_news_old_and_the_day_does() -> None:
    quiet = rules(quiet_hours="22:00-07:00", time_zone="Europe/Berlin", max_age_hours=1)
    morning = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    at_night = found("1", minutes=30)
    assert ids(plan([at_night], quiet, morning)) == [["1"]]
    assert ids(plan([at_night], quiet, morning + timedelta(minutes=30))) == [["1"]]
    assert ids(plan([at_night], quiet, morning + timedelta(minutes=31))) == []


def test_a_channel_that_did_not_take_a_message_has_a_pause_that_grows() -> None:
    later = NOW + timedelta(seconds=30)
    assert plan([found()], rules(), NOW, later) == NotificationPlan(wait=1, tried_again_at=later)
    assert ids(plan([found()], rules(), later, later)) == [["1"]]
    pauses = [pause_after(WAITING, attempts) for attempts in range(20)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[1], pauses[-1]) == (timedelta(seconds=30), timedelta(minutes=1), LONGEST_PAUSE)
    assert pause_after(UNKNOWN, 0) > pauses[0]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-21T21:00+00:00", "2026-11-22T06:00+00:00"),
        ("2026-11-22T05:59+00:00", "2026-11-22T06:00+00:00"),
        ("2026-11-22T06:00+00:00", None),
        ("2026-11-21T20:59+00:00", None),
        # The night in which the clock is put back has an hour more, and the other one an hour less.
        ("2026-10-24T20:00+00:00", "2026-10-25T06:00+00:00"),
        ("2026-03-28T21:00+00:00", "2026-03-29T05:00+00:00"),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(now: str, until: str | None) -> None:
    assert quiet_until(datetime.fromisoformat(now), NIGHT, BERLIN) == (until and datetime.fromisoformat(until))


def test_quiet_hours_may_end_at_midnight() -> None:
    evening = ActiveHours(first=20 * 60, last=24 * 60)
    assert quiet_until(NOW, evening, ZoneInfo("UTC")) == datetime(2026, 11, 22, tzinfo=UTC)


@given(
    hours=st.builds(ActiveHours, first=st.integers(0, 1439), last=st.integers(0, 1440)).filter(
        lambda hours: hours.first != hours.last % 1440
    ),
    minutes=st.integers(0, 5 * 24 * 60),
    max_age=st.integers(1, 48),
)
def test_quiet_time_is_what_quiet_until_says_minute_by_minute(hours: ActiveHours, minutes: int, max_age: int) -> None:
    start = datetime(2026, 10, 23, 12, tzinfo=UTC)  # over the end of summer time
    end = start + timedelta(minutes=minutes)
    counted, at = 0, start
    while at < end:
        until = quiet_until(at, hours, BERLIN)
        counted += until is not None
        at += timedelta(minutes=1)
    assert quiet_time(start, end, hours, BERLIN) == timedelta(minutes=counted)
    # What is looked for reaches back as far as anything can be news.
    awake_since = end - start - quiet_time(start, end, hours, BERLIN)
    if awake_since <= timedelta(hours=max_age):
        assert end - start <= longest_wait(timedelta(hours=max_age), hours)
