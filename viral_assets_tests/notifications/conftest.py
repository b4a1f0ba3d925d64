"""Services on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from viral_assets_tests.notifications.chat_services import ChatServices, chat_services
from viral_assets_tests.notifications.mail_server import MailServer, mail_server
from viral_assets_tests.wire import Wire


@pytest.fixture
def chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServices]:
    with chat_services(tmp_path) as services:
        for name, value in services.environment.items():
            monkeypatch.setenv(name, value)
        yield services


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def webhook() -> Iterator[Wire]:
    with Wire() as wire:
        yield wire
