"""Whether a request may still be sent is looked at when its connection is open and nothing has been written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from viral_assets.errors import ProviderError, TurnOverError
from viral_assets.generation.clients import build_client
from viral_assets.generation.drafting.prompt import build_request
from viral_assets_tests.generation.make import pack, project
from viral_assets_tests.notifications.chat_services import DISCORD, chat_services
from viral_assets_tests.waiting import until
from viral_assets_tests.wire import Wire

PROVIDERS = ("google-generativeai", "google-genai", "openai")
REQUEST = build_request(project(), pack(1), model="a-model")


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as running:
        yield running


class Late:
    """A turn that is over until it has been renewed so many times, or for good.

    Args:
        arrivals: how many requests have arrived.
        connected: whether there is a connection.
    """

    def __init__(
        self,
        renewals: int,
        arrivals: Callable[[], int],
        connected: Callable[[], bool] = lambda: True,
        *,
        for_good: bool = False,
    ) -> None:
        self._left, self._for_good = renewals, for_good
        self._arrivals, self._connected = arrivals, connected
        self.arrived: list[int] = []

    def is_over(self) -> bool:
        return self._left > 0

    async def renew(self) -> None:
        await asyncio.to_thread(until, self._connected, "a connection", every=0.01)
        self.arrived.append(self._arrivals())
        self._left -= 1
        if self._for_good:
            raise TurnOverError("too late")


def at(wire: Wire, renewals: int, **how: bool) -> Late:
    return Late(renewals, lambda: len(wire.arrivals), lambda: wire.connections == 1, **how)


def ask(provider: str, endpoint: str, turns: Sequence[Late]) -> list[ProviderError]:
    """The errors of requests one after the other: the answers at the other end are none of the service."""

    async def each() -> list[ProviderError]:
        client = build_client(provider, api_key="test-key", endpoint=endpoint)
        errors = []
        for turn in turns:
            with pytest.raises(ProviderError) as raised:
                await client.generate(REQUEST, timeout_seconds=60, turn=turn)
            errors.append(raised.value)
        await client.close()
        return errors

    return asyncio.run(each())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_turn_that_is_over_is_renewed_before_anything_is_written(provider: str, wire: Wire) -> None:
    turns = [at(wire, 2), at(wire, 0), at(wire, 1)]

    errors = ask(provider, wire.url, turns)

    assert [turn.arrived for turn in turns] == [[0, 0], [], [2]]
    assert len(wire.arrivals) == 3
    assert not any(isinstance(error, TurnOverError) for error in errors)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_may_not_be_sent_any_more_is_not(provider: str, wire: Wire) -> None:
    [error] = ask(provider, wire.url, [at(wire, 1, for_good=True)])

    assert isinstance(error, TurnOverError)
    assert not error.reached
    assert not wire.arrivals


@pytest.mark.parametrize("provider", ["google-generativeai", "google-genai"])
def test_so_it_is_over_tls_and_through_a_proxy(provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_services(tmp_path) as services:
        for name, value in (services.environment | {"SSL_CERT_FILE": str(services.authority)}).items():
            monkeypatch.setenv(name, value)
        turns = [Late(renewals, lambda: len(services.arrived)) for renewals in (2, 0, 1)]

        ask(provider, f"https://{DISCORD}", turns)

        assert [turn.arrived for turn in turns] == [[0, 0], [], [2]]
        assert len(services.arrived) == 3
