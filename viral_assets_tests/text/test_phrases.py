"""Finding words in a column of texts."""

from __future__ import annotations

import re
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.text.phrases import Phrases, TextColumn, fold, normalised, without_links_and_handles
from viral_assets_tests.effort import calls_made


def contains(text: str, *phrases: str) -> bool:
    return bool(TextColumn([text]).contains(phrases)[0])


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("giveaway", "Huge GIVEAWAY, follow me"),
        ("giveaway", "#giveaway"),
        ("giveaway", "crypto_giveaway today"),
        ("GiveAway", "the giveaway"),
        ("free money", "Free\n  MONEY!"),
        ("free money", "free\u00a0money"),
        ("don't", "I don’t know"),
        ("$btc", "buy $BTC now"),
        ("c++", "I like C++."),
        ("🎰", "win🎰now"),
        ("straße", "STRASSE"),
        ("café", "cafe\u0301 au lait"),
        ("casino", "ｃａｓｉｎｏ"),
        ("casino", "ca\u200bsi\u00adno"),
        ("赌博", "在线赌博网站"),
        ("crypto", "我爱crypto币"),
        ("도박", "온라인 도박은 나쁘다"),
        ("ставки", "Ставки на спорт"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(keyword: str, text: str) -> None:
    assert contains(text, keyword)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("ad", "a sad day"),
        ("ad", "adapt"),
        ("free money", "freemoney"),
        ("free money", "free of money"),
        ("free money", "care free, moneyed"),
        ("кот", "который"),
        ("कर", "करो"),
        ("1", "10 hours"),
        ("", "anything"),
        ("   ", "any thing"),
    ],
)
def test_a_part_of_a_word_is_not_the_word(keyword: str, text: str) -> None:
    assert not contains(text, keyword)


def test_a_phrase_does_not_reach_from_one_text_into_the_next() -> None:
    column = TextColumn(["so free", "money makes", "free money", "ends in \0free\0", "money"])
    assert column.contains(["free money"]).tolist() == [False, False, True, False, False]
    assert column.contains(["free"]).tolist() == [True, False, True, True, False]


def test_no_texts_contain_nothing() -> None:
    assert TextColumn([]).contains(["word"]).tolist() == []
    assert TextColumn([]).find(Phrases(["word"]))[1] == []


# NUL is no character of a tweet or a project file: neither the database nor YAML takes it.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=6)


@given(st.lists(st.lists(words, max_size=6).map(" ".join), max_size=8), words)
def test_what_a_column_finds_each_text_finds_alone(texts: list[str], word: str) -> None:
    together = TextColumn(texts).contains([word]).tolist()
    assert together == [contains(text, word) for text in texts]


parts = st.sampled_from(["maybe", "any tips", "may", "be", "any", "tips", "\U0001f634", "\n", "tipsy", "é"])


@given(st.lists(st.lists(parts).map(" ".join), max_size=8))
def test_found_phrases_come_with_their_rows(texts: list[str]) -> None:
    rows, phrases = TextColumn(texts).find(Phrases(["maybe", "any tips", "tips"]))
    expected = [
        (row, match[1])
        for row, text in enumerate(texts)
        for match in re.finditer(r"(?=(?:^|\s)(maybe|any tips|tips)(?:$|\s))", text)
    ]
    assert sorted(zip(rows.tolist(), phrases, strict=True)) == sorted(expected)


def test_of_two_phrases_with_one_beginning_the_longer_is_found() -> None:
    assert TextColumn(["any ideas here"]).find(Phrases(["any idea", "any ideas", "any"]))[1] == ["any ideas"]


@given(st.text())
def test_folding_twice_changes_nothing_for_a_search(text: str) -> None:
    assert fold(fold(text)).casefold() == fold(fold(text))


def test_links_handles_and_the_retweet_mark_are_not_what_an_author_says() -> None:
    assert without_links_and_handles("RT @a_b: Hi @you, see https://t.co/x and www.x.com  #ok a@b.c") == (
        "Hi , see and #ok a@b.c"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("My report: 6 hours!", "my report 6 HOURS https://t.co/x"),
        ("Deleted it. @friend", "RT @someone: deleted it"),
        ("so tired…", "so tired..."),
    ],
)
def test_two_texts_that_say_the_same_are_normalised_to_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_texts_without_words_are_compared_as_they_are() -> None:
    assert normalised("😂😂") != normalised("🎰")
    assert normalised("https://t.co/a @b") == ""


def test_of_many_phrases_only_those_are_tried_that_a_text_may_hold_and_none_is_compiled() -> None:
    many = Phrases(f"{first}{second}word" for first in ascii_lowercase for second in ascii_lowercase)
    few = Phrases(["abword", "cdword", "efword"])
    column = TextColumn(["an abword, cdword and efwords"])
    first_time = calls_made(lambda: column.find(many))
    again = calls_made(lambda: column.find(many))
    assert first_time < again + 50, "to compile one regular expression takes hundreds"
    assert column.find(many)[1] == column.find(few)[1] == ["abword", "cdword"]
    assert again == calls_made(lambda: column.find(few))
