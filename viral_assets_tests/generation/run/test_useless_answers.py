"""Services that answer nothing of use, whatever they are asked: what a run makes of them, and of tweets that are to
blame themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from viral_assets.errors import ModelUnavailableError
from viral_assets.generation.clients.turns import Turn
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets.llm.types import Answer
from viral_assets.store.engine import Database
from viral_assets_tests.gemini_emulator import EmulatorConfig, GeminiEmulator
from viral_assets_tests.generation.in_process import InProcessClient
from viral_assets_tests.generation.make import pack
from viral_assets_tests.generation.over_http import over_http
from viral_assets_tests.generation.running import PLENTY, Run, all_done, on_virtual_time, outcomes_of
from viral_assets_tests.virtual_clock import VirtualClock

ALWAYS = 1.0


def outcomes(run: Run) -> Counter[str]:
    return Counter(result.outcome for result in run.results.values())


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("malformed", "STOP: not valid JSON"),
        ("unknown_ids", "STOP: unknown id"),
        ("finish_MALFORMED_FUNCTION_CALL", "OTHER: no text"),
        ("no_candidates", "EMPTY: no text"),
        ("400", "rejects the request"),
    ],
)
@pytest.mark.parametrize(
    ("tweets", "tweets_per_request", "concurrency", "most"), [(24, 1, 1, 10), (24, 1, 5, 14), (60, 6, 5, 40)]
)
def test_a_service_of_no_use_is_asked_little_and_costs_no_tweet(
    fault: str, said: str, tweets: int, tweets_per_request: int, concurrency: int, most: int, sqlite_database: Database
) -> None:
    service = on_virtual_time(latency=(1.0, 0.3), faults={fault: ALWAYS})
    options = {"tweets_per_request": tweets_per_request, "concurrency": concurrency}
    run = Run(pack(tweets), service, sqlite_database, PLENTY, options=options)

    with pytest.raises(ModelUnavailableError, match="without anything of use; what is left waits") as caught:
        run()

    assert said in str(caught.value)
    assert "viral-assets models" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(service.arrivals) <= most
    assert Counter(outcomes_of(sqlite_database).values()) == {"deferred": tweets}, "none is given up for good"

    service.config = EmulatorConfig()
    assert run().outcomes == {"done": tweets}, "and a later run has all of them"


@pytest.mark.parametrize("tweets", [2, 3, 10])
def test_a_few_tweets_that_share_one_request_cost_little_more_than_it(tweets: int) -> None:
    service = on_virtual_time(latency=(1.0, 0.3), faults={"no_text": ALWAYS})
    run = Run(pack(tweets), service, options={"tweets_per_request": tweets})

    with pytest.raises(ModelUnavailableError, match="nothing of use"):
        run()

    assert len(service.arrivals) <= 12
    assert outcomes(run) == {"deferred": tweets}


def test_tweets_that_spoil_their_pack_fail_and_no_other() -> None:
    """The run has no other request, so that nothing of use comes for long."""
    tweets = pack(10)
    spoilt = [tweets[at].tweet_id for at in (0, 4, 7)]
    service = on_virtual_time(latency=(1.0, 0.3), tweet_faults=dict.fromkeys(spoilt, "malformed"))
    run = Run(tweets, service, options={"tweets_per_request": 10, "concurrency": 1})

    run()

    assert outcomes(run) == {"done": 7, "failed": 3}
    assert {run.results["calm", each].outcome for each in spoilt} == {"failed"}


@pytest.mark.parametrize("fault", ["malformed", "400"])
def test_what_is_under_way_is_waited_for_before_a_service_is_given_up(fault: str) -> None:
    """Rejections come back at once, and good answers take their time."""
    tweets = pack(24)
    spoilt = [each.tweet_id for each in tweets[:11]]
    service = on_virtual_time(latency=(1.0, 0.3), tweet_faults=dict.fromkeys(spoilt, fault))
    run = Run(tweets, service, options={"tweets_per_request": 1, "concurrency": 12})

    run()

    assert outcomes(run) == {"done": 13, "failed": 11}


def test_a_service_that_comes_to_its_senses_in_time_has_lost_nothing() -> None:
    service = on_virtual_time(latency=(1.0, 0.3))
    service.script(*["malformed"] * 9)
    run = Run(pack(24), service, options={"tweets_per_request": 1, "concurrency": 1})

    run()

    assert all_done(run)


def test_a_service_that_begins_to_reject_whatever_it_is_asked_ends_the_run_and_keeps_most_tweets_for_later() -> None:
    service = on_virtual_time(latency=(1.0, 0.3))
    service.script(*["ok"] * 10, *["400"] * 500)
    run = Run(pack(200), service, options={"tweets_per_request": 1, "concurrency": 4})

    with pytest.raises(ModelUnavailableError, match="rejects the request"):
        run()

    assert len(service.arrivals) <= 10 + 20 + 4
    assert outcomes(run)["done"] == 10
    assert outcomes(run)["deferred"] >= 165


class Terse(InProcessClient):
    """A service that may write little at once: of a pack nothing is whole."""

    async def generate(self, request: GenerationRequest, *, timeout_seconds: float, turn: Turn | None = None) -> Answer:
        answer = await super().generate(request, timeout_seconds=timeout_seconds, turn=turn)
        if len(request.tweet_ids) == 1:
            return answer
        return replace(answer, text=answer.text[:40], finish_reason="MAX_TOKENS")


def test_an_answer_that_is_cut_off_is_too_long_and_not_useless() -> None:
    service = on_virtual_time(latency=(1.0, 0.3))
    options = {"tweets_per_request": 4, "concurrency": 2}
    run = Run(pack(48), service, client=Terse(service), options=options)

    run()

    assert all_done(run)


def test_runs_beside_each_other_find_it_out_each_by_itself(sqlite_database: Database) -> None:
    service, tweets = on_virtual_time(latency=(1.0, 0.3), faults={"no_text": ALWAYS}), pack(48)
    runs = [
        Run(part, service, sqlite_database, PLENTY, options={"tweets_per_request": 1, "concurrency": 2})
        for part in (tweets[:24], tweets[24:])
    ]

    async def both() -> list[object]:
        return list(await asyncio.gather(*(run.report() for run in runs), return_exceptions=True))

    assert isinstance(service.clock, VirtualClock)
    ends = service.clock.run(both())

    assert [type(end) for end in ends] == [ModelUnavailableError] * 2
    assert len(service.arrivals) <= 2 * 11
    assert Counter(outcomes_of(sqlite_database).values()) == {"deferred": 48}


@pytest.mark.parametrize("provider", ["google-genai", "google-generativeai"])
@pytest.mark.parametrize("fault", ["finish_MALFORMED_FUNCTION_CALL", "no_candidates", "malformed", "400"])
def test_both_sdks_say_it_alike(provider: str, fault: str) -> None:
    clock = VirtualClock()
    with (
        GeminiEmulator(EmulatorConfig(faults={fault: ALWAYS}), clock=clock) as service,
        over_http(provider, service, latency=(1.0, 0.3)) as client,
    ):
        run = Run(pack(12), None, limits=PLENTY, client=client, clock=clock)
        run.options = {"tweets_per_request": 1, "concurrency": 1}

        with pytest.raises(ModelUnavailableError, match="without anything of use"):
            run()

        assert len(service.generated()) == (5 if fault == "400" else 10)
    assert outcomes(run) == {"deferred": 12}
