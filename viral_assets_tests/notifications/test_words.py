"""What a message says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.notifications.words import Message, age_in_words, headline, message, size
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.safety.flag import Flag
from viral_assets_tests.delivery.examples import suggestion
from viral_assets_tests.notifications.news import NOW, REVIEW, view


def said(*views: OpportunityView, **how: Any) -> Message:
    given: dict[str, Any] = {"at_most": 5, "room": 30_000, "project_title": "Phone desk", **how}
    return message(views, NOW, project="unplugged", review_url=f"{REVIEW}/", **given)


def test_a_title_says_how_many_and_how_old_the_best_is() -> None:
    greens = [view(number, minutes=12 + number) for number in range(4)]
    assert headline(greens, NOW) == "4 greens, the best is 12 minutes old"
    assert headline(greens[:1], NOW) == "1 green, 12 minutes old"
    mixed = [*greens[:2], view(7, label="yellow"), view(8, label="red")]
    assert headline(mixed, NOW) == "2 greens, 1 yellow and 1 red, the best is 12 minutes old"
    assert said(*greens).title == "Phone desk: 4 greens, the best is 12 minutes old"
    assert said(*greens, project_title=" ").title.startswith("unplugged: ")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(-3, "0 minutes"), (1.9, "1 minute"), (59.9, "59 minutes"), (60, "1 hour"), (150, "2 hours"), (2880, "2 days")],
)
def test_ages_are_cut_off_and_never_rounded_up(minutes: float, words: str) -> None:
    assert age_in_words(timedelta(minutes=minutes)) == words


def test_a_tweet_comes_with_its_best_draft_and_where_to_decide() -> None:
    assert said(view(1, total=0.784)).text.splitlines() == [
        "1. green 78 %, 12 minutes old, @\u200bauthor_1 (48K followers, 182K views), on Kids and phones",
        "“Our evening rule is no phones after eight. How do you make it stick with teenagers?”",
        f"Reply (add value): “{view(1).suggestions[0].text}”",
        "Decide: https://review.example.com/tweet?project=unplugged&tweet_id=1990000000000000001",
        "On X: https://x.com/author_1/status/1990000000000000001",
    ]


def test_what_a_person_should_mind_is_said() -> None:
    flagged = view(
        1,
        flags=(Flag("politics", 0.9, "vote"), Flag("legal", 0.8, "sue")),
        author_followers=None,
        views=None,
        suggestions=(suggestion("No.", status="rejected"), suggestion("Yes.", provider="offline")),
    )
    text = said(flagged).text
    assert "Mind: sensitive: politics and elections, legal threats; followers, views unknown; offline draft" in text
    assert "“Yes.”" in text
    assert "No." not in text


def test_what_a_message_does_not_show_it_counts() -> None:
    views = [view(number) for number in range(9)]
    assert said(*views, at_most=2).text.endswith("And 7 more: https://review.example.com/?project=unplugged")
    assert said(*views[:2], at_most=2).text.endswith("Decide about them: https://review.example.com/?project=unplugged")


@given(count=st.integers(1, 12), room=st.integers(0, 6000), letter=st.sampled_from(["x", "&", "😀", "<", "\n"]))
def test_a_message_fits_what_its_channel_takes(count: int, room: int, letter: str) -> None:
    made = said(*(view(number, text=letter * 400) for number in range(count)), room=room, at_most=20)
    assert made.title.startswith(f"Phone desk: {count} green")
    assert size(made) <= room or "“" not in made.text
    assert "review.example.com" in made.text


def test_nothing_that_a_tweet_says_is_markup_or_can_be_followed() -> None:
    evil = "@everyone <!here> <@U1> [free](https://evil.example/x) **bold** evil.example\n# heading\n> quote `code` |x|"
    made = said(view(1, text=evil, topic="<b>@here</b>", suggestions=(suggestion(evil),)))
    ours = ("https://review.example.com/", "https://x.com/")
    for sign in ("@everyone", "@here", "<", ">", "[", "]", "*", "`", "|", "evil.example"):
        assert sign not in made.text, sign
    assert made.text.count("://") == sum(made.text.count(address) for address in ours)
    assert "@" not in made.title
    assert len(made.text.splitlines()) == 5
