"""Which tweets share a request of a batch, and which requests a batch."""

from __future__ import annotations

from dataclasses import replace

from viral_assets.generation.batches.packs import MAX_BYTES, MAX_REQUESTS, in_batches, requests_about
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.llm.tiers import BATCH
from viral_assets.projects.model import Generation
from viral_assets_tests.generation.make import opportunity, pack, project

CALM = project(generation=Generation(max_tweets_per_request=4))
LOUD = project(name="loud", generation=Generation(max_tweets_per_request=3))


def test_a_request_has_as_many_tweets_of_one_project_as_that_allows() -> None:
    tweets = [*pack(6), *(replace(each, project="loud") for each in pack(4))]
    requests = requests_about(tweets, {"calm": CALM, "loud": LOUD}, GenerationOptions())
    assert [(each.project.name, len(each.opportunities)) for each in requests] == [
        ("calm", 4),
        ("calm", 2),
        ("loud", 3),
        ("loud", 1),
    ]
    assert {each.tier for each in requests} == {BATCH}
    assert [key for each in requests for key in each.tweet_ids] == [each.tweet_id for each in tweets]


def test_an_exact_number_is_kept_to() -> None:
    requests = requests_about(pack(5), {"calm": CALM}, GenerationOptions(tweets_per_request=2))
    assert [len(each.opportunities) for each in requests] == [2, 2, 1]


def test_a_batch_is_as_large_as_the_service_takes() -> None:
    (request,) = requests_about([opportunity()], {"calm": CALM}, GenerationOptions())
    assert [len(part) for part in in_batches([request] * (MAX_REQUESTS + 1))] == [MAX_REQUESTS, 1]
    large = replace(request, prompt="x" * (MAX_BYTES // 2))
    assert [len(part) for part in in_batches([large, large, request])] == [1, 2], "no tweet is left out"
    assert list(in_batches([])) == []
