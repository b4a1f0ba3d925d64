"""Which tweets become opportunities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from viral_assets.projects.model import Minima
from viral_assets.scoring import (
    OPPORTUNITY_COLUMNS,
    RecentOpportunities,
    Selected,
    SelectionOptions,
    select_opportunities,
)
from viral_assets.scoring.engagement import NOTHING_ENGAGED, EngagementHistory
from viral_assets.scoring.selection import selection_counts
from viral_assets.scoring.similarity import Vectors
from viral_assets.store.tables import comment_opportunities
from viral_assets.vocabulary import CHOSEN, DROP_REASONS
from viral_assets_tests.laws import tried_on
from viral_assets_tests.scoring.examples import HOUR, project

DIMENSIONS = 16
OPTIONS = SelectionOptions(max_candidates=3, minima=Minima(followers=0), duplicate_similarity=0.9)
Row = dict[str, Any]


def row(number: int, total: float = 0.5, *, hours: float = 0, **changes: Any) -> Row:
    """A scored tweet of a window ``hours`` after the first, whose text no other one has."""
    window = HOUR + timedelta(hours=hours)
    given: Row = {
        "project": "example",
        "tweet_id": str(1990000000000000000 + number),
        "window_start": window,
        "total": total,
        "label": "yellow",
        "topic": "sleep",
        "gate": "pass",
        "relevance": 0.7,
        "unsafe": "",
        "why": f"reason {number}",
        "text": f"text number {number}",
        "author_id": f"a{number}",
        "author_handle": f"author_{number}",
        "author_followers": 5_000,
        "like_count": 10,
        "view_count": 100,
        "conversation_id": None,
        "axis": number % DIMENSIONS,
    }
    return given | changes


def vectors_of(rows: list[Row]) -> Vectors:
    """Each row's vector points along the axis it names; a fraction leans to the next axis."""
    vectors = np.zeros((len(rows), DIMENSIONS), dtype=np.float32)
    for number, each in enumerate(rows):
        axis, lean = int(each["axis"]), each["axis"] % 1
        vectors[number, axis] = np.sqrt(1 - lean**2)
        vectors[number, (axis + 1) % DIMENSIONS] += lean
    return vectors


def recent(*rows: Row) -> RecentOpportunities:
    return RecentOpportunities(
        [each["text"] for each in rows], vectors_of(list(rows)), [each["window_start"] for each in rows]
    )


def select(
    *rows: Row,
    options: SelectionOptions = OPTIONS,
    before: RecentOpportunities | None = None,
    kept: Collection[str] = (),
    engaged: EngagementHistory = NOTHING_ENGAGED,
) -> Selected:
    columns = [name for name in row(0) if name != "axis"]
    scored = pd.DataFrame(list(rows), columns=[*columns, "axis"])[columns]
    scored["window_start"] = pd.to_datetime(scored["window_start"], utc=True).dt.as_unit("us")
    return select_opportunities(
        scored,
        vectors_of(list(rows)),
        options=options,
        recent=before or RecentOpportunities.none(DIMENSIONS),
        kept=kept,
        engaged=engaged,
    )


def numbers(selected: Selected) -> list[int]:
    return [int(tweet_id) - 1990000000000000000 for tweet_id in selected.frame["tweet_id"]]


def reasons(selected: Selected, hours: float = 0) -> dict[str, int]:
    return dict(selected.dropped[HOUR + timedelta(hours=hours)])


def options(**changes: Any) -> SelectionOptions:
    given: dict[str, Any] = {"max_candidates": 3, "minima": Minima(followers=0), "duplicate_similarity": 0.9}
    return SelectionOptions(**given | changes)


def test_the_columns_are_those_of_the_table() -> None:
    # When they were chosen is the run's to say.
    assert [*OPPORTUNITY_COLUMNS, "chosen_at"] == list(comment_opportunities.c.keys())
    assert list(select(row(1)).frame.columns) == list(OPPORTUNITY_COLUMNS)


def test_the_best_of_each_hour_are_taken_in_order_and_ranked() -> None:
    rows = [row(1, 0.5), row(2, 0.9), row(3, 0.4), row(4, 0.7), row(5, 0.6, hours=1), row(6, 0.8, hours=1)]
    selected = select(*rows)
    assert numbers(selected) == [2, 4, 1, 6, 5]
    assert selected.frame["rank"].tolist() == [1, 2, 3, 1, 2]
    assert selected.frame["why"].iloc[0] == "reason 2"
    assert reasons(selected) == {"over_the_cap": 1}
    assert reasons(selected, hours=1) == {}


def test_of_equal_ones_the_older_tweet_comes_first() -> None:
    rows = [row(10), row(9), row(11), {**row(1), "tweet_id": "999"}]
    assert select(*rows).frame["tweet_id"].tolist() == ["999", row(9)["tweet_id"], row(10)["tweet_id"]]


def test_no_tweets_no_opportunities() -> None:
    selected = select()
    assert list(selected.frame.columns) == list(OPPORTUNITY_COLUMNS)
    assert len(selected.frame) == 0
    assert selected.dropped == {}


def test_each_tweet_is_dropped_for_the_first_reason_that_applies() -> None:
    selected = select(
        row(1, gate="language", label="red", author_followers=0),
        row(2, label="red", author_followers=0),
        row(3, author_followers=999),
        row(4),
        options=options(minima=Minima(followers=1_000)),
    )
    assert numbers(selected) == [4]
    assert reasons(selected) == {"gate": 1, "label": 1, "minima": 1}


def test_the_gate_and_the_labels_can_be_overruled() -> None:
    rows = [row(1, gate="retweet"), row(2, label="red"), row(3, label="green")]
    assert numbers(select(*rows)) == [3]
    assert numbers(select(*rows, options=options(use_gate=False))) == [1, 3]
    assert numbers(select(*rows, options=options(skip_low_scores=False))) == [2, 3]
    assert numbers(select(*rows, options=options(use_gate=False, greens_only=True))) == [3]


@pytest.mark.parametrize(
    ("minima", "column"),
    [
        (Minima(followers=1), "author_followers"),
        (Minima(followers=0, likes=1), "like_count"),
        (Minima(followers=0, views=1), "view_count"),
    ],
)
def test_what_is_not_known_is_below_no_minimum_unless_the_project_says_so(minima: Minima, column: str) -> None:
    rows = [row(1) | {column: None}, row(2) | {column: 0}, row(3) | {column: 1}]
    passing = select(*rows, options=options(minima=minima))
    assert (numbers(passing), reasons(passing)) == ([1, 3], {"minima": 1})
    failing = select(*rows, options=options(minima=minima.model_copy(update={"unknown": "fail"})))
    assert (numbers(failing), reasons(failing)) == ([3], {"minima": 1, "unknown": 1})


def test_a_minimum_of_0_asks_for_nothing_known() -> None:
    nothing_known = dict.fromkeys(("author_followers", "like_count", "view_count"))
    minima = Minima(followers=0, unknown="fail")
    assert numbers(select(row(1) | nothing_known, options=options(minima=minima))) == [1]


def test_a_figure_below_its_minimum_counts_before_one_that_is_unknown() -> None:
    minima = Minima(followers=1, likes=1, unknown="fail")
    assert reasons(select(row(1, like_count=0, author_followers=None), options=options(minima=minima))) == {"minima": 1}


def test_of_a_group_that_says_the_same_the_best_is_taken() -> None:
    selected = select(row(1, 0.5, axis=3), row(2, 0.9, axis=3.2), row(3, 0.7, axis=4))
    assert numbers(selected) == [2, 3]
    assert reasons(selected) == {"duplicate": 1}


def test_the_same_words_are_the_same_even_if_their_vectors_are_not() -> None:
    selected = select(
        row(1, 0.9, text="I quit. https://t.co/a"), row(2, text="@you I QUIT!"), row(3, text="RT @b: i quit")
    )
    assert numbers(selected) == [1]
    assert reasons(selected) == {"duplicate": 2}


def test_texts_of_links_only_are_not_duplicates_of_each_other() -> None:
    rows = [row(1, text="https://t.co/a"), row(2, text="https://t.co/b")]
    assert numbers(select(*rows, options=options(use_gate=False))) == [1, 2]


def test_a_tweet_like_one_of_the_last_days_is_left_out() -> None:
    for days, expected in ((1 / 24, []), (7, []), (7 + 1 / 24, [1])):
        earlier = recent(row(90, hours=-24 * days, axis=1))
        assert numbers(select(row(1, axis=1), before=earlier)) == expected


def test_a_duplicate_does_not_take_a_place() -> None:
    rows = [row(number, 1 - number / 100) for number in range(8)]
    selected = select(*rows, before=recent(row(0, hours=-1), row(2, hours=-1)))
    assert numbers(selected) == [1, 3, 4]
    assert reasons(selected) == {"duplicate": 2, "over_the_cap": 3}


def test_later_windows_and_the_ones_selected_anew_do_not_count_as_before() -> None:
    rows = [row(1, axis=1), row(2, hours=1, axis=2)]
    again = recent(
        row(91, hours=0, axis=1), row(92, hours=1, axis=2), row(93, hours=2, axis=1), row(94, hours=2, axis=2)
    )
    assert numbers(select(*rows, before=again)) == [1, 2]


def test_a_tweet_with_suggestions_stays_whatever_the_options_say_now() -> None:
    rows = [row(1, 0.9), row(2, 0.8), row(3, 0.7), row(4, 0.1, gate="language", label="red", author_followers=0)]
    kept = {rows[3]["tweet_id"]}
    selected = select(*rows, kept=kept, before=recent(row(4, hours=-1)))
    assert numbers(selected) == [1, 2, 4], "it counts towards the cap"
    assert selected.frame["rank"].tolist() == [1, 2, 3]
    assert reasons(selected) == {"over_the_cap": 1}


def test_more_tweets_with_suggestions_than_the_cap_allows_all_stay() -> None:
    rows = [row(number, 0.5) for number in range(6)]
    assert numbers(select(*rows, kept={each["tweet_id"] for each in rows[1:]})) == [1, 2, 3, 4, 5]


def test_a_better_tweet_that_says_what_a_kept_one_says_is_left_out() -> None:
    selected = select(row(1, 0.9, axis=5), row(2, 0.5, axis=5), kept={row(2)["tweet_id"]})
    assert numbers(selected) == [2]
    assert reasons(selected) == {"duplicate": 1}


@st.composite
def scored_rows(draw: st.DrawFn) -> list[Row]:
    size = draw(st.integers(0, 25))
    return [
        row(
            number,
            draw(st.sampled_from([0.3, 0.5, 0.7])),
            hours=draw(st.sampled_from([0, 1, 2, 5, 170])),
            axis=draw(st.sampled_from([0, 0.2, 1, 2, 3])),
            text=draw(st.sampled_from(["one", "two", f"own {number}"])),
            gate=draw(st.sampled_from(["pass", "pass", "language"])),
            label=draw(st.sampled_from(["red", "yellow", "green"])),
            relevance=draw(st.sampled_from([0.7, None])),
            author_followers=draw(st.sampled_from([5_000, 5_000, 10, None])),
            like_count=draw(st.sampled_from([10, 10, 0, None])),
            view_count=draw(st.sampled_from([100, 100, 0, None])),
            author_id=draw(st.sampled_from([f"a{number}", None])),
            author_handle=draw(st.sampled_from([f"author_{number}", ""])),
        )
        for number in range(size)
    ]


kept_numbers = st.sets(st.integers(0, 25))


def ids(of: set[int]) -> set[str]:
    return {row(number)["tweet_id"] for number in of}


minima = st.sampled_from(
    [Minima(followers=0), *(Minima(followers=100, likes=1, views=1, unknown=unknown) for unknown in ("pass", "fail"))]
)


@tried_on(1 / 3)
@given(scored_rows(), kept_numbers, minima)
def test_the_counts_of_an_hour_add_up_to_what_was_read_of_it(rows: list[Row], kept: set[int], asked: Minima) -> None:
    selected = select(*rows, options=options(minima=asked), kept=ids(kept))
    counts = selection_counts({"example": selected})
    assert counts.groupby("window_start")["tweets"].sum().to_dict() == Counter(each["window_start"] for each in rows)
    assert counts.loc[counts["reason"] == CHOSEN, "tweets"].sum() == len(selected.frame)
    assert set(counts["reason"]) <= {*DROP_REASONS, CHOSEN}


@tried_on(1 / 3)
@given(scored_rows(), kept_numbers)
def test_nothing_disappears(rows: list[Row], kept: set[int]) -> None:
    selected = select(*rows, kept=ids(kept))
    windows: Counter[datetime] = Counter(each["window_start"] for each in rows)
    taken = Counter(window.to_pydatetime() for window in selected.frame["window_start"])
    assert {hour: taken[hour] + sum(counts.values()) for hour, counts in selected.dropped.items()} == windows


@tried_on(1 / 3)
@given(scored_rows(), kept_numbers, st.randoms(use_true_random=False))
def test_the_order_of_the_tweets_does_not_matter(rows: list[Row], kept: set[int], random: Any) -> None:
    shuffled = rows[:]
    random.shuffle(shuffled)
    one, other = select(*rows, kept=ids(kept)), select(*shuffled, kept=ids(kept))
    assert_frame_equal(one.frame, other.frame)
    assert one.dropped == other.dropped


@pytest.mark.slow
@tried_on(1 / 3)
@given(scored_rows(), kept_numbers)
def test_hours_selected_together_or_one_after_the_other_give_the_same(rows: list[Row], kept: set[int]) -> None:
    together = select(*rows, kept=ids(kept))
    before: list[Row] = []
    frames = []
    for hour in sorted({each["window_start"] for each in rows}):
        of_hour = [each for each in rows if each["window_start"] == hour]
        selected = select(*of_hour, kept=ids(kept), before=recent(*before))
        frames.append(selected.frame)
        before += [each for each in of_hour if each["tweet_id"] in set(selected.frame["tweet_id"])]
        assert selected.dropped[hour] == together.dropped[hour]
    if frames:
        assert_frame_equal(pd.concat(frames, ignore_index=True), together.frame)


@tried_on(1 / 3)
@given(scored_rows(), kept_numbers)
def test_selecting_again_with_what_was_selected_kept_changes_nothing(rows: list[Row], kept: set[int]) -> None:
    first = select(*rows, kept=ids(kept))
    again = select(*rows, kept=set(first.frame["tweet_id"]))
    assert_frame_equal(again.frame, first.frame)


def test_the_file_of_a_project_says_how_picky_to_be() -> None:
    found = SelectionOptions.of_project(project(max_candidates=7, minima={"likes": 3}), duplicate_similarity=0.8)
    assert (found.max_candidates, found.minima.likes, found.minima.followers) == (7, 3, 1000)
    assert found.use_gate
    assert found.skip_low_scores
    assert not found.greens_only


def test_what_is_not_safe_to_answer_stays_out_whatever_the_options_say() -> None:
    rows = [
        row(1, 0.99, label="green", gate="not_safe", unsafe="grief"),
        row(2, gate="language", unsafe="grief"),
        row(3, gate="not_safe", unsafe="politics"),
        row(4),
    ]
    selected = select(*rows)
    assert numbers(selected) == [4]
    assert reasons(selected) == {"gate": 1, "grief": 1, "politics": 1}
    without_gate = select(*rows, options=replace(OPTIONS, use_gate=False, skip_low_scores=False))
    assert numbers(without_gate) == [4]
    assert reasons(without_gate) == {"grief": 2, "politics": 1}


def test_scores_of_an_hour_in_which_nobody_looked_are_chosen_from_as_before() -> None:
    assert numbers(select(row(1, unsafe=None), row(2, unsafe=None))) == [1, 2]


def test_a_tweet_below_the_least_relevance_is_left_out() -> None:
    options = replace(OPTIONS, minima=Minima(followers=0, relevance=0.5))
    selected = select(row(1, relevance=0.499), row(2, relevance=0.5), options=options)
    assert numbers(selected) == [2]
    assert reasons(selected) == {"relevance": 1}
