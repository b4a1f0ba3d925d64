"""Batches of the emulator, as google-genai speaks to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from viral_assets_tests.gemini_emulator import INVALID_KEY, BatchConfig, EmulatorConfig, GeminiEmulator
from viral_assets_tests.virtual_clock import VirtualClock

# Older ones know neither tiers nor keys of batched requests.
pytest.importorskip("google.genai", minversion="3.0")

from google import genai
from google.genai import errors, types

MODEL = "gemini-3.5-flash-lite"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def emulator(clock: VirtualClock) -> Iterator[GeminiEmulator]:
    """A batch waits a minute and takes five."""
    batches = BatchConfig(queued_seconds=60, seconds=300)
    with GeminiEmulator(EmulatorConfig(batches=batches, requests_per_window=1), clock=clock) as running:
        yield running


@pytest.fixture
def client(emulator: GeminiEmulator) -> Iterator[genai.Client]:
    with _client(emulator) as made:
        yield made


def _client(emulator: GeminiEmulator, key: str = "a-key") -> genai.Client:
    return genai.Client(api_key=key, vertexai=False, http_options=types.HttpOptions(base_url=emulator.url))


def asked(*tweets: str) -> list[types.InlinedRequestDict]:
    """A request about each."""
    return [
        {
            "contents": f'{{"tweets": [{{"id": "{tweet}", "text": "hello"}}]}}',
            "config": {"response_mime_type": "application/json", "max_output_tokens": 1000},
            "metadata": {"key": f"about {tweet}"},
        }
        for tweet in tweets
    ]


def create(client: genai.Client, *tweets: str, name: str = "mine") -> str:
    job = client.batches.create(model=MODEL, src=asked(*tweets), config={"display_name": name})
    assert job.name
    return job.name


def responses(job: types.BatchJob) -> list[types.InlinedResponse]:
    return (job.dest.inlined_responses or []) if job.dest else []


def keys(job: types.BatchJob) -> list[str]:
    return [(each.metadata or {})["key"] for each in responses(job)]


def state(client: genai.Client, name: str) -> str:
    found = client.batches.get(name=name).state
    assert found is not None
    return found.name.removeprefix("JOB_STATE_")


def change(emulator: GeminiEmulator, **batches: Any) -> None:
    emulator.config = EmulatorConfig(batches=BatchConfig(**batches))


def test_a_batch_waits_then_runs_then_has_an_answer_to_every_request_in_another_order(
    emulator: GeminiEmulator, client: genai.Client, clock: VirtualClock
) -> None:
    name = create(client, "1", "2", "3")
    assert state(client, name) == "PENDING"
    assert emulator.answered() == {}, "nothing is paid for before it is answered"
    clock.advance(61)
    assert state(client, name) == "RUNNING"
    clock.advance(300)

    job = client.batches.get(name=name)

    assert job.done
    assert job.display_name == "mine"
    assert job.model == f"models/{MODEL}"
    assert keys(job) == ["about 3", "about 2", "about 1"]
    for each in responses(job):
        assert each.response is not None
        assert each.response.text is not None
        assert (each.metadata or {})["key"].removeprefix("about ") in each.response.text
        assert each.response.usage_metadata is not None
        assert each.response.model_version == MODEL
    assert emulator.answered() == {"1": 1, "2": 1, "3": 1}
    assert emulator.batches.states() == {name: "SUCCEEDED"}


def test_each_request_of_a_batch_is_an_arrival_and_takes_nothing_of_the_minute(
    emulator: GeminiEmulator, client: genai.Client
) -> None:
    name = create(client, "1", "2")

    batched = [each for each in emulator.arrivals if each.kind == "batch"]
    assert [(each.tweet_ids, each.batch, each.status) for each in batched] == [(["1"], name, 0), (["2"], name, 0)]
    assert emulator.generated() == []
    client.models.generate_content(model=MODEL, contents='{"id": "3"}')
    assert emulator.generated()[0].status == 200, "one a minute is all there is"


def test_asyncio_speaks_to_batches_too(emulator: GeminiEmulator, clock: VirtualClock) -> None:
    async def one_to_its_end() -> types.BatchJob:
        async with _client(emulator).aio as client:
            made = await client.batches.create(model=MODEL, src=asked("1"))
            clock.advance(1000)
            assert [each.name async for each in await client.batches.list()] == [made.name]
            found = await client.batches.get(name=str(made.name))
            other = await client.batches.create(model=MODEL, src=asked("2"))
            await client.batches.cancel(name=str(other.name))
            await client.batches.delete(name=str(other.name))
            return found

    job = asyncio.run(one_to_its_end())

    assert keys(job) == ["about 1"]
    assert list(emulator.batches.states().values()) == ["SUCCEEDED", "CANCELLED"]


def test_batches_are_listed_page_by_page_the_newest_first_and_only_ones_own(
    emulator: GeminiEmulator, client: genai.Client
) -> None:
    for number in range(3):
        create(client, str(number), name=f"batch {number}")
    with _client(emulator, "another-key") as other:
        theirs = create(other, "9", name="theirs")

    assert [each.display_name for each in client.batches.list(config={"page_size": 2})] == [
        "batch 2",
        "batch 1",
        "batch 0",
    ]
    with pytest.raises(errors.ClientError, match="not found"):
        client.batches.get(name=theirs)


def test_what_goes_wrong_with_a_request_is_an_error_in_its_place(
    emulator: GeminiEmulator, client: genai.Client, clock: VirtualClock
) -> None:
    emulator.batches.script("ok", "503", "no_json", "missing", "429_per_day")
    name = create(client, "1", "2", "3", "4", "5")
    clock.advance(1000)

    job = client.batches.get(name=name)

    assert state(client, name) == "SUCCEEDED"
    told = {key: each.error.code if each.error else None for key, each in zip(keys(job), responses(job), strict=True)}
    assert told == {"about 1": None, "about 2": 14, "about 3": 13, "about 4": None, "about 5": 8}
    assert emulator.answered() == {"1": 1, "4": 1}
    assert [each.status for each in emulator.arrivals if each.kind == "batch"] == [200, 503, 500, 200, 429]


@pytest.mark.parametrize(("ends", "kept", "answered"), [("FAILED", 1.0, 0), ("EXPIRED", 0.0, 0), ("EXPIRED", 0.5, 2)])
def test_a_batch_can_fail_or_expire(
    emulator: GeminiEmulator, client: genai.Client, clock: VirtualClock, ends: str, kept: float, answered: int
) -> None:
    change(emulator, seconds=10, ends=ends, kept=kept)
    name = create(client, "1", "2", "3", "4")
    clock.advance(11)

    job = client.batches.get(name=name)

    assert state(client, name) == ends
    assert len(responses(job)) == emulator.answered().total() == answered


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_batch_that_never_ends_can_be_cancelled_with_or_without_what_it_has(
    emulator: GeminiEmulator, client: genai.Client, clock: VirtualClock, kept: float
) -> None:
    change(emulator, seconds=None, kept=kept)
    name = create(client, "1", "2")
    clock.advance(10 * 86_400)
    assert state(client, name) == "RUNNING"

    client.batches.cancel(name=name)

    assert state(client, name) == "CANCELLED"
    assert keys(client.batches.get(name=name)) == ["about 1"] * (kept > 0)
    assert emulator.answered().total() == 2 * kept
    clock.advance(86_400)
    assert emulator.answered().total() == 2 * kept, "it has ended"
    with pytest.raises(errors.ClientError, match="has ended"):
        client.batches.cancel(name=name)


def test_a_deleted_batch_is_unknown_and_its_work_goes_on(
    emulator: GeminiEmulator, client: genai.Client, clock: VirtualClock
) -> None:
    name = create(client, "1")
    client.batches.delete(name=name)

    for ask in (client.batches.get, client.batches.cancel, client.batches.delete):
        with pytest.raises(errors.ClientError, match="not found") as caught:
            ask(name=name)
        assert caught.value.code == 404
    assert list(client.batches.list()) == []
    clock.advance(1000)
    assert emulator.answered() == {"1": 1}


def test_the_answer_to_a_creation_can_be_lost_and_the_batch_is_there_all_the_same(
    emulator: GeminiEmulator, client: genai.Client
) -> None:
    emulator.script_batches("503", "429_no_details", "reset")
    for expected in (errors.ServerError, errors.ClientError):
        with pytest.raises(expected):
            create(client, "1")
    assert emulator.batches.states() == {}
    with pytest.raises(Exception, match=r"(?i)reset|disconnect|read"):
        create(client, "1", name="lost")

    assert [each.display_name for each in client.batches.list()] == ["lost"]


@pytest.mark.parametrize(("size", "message"), [(0, "no inlined requests"), (4, "At most 3")])
def test_a_batch_of_no_requests_or_too_many_is_refused(
    emulator: GeminiEmulator, client: genai.Client, size: int, message: str
) -> None:
    change(emulator, most=3)
    with pytest.raises(errors.ClientError, match=message):
        create(client, *map(str, range(size)))


def test_a_wrong_key_and_an_unknown_model_have_no_batches(emulator: GeminiEmulator, client: genai.Client) -> None:
    with _client(emulator, INVALID_KEY) as wrong:
        with pytest.raises(errors.ClientError, match="not valid"):
            create(wrong, "1")
        with pytest.raises(errors.ClientError, match="not valid"):
            list(wrong.batches.list())
    with pytest.raises(errors.ClientError, match="gpt-1 is not found"):
        client.batches.create(model="gpt-1", src=asked("1"))
