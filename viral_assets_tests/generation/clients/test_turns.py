"""Whether a request may still be sent is looked at when its connection is open and nothing has been written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from viral_assets.errors import ProviderError, TurnOverError
from viral_assets.generation.clients import build_client
from viral_assets.generation.drafting.prompt import build_request
from viral_assets.generation.drafting.request import GenerationRequest
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.waiting import until
from viral_assets_tests.wire import Wire

PROVIDERS = ("google-generativeai", "google-genai", "openai")
REQUEST = build_request(project(), pack(1), model="a-model")


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as running:
        yield running


class Late:
    """A turn that is over until it has been renewed so many times, or for good."""

    def __init__(self, wire: Wire, renewals: int, *, for_good: bool = False) -> None:
        self._wire, self._left, self._for_good = wire, renewals, for_good
        self.arrived: list[int] = []

    def is_over(self) -> bool:
        return self._left > 0

    async def renew(self) -> None:
        await asyncio.to_thread(until, lambda: self._wire.connections == 1, "a connection", every=0.01)
        self.arrived.append(len(self._wire.arrivals))
        self._left -= 1
        if self._for_good:
            raise TurnOverError("too late")


def ask(provider: str, wire: Wire, turns: list[Late], request: GenerationRequest = REQUEST) -> list[ProviderError]:
    """The errors of requests one after the other; the wire's empty answers are errors too."""

    async def each() -> list[ProviderError]:
        client = build_client(provider, api_key="test-key", endpoint=wire.url)
        errors = []
        for turn in turns:
            with pytest.raises(ProviderError) as raised:
                await client.generate(request, timeout_seconds=60, turn=turn)
            errors.append(raised.value)
        await client.close()
        return errors

    return asyncio.run(each())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_turn_that_is_over_is_renewed_before_anything_is_written(provider: str, wire: Wire) -> None:
    turns = [Late(wire, 2), Late(wire, 0), Late(wire, 1)]

    errors = ask(provider, wire, turns)

    assert [turn.arrived for turn in turns] == [[0, 0], [], [2]]
    assert len(wire.arrivals) == 3
    assert not any(isinstance(error, TurnOverError) for error in errors)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_may_not_be_sent_any_more_is_not(provider: str, wire: Wire) -> None:
    [error] = ask(provider, wire, [Late(wire, 1, for_good=True)])

    assert isinstance(error, TurnOverError)
    assert not error.reached
    assert not wire.arrivals
