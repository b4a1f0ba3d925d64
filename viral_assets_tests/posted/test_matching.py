"""Which suggestion a post is: what is clear is taken, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from viral_assets.posted.matching import (
    MEMORY,
    AmbiguousMatch,
    MatchedSuggestion,
    TextIndex,
    answering,
    as_posted,
    comparable,
)
from viral_assets.queries.drafts import Draft
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets_tests.delivery.examples import HOUR, TYPES
from viral_assets_tests.posted.examples import CHARGER, MIRROR, POSTED_AT, TWEET, WHICH, post


def draft(text: str, name: str = TYPES[0], status: str = "pending", **changes: object) -> Draft:
    decided = status not in ("pending", "exported")
    plain = Draft(SuggestionKey("unplugged", TWEET, name), status, (text,), decided, 0, HOUR)
    return replace(plain, **changes)  # type: ignore[arg-type]


THREE = [draft(CHARGER, status="approved"), draft(WHICH, TYPES[1]), draft(MIRROR, TYPES[2], "rejected")]


@pytest.mark.parametrize(
    ("text", "by"),
    [
        (CHARGER, "same_text"),
        ("@mara_writes @tom " + CHARGER.upper() + " ", "same_text"),
        (CHARGER.replace("&", "&amp;"), "same_text"),
        (CHARGER.replace("lasted for us", "ever lasted in our house"), "like_text"),
        ("Kitchen. Charger. Everybody.", "only_choice"),
        ("", "only_choice"),
    ],
)
def test_an_answer_is_the_suggestion_with_its_text_else_the_one_that_was_chosen(text: str, by: str) -> None:
    found = answering(post(text), THREE)
    assert isinstance(found, MatchedSuggestion)
    assert (found.draft, found.by) == (THREE[0], by)


def test_a_pending_suggestion_was_posted_if_that_is_what_was_said() -> None:
    found = answering(post("@mara_writes " + WHICH), THREE)
    assert isinstance(found, MatchedSuggestion)
    assert found.draft == THREE[1]


def test_what_x_does_to_a_text_makes_no_difference() -> None:
    draft_with_link = "Try https://example.org/a-long-address?x=1 &\nsee"
    assert comparable("@mara try https://t.co/abc123 &amp; see") == comparable(draft_with_link)
    assert comparable("see t.co/abc") == comparable("see")
    assert comparable("ask @mara about it") != comparable("about it")


def test_words_of_ones_own_are_no_suggestion() -> None:
    nobody_chose = [draft(CHARGER), draft(WHICH, TYPES[1])]
    assert answering(post("Something else entirely, by hand."), nobody_chose) is None
    assert answering(post("Something else entirely, by hand."), []) is None


@pytest.mark.parametrize(
    ("text", "drafts"),
    [
        (CHARGER, [draft(CHARGER), draft(CHARGER, TYPES[1])]),
        ("By hand.", [draft(CHARGER, status="approved"), draft(WHICH, TYPES[1], "edited")]),
        ("", [draft(CHARGER), draft(WHICH, TYPES[1])]),
        ("a b c d e f g h i j k", [draft("a b c d e f g h i j x"), draft("a b c d e f g h i j y", TYPES[1])]),
    ],
    ids=["same words", "two stand", "no text", "alike"],
)
def test_where_two_would_do_neither_is_taken(text: str, drafts: list[Draft]) -> None:
    found = answering(post(text), drafts)
    assert isinstance(found, AmbiguousMatch)
    assert len(found.drafts) == 2


def test_of_two_that_say_the_same_the_one_that_somebody_chose_counts() -> None:
    chosen = draft(CHARGER, TYPES[1], "edited")
    found = answering(post(), [draft(CHARGER), chosen])
    assert isinstance(found, MatchedSuggestion)
    assert found.draft == chosen


def test_a_suggestion_that_somebody_named_is_that_one() -> None:
    found = answering(post("By hand.", named=THREE[1].key), THREE)
    assert isinstance(found, MatchedSuggestion)
    assert (found.draft, found.by) == (THREE[1], "id")
    assert isinstance(answering(post(named=replace(THREE[1].key, suggestion_type="gone")), THREE), AmbiguousMatch)


class TestByTextAlone:
    def test_a_text_is_found_whatever_its_tweet(self) -> None:
        index = TextIndex(THREE)
        for text, expected in ((CHARGER, THREE[0]), (WHICH, THREE[1])):
            found = index.find(post(text, answers=None))
            assert isinstance(found, MatchedSuggestion)
            assert (found.draft, found.by) == (expected, "same_text")

    def test_one_that_is_nearly_the_same_must_have_been_chosen(self) -> None:
        index = TextIndex(THREE)
        found = index.find(post(CHARGER.replace("only", "one"), answers=None))
        assert isinstance(found, MatchedSuggestion)
        assert (found.draft, found.by) == (THREE[0], "like_text")
        assert index.find(post(WHICH.replace("push", "pull"), answers=None)) is None

    @pytest.mark.parametrize("days", [-1, MEMORY.days + 1])
    def test_not_before_its_tweet_and_not_long_after(self, days: int) -> None:
        at = POSTED_AT + timedelta(days=days)
        assert TextIndex(THREE).find(post(posted_at=at, answers=None)) is None

    def test_everybodys_words_are_nobodys(self) -> None:
        assert TextIndex([draft("Thank you!", status="approved")]).find(post("Thank you!", answers=None)) is None

    def test_the_same_words_for_two_tweets_are_unclear(self) -> None:
        other = replace(THREE[0], key=SuggestionKey("unplugged", "9", TYPES[0]))
        assert isinstance(TextIndex([THREE[0], other]).find(post(answers=None)), AmbiguousMatch)


@pytest.mark.parametrize(
    ("suggested", "posted", "expected"),
    [
        (CHARGER, "@mara_writes " + CHARGER, None),
        (CHARGER, "", None),
        (CHARGER, "@mara_writes Kitchen &amp; hall.", "Kitchen & hall."),
        ("@mara_writes kitchen!", "@mara_writes Kitchen & hall.", "@mara_writes Kitchen & hall."),
    ],
)
def test_the_text_as_it_was_is_what_the_person_wrote(suggested: str, posted: str, expected: str | None) -> None:
    assert as_posted(post(posted), draft(suggested)) == expected
