"""Whose turn it is to be answered, and when anybody is there to answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from viral_assets.projects.engagement import WEEKDAYS, Engagement
from viral_assets.scoring import Selected, SelectionOptions, select_opportunities
from viral_assets.scoring.engagement import Author, EngagementHistory, EngagementTurn, EngagementTurns
from viral_assets.scoring.posting_hours import PostingHours
from viral_assets_tests.laws import tried_on
from viral_assets_tests.scoring.examples import HOUR
from viral_assets_tests.scoring.test_selection import Row, numbers, options, reasons, recent, row, select, vectors_of

DAY = timedelta(days=1)
ONE_HOUR = timedelta(hours=1)


def saying(**values: Any) -> Engagement:
    """As a project file says it."""
    return Engagement.model_validate(values)


def engaging(**values: Any) -> SelectionOptions:
    return options(max_candidates=50, engagement=saying(**values))


def answered(
    number: int, *, hours: float, replied: float | None = None, stays: bool = True, **author: Any
) -> EngagementTurn:
    """A tweet of ``hours`` after the first hour that has suggestions, one of which was approved at ``replied``."""
    of = row(number) | author
    return EngagementTurn.of(
        of["tweet_id"],
        of["author_id"],
        of["author_handle"],
        of["conversation_id"],
        HOUR + timedelta(hours=hours),
        replied_at=None if replied is None else HOUR + timedelta(hours=replied),
        stays=stays,
    )


class TestAuthors:
    def test_of_the_tweets_of_one_author_the_best_is_chosen(self) -> None:
        rows = [row(1, 0.5, author_id="x"), row(2, 0.9, author_id="x"), row(3, 0.7, author_id="x"), row(4, 0.1)]
        selected = select(*rows, options=engaging())
        assert numbers(selected) == [2, 4]
        assert reasons(selected) == {"author": 2}

    def test_over_several_hours_the_earliest_one_has_the_turn(self) -> None:
        rows = [row(1, 0.4, author_id="x"), row(2, 0.9, hours=3, author_id="x"), row(3, 0.4, hours=3)]
        selected = select(*rows, options=engaging())
        assert numbers(selected) == [1, 3]
        assert reasons(selected, hours=3) == {"author": 1}

    def test_after_the_days_the_author_has_a_turn_again(self) -> None:
        rows = [row(1, author_id="x"), row(2, hours=71, author_id="x"), row(3, hours=72, author_id="x")]
        assert numbers(select(*rows, options=engaging(author_days=3))) == [1, 3]

    def test_several_replies_in_the_days_are_one_an_hour(self) -> None:
        rows = [row(number, hours=number // 2, author_id="x") for number in range(8)]
        assert numbers(select(*rows, options=engaging(replies_per_author=3))) == [0, 2, 4]

    def test_any_number_of_replies(self) -> None:
        rows = [row(number, author_id="x") for number in range(3)]
        assert numbers(select(*rows, options=engaging(replies_per_author=None))) == [0, 1, 2]

    @pytest.mark.parametrize(
        ("other", "same"),
        [
            ({"author_id": "7", "author_handle": "renamed"}, True),
            ({"author_id": None, "author_handle": "@Mara"}, True),
            ({"author_id": None, "author_handle": "mara2"}, False),
            ({"author_id": "8", "author_handle": "mara"}, False),
            ({"author_id": None, "author_handle": ""}, False),
        ],
    )
    @pytest.mark.parametrize("first", [True, False])
    def test_an_author_is_known_by_id_else_by_handle(self, other: Row, first: bool, same: bool) -> None:
        mara: Row = {"author_id": "7", "author_handle": "Mara"}
        one, two = (mara, other) if first else (other, mara)
        assert numbers(select(row(1, **one), row(2, 0.4, **two), options=engaging())) == ([1] if same else [1, 2])

    def test_of_whom_nothing_is_known_nobody_is_held_back(self) -> None:
        nobody: Row = {"author_id": None, "author_handle": ""}
        assert numbers(select(row(1, **nobody), row(2, **nobody), options=engaging())) == [1, 2]

    def test_an_empty_handle_is_found_by_nobody(self) -> None:
        assert Author.of(None, " @ ") == Author("", "")

    def test_a_reply_counts_from_when_it_was_decided_about(self) -> None:
        turns = [answered(90, hours=-200, replied=-100, author_id="x")]
        mine = row(1, author_id="x")
        held = select(mine, options=engaging(), engaged=EngagementHistory(turns))
        assert (numbers(held), reasons(held)) == ([], {"author": 1})
        assert numbers(
            select(mine, options=engaging(), engaged=EngagementHistory([replace(turns[0], until=turns[0].hour)]))
        ) == [1]

    def test_what_was_chosen_before_and_is_undecided_has_the_turn_too(self) -> None:
        before = EngagementHistory([answered(90, hours=-24, stays=False, author_id="x")])
        assert numbers(select(row(1, author_id="x"), options=engaging(), engaged=before)) == []

    def test_an_earlier_hour_that_is_selected_anew_lets_go_of_what_has_no_suggestions(self) -> None:
        before = EngagementHistory([answered(90, hours=0, stays=False, author_id="x")])
        assert numbers(select(row(1, author_id="x"), options=engaging(), engaged=before)) == [1]

    def test_a_later_tweet_that_has_suggestions_keeps_an_earlier_one_out(self) -> None:
        later = EngagementHistory([answered(90, hours=5, author_id="x")])
        assert numbers(select(row(1, author_id="x"), options=engaging(), engaged=later)) == []
        undecided = EngagementHistory([answered(90, hours=5, stays=False, author_id="x")])
        assert numbers(select(row(1, author_id="x"), options=engaging(), engaged=undecided)) == [1]

    def test_a_tweet_with_suggestions_stays_and_has_the_turn(self) -> None:
        rows = [row(1, 0.9, author_id="x"), row(2, 0.3, author_id="x"), row(3, 0.2, author_id="x")]
        kept = {rows[1]["tweet_id"], rows[2]["tweet_id"]}
        turns = EngagementHistory([answered(number, hours=0, author_id="x") for number in (2, 3)])
        assert numbers(select(*rows, options=engaging(), kept=kept, engaged=turns)) == [2, 3]

    def test_one_whose_suggestions_were_all_rejected_stays_and_leaves_the_turn_to_others(self) -> None:
        rows = [row(1, 0.9, author_id="x"), row(2, 0.3, author_id="x")]
        assert numbers(select(*rows, options=engaging(), kept={rows[1]["tweet_id"]})) == [1, 2]


class TestConversations:
    def test_of_a_conversation_the_best_is_chosen_whoever_wrote_it(self) -> None:
        opening = row(1, 0.5)
        rows = [opening, row(2, 0.9, conversation_id=opening["tweet_id"]), row(3, 0.6, conversation_id="9")]
        selected = select(*rows, options=engaging())
        assert numbers(selected) == [2, 3]
        assert reasons(selected) == {"conversation": 1}
        assert numbers(select(*rows, options=engaging(one_per_conversation=False))) == [2, 3, 1]

    def test_it_has_its_turn_for_a_week(self) -> None:
        rows = [row(number, hours=hours, conversation_id="c") for number, hours in enumerate((0, 167, 168))]
        assert numbers(select(*rows, options=engaging())) == [0, 2]


class TestQuietTimes:
    def test_an_hour_is_chosen_if_somebody_is_there_when_it_ends(self) -> None:
        posting = PostingHours(saying(active_hours="07:00-22:00", time_zone="Europe/Berlin"))
        # In November, Berlin is an hour ahead of UTC.
        active = [hour for hour in range(24) if not posting.is_quiet(datetime.fromisoformat(f"2026-11-21T{hour:02}Z"))]
        assert active == list(range(5, 20))

    def test_active_hours_may_go_on_after_midnight(self) -> None:
        posting = PostingHours(saying(active_hours="22:00-02:00"))
        active = [hour for hour in range(24) if not posting.is_quiet(datetime.fromisoformat(f"2026-11-21T{hour:02}Z"))]
        assert active == [0, 21, 22, 23]

    def test_quiet_days_are_days_of_the_week_or_dates(self) -> None:
        posting = PostingHours(saying(quiet_days=["Sat", date(2026, 11, 24)], time_zone="America/New_York"))
        quiet = {
            posting.day(hour) for hour in (HOUR + number * ONE_HOUR for number in range(240)) if posting.is_quiet(hour)
        }
        assert quiet == {date(2026, 11, 21), date(2026, 11, 24), date(2026, 11, 28)}

    def test_what_came_then_is_counted_as_such_and_what_has_suggestions_stays(self) -> None:
        rows = [row(1), row(2), row(3, gate="language")]
        quiet = engaging(quiet_days=WEEKDAYS)
        selected = select(*rows, options=quiet, kept={rows[0]["tweet_id"]})
        assert numbers(selected) == [1]
        assert reasons(selected) == {"gate": 1, "quiet": 1}

    def test_the_day_has_as_many_hours_as_its_clocks_say(self) -> None:
        for day, hours in ((date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 10, 25), 25)):
            posting = PostingHours(saying(replies_per_day=hours, time_zone="Europe/Berlin"))
            start = datetime.fromisoformat(f"{day}T00:00+00:00") - 5 * ONE_HOUR
            of_day = [hour for number in range(40) if posting.day(hour := start + number * ONE_HOUR) == day]
            assert len(of_day) == hours
            assert [posting.room(hour, {}, {}) for hour in of_day] == list(range(1, hours + 1))


class TestTheDaysCap:
    def test_an_hour_has_its_share_and_what_earlier_ones_left(self) -> None:
        start = datetime.fromisoformat("2026-11-21T00Z") - ONE_HOUR
        first = (start - HOUR) / ONE_HOUR
        rows = [row(hour * 10 + number, hours=first + hour) for hour in (1, 5, 23) for number in range(9)]
        selected = select(*rows, options=engaging(replies_per_day=8))
        taken = Counter(window.to_pydatetime() for window in selected.frame["window_start"])
        assert [taken[start + hour * ONE_HOUR] for hour in (1, 5, 23)] == [1, 1, 6]
        assert selected.dropped[start + ONE_HOUR] == {"day_cap": 8}

    def test_only_active_hours_have_a_share(self) -> None:
        engagement = saying(replies_per_day=2, active_hours="10:00-12:00")
        posting = PostingHours(engagement)
        hours = [datetime.fromisoformat(f"2026-11-21T{hour:02}Z") for hour in (8, 9, 10, 11)]
        assert [posting.room(hour, {}, {}) for hour in hours] == [0, 1, 2, 2]

    def test_what_has_suggestions_in_later_hours_is_not_taken_twice(self) -> None:
        posting = PostingHours(saying(replies_per_day=24))
        noon = datetime.fromisoformat("2026-11-21T12Z")
        assert posting.room(noon, {}, {}) == 14
        assert posting.room(noon, {noon - ONE_HOUR: 4, noon + ONE_HOUR: 9, noon - DAY: 9}, {}) == 10
        assert posting.room(noon, {}, {noon + ONE_HOUR: 20, noon - ONE_HOUR: 20}) == 4

    def test_the_hours_own_cap_comes_first_where_it_is_smaller(self) -> None:
        rows = [row(number) for number in range(9)]
        one_an_hour = options(max_candidates=1, engagement=saying(replies_per_day=1000))
        assert reasons(select(*rows, options=one_an_hour)) == {"over_the_cap": 8}


@dataclass(frozen=True)
class World:
    """Tweets, which of them have suggestions, and whom of those somebody answered when, or turned down."""

    rows: Sequence[Row]
    options: SelectionOptions
    kept: frozenset[int]
    replied: dict[int, float]
    turned_down: frozenset[int]

    def row_of(self, tweet_id: str) -> Row:
        return next(each for each in self.rows if each["tweet_id"] == tweet_id)

    @property
    def kept_ids(self) -> set[str]:
        return {each["tweet_id"] for number, each in enumerate(self.rows) if number in self.kept}

    def staying(self) -> list[EngagementTurn]:
        return [
            turn_of(each, replied=self.replied.get(number), stays=True)
            for number, each in enumerate(self.rows)
            if number in self.kept - self.turned_down
        ]

    def select(self, rows: Sequence[Row], chosen: Sequence[Row] = ()) -> Selected:
        """What is selected of some rows, after what was chosen before."""
        by_hour = Counter(each["window_start"] for each in self.rows if each["tweet_id"] in self.kept_ids)
        engaged = EngagementHistory(
            [*self.staying(), *(turn_of(each) for each in chosen if each["tweet_id"] not in self.kept_ids)],
            Counter(each["window_start"] for each in chosen),
            by_hour,
        )
        return select(*rows, options=self.options, kept=self.kept_ids, engaged=engaged, before=recent(*chosen))


def turn_of(each: Row, *, replied: float | None = None, stays: bool = False) -> EngagementTurn:
    at = None if replied is None else each["window_start"] + timedelta(hours=replied)
    return EngagementTurn.of(
        each["tweet_id"],
        each["author_id"],
        each["author_handle"],
        each["conversation_id"],
        each["window_start"],
        replied_at=at,
        stays=stays,
    )


@st.composite
def worlds(draw: st.DrawFn, *, some_kept: bool = True) -> World:
    size = draw(st.integers(0, 20))
    authors = st.sampled_from([("1", "a"), ("1", "A2"), (None, "@A"), ("2", "b"), (None, "b"), (None, "")])
    rows = []
    for number in range(size):
        author_id, handle = draw(authors)
        rows.append(
            row(
                number,
                draw(st.sampled_from([0.3, 0.5, 0.7])),
                hours=draw(st.sampled_from([0, 1, 2, 5, 30, 170])),
                author_id=author_id,
                author_handle=handle,
                conversation_id=draw(st.sampled_from([None, None, "c", row(0)["tweet_id"]])),
                text=f"own {number}",
                axis=number % 16 if draw(st.booleans()) else 0,
                label=draw(st.sampled_from(["red", "yellow", "green"])),
            )
        )
    engagement = saying(
        replies_per_author=draw(st.sampled_from([None, 1, 2])),
        author_days=draw(st.sampled_from([1, 2, 7])),
        one_per_conversation=draw(st.booleans()),
        replies_per_day=draw(st.sampled_from([None, 1, 3, 30])),
        active_hours=draw(st.sampled_from([None, "06:00-23:30", "20:00-04:00"])),
        quiet_days=draw(st.sampled_from([(), ("monday",), ("saturday", "sunday")])),
        time_zone=draw(st.sampled_from(["UTC", "Asia/Kolkata", "America/Los_Angeles"])),
    )
    indices = st.frozensets(st.integers(0, 19)) if some_kept else st.just(frozenset[int]())
    return World(
        rows,
        options(max_candidates=draw(st.sampled_from([1, 5])), engagement=engagement),
        draw(indices),
        draw(st.dictionaries(st.integers(0, 19), st.sampled_from([1.0, 40.0, 200.0]))),
        draw(indices),
    )


def same_author(one: Row, other: Row) -> bool:
    """In the words of the documentation, and not as it is programmed."""
    if one["author_id"] and other["author_id"]:
        return bool(one["author_id"] == other["author_id"])
    bare = [str(each["author_handle"]).lstrip("@").lower() for each in (one, other)]
    return bare[0] == bare[1] != ""


@tried_on(1 / 2)
@given(worlds(some_kept=False))
def test_no_author_is_chosen_more_often_than_the_project_says(world: World) -> None:
    engagement = world.options.engagement
    chosen = [world.row_of(tweet_id) for tweet_id in world.select(world.rows).frame["tweet_id"]]
    if engagement.replies_per_author is None:
        return
    period = timedelta(days=engagement.author_days)
    for each in chosen:
        before = [
            other
            for other in chosen
            if other is not each
            and same_author(each, other)
            and timedelta(0) <= each["window_start"] - other["window_start"] < period
        ]
        # Of one hour each is the other's; hours before count once.
        assert len(before) < engagement.replies_per_author
        assert all(other["window_start"] != each["window_start"] for other in before)


@tried_on(1 / 2)
@given(worlds(some_kept=False))
def test_of_a_conversation_at_most_one_is_chosen_in_a_week(world: World) -> None:
    if not world.options.engagement.one_per_conversation:
        return
    chosen = [world.row_of(tweet_id) for tweet_id in world.select(world.rows).frame["tweet_id"]]
    for one, other in combinations(chosen, 2):
        if (one["conversation_id"] or one["tweet_id"]) == (other["conversation_id"] or other["tweet_id"]):
            assert abs(one["window_start"] - other["window_start"]) >= timedelta(days=7)


@tried_on(1 / 2)
@given(worlds())
def test_nothing_new_is_chosen_beside_what_was_answered_or_is_there_to_be(world: World) -> None:
    engagement, kept = world.options.engagement, world.kept_ids
    chosen = [world.row_of(tweet_id) for tweet_id in world.select(world.rows).frame["tweet_id"]]
    assert kept <= {each["tweet_id"] for each in chosen}, "what has suggestions stays"
    if engagement.replies_per_author != 1:
        return
    period = timedelta(days=engagement.author_days)
    for number, other in enumerate(world.rows):
        if number not in world.kept - world.turned_down:
            continue
        since = other["window_start"]
        until = since + timedelta(hours=world.replied.get(number, 0))
        for each in chosen:
            if each["tweet_id"] not in kept and same_author(each, other):
                assert not since - period < each["window_start"] < until + period


@tried_on(1 / 2)
@given(worlds())
def test_a_day_and_a_quiet_time_are_kept_to(world: World) -> None:
    engagement, kept = world.options.engagement, world.kept_ids
    posting = PostingHours(engagement)
    chosen = [world.row_of(tweet_id) for tweet_id in world.select(world.rows).frame["tweet_id"]]
    new = [each for each in chosen if each["tweet_id"] not in kept]
    assert not any(posting.is_quiet(each["window_start"]) for each in new)
    if engagement.replies_per_day is not None:
        days = Counter(posting.day(each["window_start"]) for each in chosen)
        for each in new:
            assert days[posting.day(each["window_start"])] <= engagement.replies_per_day


@tried_on(1 / 2)
@given(worlds())
def test_hours_selected_together_or_one_after_the_other_give_the_same(world: World) -> None:
    together = world.select(world.rows)
    chosen: list[Row] = []
    frames = []
    for hour in sorted({each["window_start"] for each in world.rows}):
        of_hour = [each for each in world.rows if each["window_start"] == hour]
        selected = world.select(of_hour, chosen)
        frames.append(selected.frame)
        chosen += [each for each in of_hour if each["tweet_id"] in set(selected.frame["tweet_id"])]
        assert selected.dropped[hour] == together.dropped[hour]
    if frames:
        assert_frame_equal(pd.concat(frames, ignore_index=True), together.frame)


@tried_on(1 / 2)
@given(worlds())
def test_selecting_again_after_everything_got_suggestions_changes_nothing(world: World) -> None:
    first = world.select(world.rows)
    ids = set(first.frame["tweet_id"])
    everything = frozenset(number for number, each in enumerate(world.rows) if each["tweet_id"] in ids)
    again = replace(world, kept=everything, turned_down=frozenset()).select(world.rows)
    assert_frame_equal(again.frame, first.frame)


@tried_on(1 / 2)
@given(worlds(some_kept=False))
def test_who_has_to_wait_waits_for_somebody_who_was_chosen(world: World) -> None:
    """Nobody waits for a turn that no one has."""
    engagement = world.options.engagement
    selected = world.select(world.rows)
    chosen = [world.row_of(tweet_id) for tweet_id in selected.frame["tweet_id"]]
    turns = EngagementTurns(engagement, map(turn_of, chosen))
    waiting = sum(counts["author"] + counts["conversation"] for counts in selected.dropped.values())
    objected = sum(turns.objection(turn_of(each)) is not None for each in world.rows if each not in chosen)
    assert waiting <= objected


def test_without_anything_known_of_before_the_tweets_themselves_have_turns() -> None:
    rows = [row(1), row(2, author_id="a1")]
    scored = pd.DataFrame(rows).drop(columns="axis")
    selected = select_opportunities(scored, vectors_of(rows), options=engaging(), recent=recent())
    assert numbers(selected) == [1]
