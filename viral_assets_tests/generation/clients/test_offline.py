"""The offline client: always there, always the same, always presentable."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.generation.clients import build_client
from viral_assets.generation.clients.offline import OfflineClient
from viral_assets.generation.drafting.answers import parse_answer
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.quality import QualityFilter
from viral_assets.generation.drafting.words import runs, words_of
from viral_assets.generation.opportunity import Opportunity
from viral_assets.projects.model import BUILT_IN_TYPES, Project
from viral_assets.text.cleaning import models_reply
from viral_assets.text.x_rules import text_weight
from viral_assets_tests.generation.make import opportunity, pack, project


def asked(client: OfflineClient, whose: Project, tweets: list[Opportunity]) -> dict[str, dict[str, str]]:
    answer = asyncio.run(client.generate(build_request(whose, tweets), timeout_seconds=1))
    assert answer.finish_reason == "STOP"
    assert answer.usage
    assert answer.usage.input_tokens > 100
    return parse_answer(answer.text, tweets).suggestions


def test_it_is_what_one_gets_without_a_key() -> None:
    client = build_client()
    assert (client.provider, client.key_fingerprint) == ("offline", "offline")
    asyncio.run(client.close())


@pytest.mark.slow
def test_hundreds_of_tweets_of_a_run_all_get_one_suggestion_per_type_that_passes() -> None:
    whose = project(suggestion_types=[*BUILT_IN_TYPES, {"name": "local-tip", "instruction": "Name a place."}])
    types = [kind.name for kind in whose.suggestion_types]
    client, quality = OfflineClient(), QualityFilter(whose)
    for start in range(0, 200, 10):
        # The same seven texts over and over: what differs is only the id.
        tweets = [opportunity(f"1992{start + i:015d}", each.text, types) for i, each in enumerate(pack(10))]
        suggestions = asked(client, whose, tweets)
        for tweet in tweets:
            assert list(suggestions[tweet.tweet_id]) == types
            for kind, text in suggestions[tweet.tweet_id].items():
                assert models_reply(text) == text
                assert quality.review(tweet, kind, text) is None, text


def test_the_same_requests_get_the_same_answers_on_every_machine() -> None:
    tweets = pack(3)
    assert asked(OfflineClient(), project(), tweets) == asked(OfflineClient(), project(), tweets)
    # Not Python's hash(), which differs from process to process.
    assert asked(OfflineClient(), project(), [opportunity("1")])["1"]["add_value"] == (
        "There is a quiet way to deal with this that rarely gets mentioned. "
        "Put a visible reminder where the habit starts, not where it ends. It also survives a bad week."
    )


def test_asked_again_it_offers_another_draft() -> None:
    client, tweets = OfflineClient(), pack(1)
    assert asked(client, project(), tweets) != asked(client, project(), tweets)


def test_it_repeats_nothing_of_the_tweet_and_names_its_topic() -> None:
    whose = project(suggestion_types=[*BUILT_IN_TYPES, {"name": "local-tip", "instruction": "Name a place."}])
    tweet = opportunity(types=[kind.name for kind in whose.suggestion_types])
    own = set(runs(words_of(tweet.text), 2))
    suggestions = [
        text
        for i in range(20)
        for text in asked(OfflineClient(), whose, [replace(tweet, tweet_id=str(i))])[str(i)].values()
    ]
    assert not any(own.intersection(runs(words_of(text), 2)) or '"' in text for text in suggestions)
    assert sum("screen time" in text.lower() for text in suggestions) > 40


@pytest.mark.parametrize(("shortest", "longest"), [(1, 60), (40, 120), (120, 160), (200, 280), (250, 280)])
def test_it_keeps_to_the_projects_lengths(shortest: int, longest: int) -> None:
    whose = project(generation={"min_length": shortest, "max_length": longest})
    for tweet_id, texts in asked(OfflineClient(), whose, pack(7)).items():
        for text in texts.values():
            assert shortest <= text_weight(text) <= longest, (tweet_id, text)


@given(st.text(max_size=300), st.text(max_size=40))
def test_no_tweet_makes_it_fail_or_say_what_a_suggestion_must_not(text: str, topic: str) -> None:
    tweet = opportunity(text=text, topic=topic)
    for kind, suggestion in asked(OfflineClient(), project(), [tweet])[tweet.tweet_id].items():
        assert QualityFilter(project()).review(tweet, kind, models_reply(suggestion)) is None


def test_links_handles_and_hashtags_of_the_tweet_are_not_repeated() -> None:
    hostile = opportunity(text="@follow_me #winbig evil.example/x https://evil.example $SCAM <script>alert</script>")
    for text in asked(OfflineClient(), project(), [hostile])[hostile.tweet_id].values():
        assert not any(bad in text for bad in ("@", "#", "$", "evil", "<"))
