"""What is not for a project, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.scoring.gate import composition, plainly_has_words
from viral_assets.text.phrases import fold
from viral_assets_tests.scoring.examples import frame, gate_of, project, score, texts, tweet

SPANISH = "No sé cómo limitar el tiempo que mis hijos pasan con el móvil todos los días"
ENGLISH = "I have no idea how to limit the time my children spend on their phones every day"


def test_an_ordinary_tweet_passes() -> None:
    assert gate_of() == "pass"


def test_retweets_do_not_pass_whether_marked_or_old_style() -> None:
    assert gate_of(is_retweet=True) == "retweet"
    assert gate_of(text="RT @someone: my screen time is through the roof") == "retweet"
    assert gate_of(text="RT if your screen time is through the roof") == "pass"


@pytest.mark.parametrize("text", ["", "   \n", "😂😂", "https://t.co/abc", "@a @b", "#one #two", "…!!!", "\u200b"])
def test_a_tweet_without_words_is_empty(text: str) -> None:
    assert gate_of(text=text) == "empty"


@pytest.mark.parametrize("text", ["ok", "6", "@a @b thanks", "好", "😂 lol"])
def test_one_word_is_not_empty(text: str) -> None:
    assert gate_of(text=text) == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "Watch now https://t.co/a https://t.co/b https://t.co/c and tell me what you all think about it",
        "wow #a #b #c",
        "click https://t.co/a #win",
        "you @a @b @c @d",
        "look: HTTPS://T.CO/A #b",
    ],
)
def test_mostly_links_hashtags_and_handles_is_link_spam(text: str) -> None:
    assert gate_of(text=text) == "link_spam"


@pytest.mark.parametrize(
    "text",
    [
        "My screen time doubled this week https://t.co/article https://t.co/picture",
        "@a @b @c @d @e totally agree",
        "I love #ScreenTime with the #kids",
        "(see https://t.co/a) what a week",
        "手机用太多了 #健康 https://t.co/a 怎么办",
        "mail me at a@b.com and c@d.com",
    ],
)
def test_a_few_links_and_hashtags_among_words_are_fine(text: str) -> None:
    assert gate_of(text=text) == "pass"


@given(texts.map(fold))
def test_the_quick_look_never_lets_through_what_the_thorough_one_refuses(text: str) -> None:
    if plainly_has_words(text):
        parts = composition(text)
        assert parts.words > 0
        assert not parts.is_link_spam


def test_blocked_authors_and_keywords_do_not_pass() -> None:
    picky = project(sources={"block_handles": ["@Spammer"], "blocked_keywords": ["free money"]})
    assert gate_of(of=picky, author_handle="SPAMMER") == "blocked_handle"
    assert gate_of(of=picky, text="Get FREE  money while you sleep") == "blocked_keyword"
    assert gate_of(of=picky, text="Freedom costs money") == "pass"


@pytest.mark.parametrize(
    ("lang", "text", "verdict"),
    [
        ("en", SPANISH, "pass"),
        ("EN", ENGLISH, "pass"),
        ("en-GB", ENGLISH, "pass"),
        ("es", ENGLISH, "language"),
        ("in", ENGLISH, "language"),
        *((code, ENGLISH, "pass") for code in (None, "und", "", "qme", "qst", "zxx")),
        *((code, SPANISH, "language") for code in (None, "und", "", "qme", "qht", "zxx")),
        (None, "THE PHONE STAYS OUTSIDE OF THE BEDROOM", "pass"),
        (None, "lol", "pass"),
        (None, "GM 😴", "pass"),
        (None, "今日はスマホを使いすぎてしまいました。明日から減らします", "language"),
        (None, f"{ENGLISH} #원호 #사생팬 #아이돌", "pass"),
    ],
)
def test_x_is_believed_about_the_language_and_where_it_says_nothing_the_text_is_read(
    lang: str | None, text: str, verdict: str
) -> None:
    assert gate_of(lang=lang, text=text) == verdict


def test_a_project_names_its_languages() -> None:
    assert gate_of(of=project(sources={"languages": ["en", "es"]}), lang="es", text=SPANISH) == "pass"
    assert gate_of(of=project(sources={"languages": ["id"]}), lang="in") == "pass", "X's old code for Indonesian"
    assert gate_of(of=project(sources={"languages": []}), lang="fi") == "pass", "none named: all welcome"


def test_an_off_topic_tweet_does_not_pass_however_viral() -> None:
    assert gate_of(at=0.1, like_count=10**6) == "off_topic"
    assert gate_of(at=0.14, like_count=10**6) == "pass"


def test_what_somebody_paid_to_have_shown_is_left_out_unless_the_project_allows_it() -> None:
    assert gate_of(is_promoted=True) == "promoted"
    assert gate_of(of=project(sources={"promoted": "allow"}), is_promoted=True) == "pass"


def test_a_project_that_does_not_weigh_relevance_has_no_off_topic_tweets() -> None:
    careless = project(weights={"velocity": 1, "relevance": 0})
    assert gate_of(of=careless, at=0.0) == "pass"


def test_the_first_reason_that_applies_is_the_verdict() -> None:
    picky = project(sources={"block_handles": ["spammer"], "blocked_keywords": ["win"]})
    everything = {"is_retweet": True, "is_promoted": True, "text": "#win", "author_handle": "spammer", "lang": "es"}
    assert gate_of(of=picky, at=0.0, **everything) == "retweet"
    everything["is_retweet"] = False
    assert gate_of(of=picky, at=0.0, **everything) == "promoted"
    everything["is_promoted"] = False
    assert gate_of(of=picky, at=0.0, **everything) == "empty"
    assert gate_of(of=picky, at=0.0, **everything | {"text": "win"}) == "blocked_handle"


@given(st.lists(st.sampled_from([None, "en", "es", "und", float("nan"), "zxx"]), max_size=6))
def test_languages_do_not_mix_between_rows(codes: list[str | None]) -> None:
    tweets = frame(*(tweet(number, lang=code, text=SPANISH) for number, code in enumerate(codes)))
    expected = ["pass" if code == "en" else "language" for code in codes]
    assert score(tweets)["gate"].tolist() == expected
