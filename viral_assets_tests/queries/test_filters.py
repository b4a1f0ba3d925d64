"""What is asked for lives in the address."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.queries.filters import BadFilterError, Filters
from viral_assets.web.access import same_site_path
from viral_assets_tests.web.conftest import query

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)


def test_the_usual_list_has_a_bare_address() -> None:
    assert Filters().address() == "/"
    usual = {"status": "open", "sort": "balanced", "recent": "168", "label": ""}
    assert Filters.read(usual) == Filters.read({}) == Filters()


def test_all_of_history_is_asked_for() -> None:
    asked = Filters.read({"recent": "0"})
    assert (asked.address(), asked.between(NOW), asked.narrowed) == ("/?recent=0", (None, None), 1)
    assert Filters().between(NOW) == (datetime(2026, 11, 14, 20, tzinfo=UTC), None)


def test_an_address_says_what_differs_and_is_read_back() -> None:
    asked = Filters(project="demo", status="all", label="green", topic="Sleep & screens", search="50 % off", sort="age")
    assert Filters.read(query(asked.address())) == asked
    assert "recent" not in asked.address()


@given(st.text(max_size=120), st.text(max_size=60))
def test_any_search_and_topic_survives_the_address(search: str, topic: str) -> None:
    asked = Filters.read({"search": search, "topic": topic})
    assert Filters.read(query(asked.address())) == asked


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"status": "liked"}, "there is no status 'liked'; choose open, all"),
        ({"sort": "x"}, "there is no sort 'x'"),
        ({"label": "blue"}, "green, yellow, red"),
        ({"recent": "soon"}, "'soon' is not a number of hours"),
        ({"recent": "999999"}, "not a number of hours"),
        ({"start": "noon"}, "'noon' is not an hour; write it like"),
        ({"start": "2026-11-21T20:00", "end": "2026-11-21T20:30"}, "has no hour in it"),
    ],
)
def test_what_cannot_be_shown_is_said(asked: dict[str, str], told: str) -> None:
    with pytest.raises(BadFilterError, match=re.escape(told)):
        Filters.read(asked)


def test_recent_hours_include_the_current_one() -> None:
    assert Filters(recent=6).between(NOW) == (datetime(2026, 11, 21, 14, tzinfo=UTC), None)


def test_hours_as_typed_win_over_recent_ones() -> None:
    asked = Filters.read({"recent": "6", "start": "2026-11-20", "end": "2026-11-21"})
    assert asked.between(NOW) == (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))


@pytest.mark.parametrize("path", ["/", "/?status=all#o-demo-101", "/tweet?project=demo&tweet_id=1", "/%09/x"])
def test_a_path_of_ours_is_gone_on_with(path: str) -> None:
    assert same_site_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\n/b",
        "/\t/evil",
    ],
)
def test_nothing_else_is_gone_on_with(path: str | None) -> None:
    assert same_site_path(path) == "/"
