"""Tweets, projects and topics in languages that the embedder does not know."""

from __future__ import annotations

from typing import Any

import pytest

from viral_assets.scoring.languages import language_warnings
from viral_assets_tests.scoring.examples import frame, project, score, tweet

KNOWN = frozenset({"en", "de"})
ANY: dict[str, Any] = {"sources": {"languages": []}}
FINNISH = "Puhelin jää illalla keittiöön ja nukun paremmin kuin vuosiin"
ENGLISH = "My phone stays in the kitchen at night and I sleep better than in years"


def test_nobody_knows_the_relevance_of_a_tweet_in_a_language_that_the_embedder_does_not_know() -> None:
    tweets = frame(tweet(1), tweet(2, lang="fi", text=FINNISH), tweet(3, lang=None, text=FINNISH))
    found = score(tweets, of=project(**ANY), known=KNOWN)
    assert found["gate"].tolist() == ["pass", "unknown_language", "unknown_language"]
    assert found["relevance"].tolist() == [1.0, 0.0, 0.0]
    assert "relevance unknown: language not known to the embedder" in found["why"][1]
    assert "%" not in found["why"][1]
    assert "screen time (100 %)" in found["why"][0]


def test_what_the_project_does_not_want_is_left_out_for_that_reason() -> None:
    of = project(sources={"languages": ["en", "sw"]})
    tweets = frame(tweet(1, lang="fi", text=FINNISH), tweet(2, lang="sw"), tweet(3, lang="de"))
    assert score(tweets, of=of, known=KNOWN)["gate"].tolist() == ["language", "unknown_language", "language"]


@pytest.mark.parametrize("lang", ["und", "qme", "zxx", None])
def test_a_text_that_does_not_tell_its_language_is_scored(lang: str | None) -> None:
    assert score(frame(tweet(lang=lang, text="GM 😴")), of=project(**ANY), known=KNOWN)["gate"].item() == "pass"


def test_a_tweet_in_two_languages_is_in_the_one_that_x_says() -> None:
    mixed = f"{ENGLISH} / {FINNISH}"
    found = score(
        frame(tweet(1, lang="en", text=mixed), tweet(2, lang="fi", text=mixed)), of=project(**ANY), known=KNOWN
    )
    assert found["gate"].tolist() == ["pass", "unknown_language"]


@pytest.mark.parametrize(
    ("text", "gate"), [(f"{ENGLISH}, gute Nacht", "pass"), (f"{FINNISH}, good night", "unknown_language")]
)
def test_where_x_says_nothing_it_is_in_the_one_that_it_is_taken_for(text: str, gate: str) -> None:
    assert score(frame(tweet(lang=None, text=text)), of=project(**ANY), known=KNOWN)["gate"].item() == gate


def test_a_tweet_of_emoji_only_is_empty_whatever_its_language() -> None:
    assert score(frame(tweet(lang="fi", text="😂😂🔥")), of=project(**ANY), known=KNOWN)["gate"].item() == "empty"


def test_a_project_that_does_not_weigh_relevance_does_not_care() -> None:
    careless = project(**ANY, weights={"velocity": 1, "relevance": 0})
    assert score(frame(tweet(lang="fi", text=FINNISH)), of=careless, known=KNOWN)["gate"].item() == "pass"
    assert language_warnings(careless, "multilingual", KNOWN) == []


def test_scores_do_not_change_where_the_embedder_knows_what_the_project_wants() -> None:
    tweets = frame(tweet(1), tweet(2, lang="fi", text=FINNISH), tweet(3, lang=None, text=FINNISH))
    assert score(tweets, known=KNOWN).equals(score(tweets))
    assert score(tweets, of=project(**ANY), known=None)["gate"].tolist() == ["pass"] * 3


def test_a_project_is_told_which_of_its_languages_are_not_known() -> None:
    (warning,) = language_warnings(project(sources={"languages": ["en", "sw", "fi"]}), "multilingual", KNOWN)
    assert warning.startswith("fi, sw is wanted, and the embedder multilingual knows de, en")
    assert "gemini" in warning
    (warning,) = language_warnings(project(**ANY), "wordllama", frozenset({"en"}))
    assert warning.startswith("every language is wanted, and the embedder wordllama knows en")
    assert "VIRAL_ASSETS_EMBEDDER=multilingual" in warning
    assert language_warnings(project(), "wordllama", frozenset({"en"})) == []
    assert language_warnings(project(**ANY), "gemini", None) == []


def test_a_topic_in_a_language_that_is_not_known_is_named() -> None:
    taxonomy = [
        {"label": "uni", "description": "Uni ja puhelin.", "exemplars": [FINNISH]},
        {"label": "sleep", "description": ENGLISH},
    ]
    (warning,) = language_warnings(project(taxonomy=taxonomy), "wordllama", frozenset({"en"}))
    assert "'uni' looks as if it were written in fi" in warning
    assert "\n" not in warning
