"""Channels, against servers that speak what the services speak."""

from __future__ import annotations

import io
import json
import logging
import socket
from collections.abc import Iterator

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.notifications.channels import open_channel
from viral_assets.notifications.outcome import DeliveryOutcome
from viral_assets.notifications.words import Message
from viral_assets.vocabulary import SENT, UNKNOWN, WAITING, Telling
from viral_assets_tests.forks import forks
from viral_assets_tests.notifications.chat_services import ADDRESSES, DISCORD, HOSTS, SLACK, TELEGRAM, ChatServices
from viral_assets_tests.notifications.mail_server import MailServer
from viral_assets_tests.waiting import PATIENCE
from viral_assets_tests.wire import Reply, Wire, reply

SOMETHING = Message(
    "4 greens, the best is 12 minutes old", "1. green\n“Fish & chips \N{FRIED SHRIMP}”\nhttps://x.com/a_b/status/1"
)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that reaches the root of the loggers, as somebody may have set them up who looks for a fault.

    Not ``caplog``: pytest 9.2 hangs that into loggers which pass nothing on.
    """
    lines = io.StringIO()
    handler, root = logging.StreamHandler(lines), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(before)
    root.removeHandler(handler)


def send(address: str, message: Message = SOMETHING) -> DeliveryOutcome:
    return open_channel("team", {"team": address}, seconds=PATIENCE).send(message)


def be_a_sender(address: str) -> None:
    # What has to be imported is not of the second message's time.
    assert open_channel("team", {"team": address}, seconds=PATIENCE).send(SOMETHING) == DeliveryOutcome(SENT)
    channel = open_channel("team", {"team": address}, seconds=2)
    assert channel.send(SOMETHING) == DeliveryOutcome(UNKNOWN, "no answer in time")


def json_address(wire: Wire, more: str = "") -> str:
    return f"json://127.0.0.1:{wire.port}/hook?x=1{more}"


def test_slack_gets_plain_words_without_markup_of_its_own(chats: ChatServices) -> None:
    assert send(ADDRESSES[SLACK]) == DeliveryOutcome(SENT)
    ((host, path, body),) = chats.arrived
    assert (host, path) == (SLACK, "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ")
    (attachment,) = body["attachments"]
    assert (body["mrkdwn"], attachment["title"]) == (False, SOMETHING.title)
    assert attachment["text"] == SOMETHING.text.replace("&", "&amp;")


def test_discord_shows_no_preview_and_keeps_what_the_address_asks_for(chats: ChatServices) -> None:
    assert send(ADDRESSES[DISCORD]) == DeliveryOutcome(SENT)
    assert send(f"{ADDRESSES[DISCORD]}?flags=4096") == DeliveryOutcome(SENT)
    first, second = chats.to(DISCORD)
    assert (first["flags"], second["flags"]) == (4, 4100)
    assert first["content"].split() == f"{SOMETHING.title} {SOMETHING.text}".split()


def test_telegram_shows_no_preview_and_no_markup(chats: ChatServices) -> None:
    assert send(ADDRESSES[TELEGRAM]) == DeliveryOutcome(SENT)
    (body,) = chats.to(TELEGRAM)
    assert body["chat_id"] == 4711
    assert body["disable_web_page_preview"] or body["link_preview_options"]["is_disabled"]
    assert "Fish &amp; chips" in body["text"]


def test_mail_is_plain_text_to_one_address(mail: MailServer) -> None:
    assert send(mail.address()) == DeliveryOutcome(SENT)
    (message,) = mail.mails
    assert (message["to"], message["subject"]) == ("team@example.com", SOMETHING.title)
    assert message.get_content_type() == "text/plain"
    assert message.get_content().split() == SOMETHING.text.split()


def test_any_webhook_gets_json(webhook: Wire) -> None:
    assert send(json_address(webhook)) == DeliveryOutcome(SENT)
    body = json.loads(webhook.arrivals[0].body)
    assert (body["title"], body["message"]) == (SOMETHING.title, SOMETHING.text)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    ("status", "state"), [(429, WAITING), (500, WAITING), (503, WAITING), (404, WAITING), (504, UNKNOWN)]
)
def test_what_a_chat_refuses_may_be_sent_again_and_what_a_gateway_waited_for_not(
    chats: ChatServices, host: str, status: int, state: Telling
) -> None:
    chats.answers = [(status, b"{}")] * 5
    assert send(ADDRESSES[host]) == DeliveryOutcome(state, f"HTTP {status}")
    assert len(chats.arrived) <= 2  # Discord is asked once more, by apprise, where it says 429


@pytest.mark.parametrize(
    "asked", ["", "&retry=3&wait=0", "&optional=yes", "&retry=3&wait=0&optional=yes&redirect=yes"], ids=str
)
@pytest.mark.parametrize("status", [302, 429, 500])
def test_whatever_an_address_asks_for_a_message_is_sent_once_and_a_failure_is_one(
    webhook: Wire, asked: str, status: int
) -> None:
    webhook.answer = reply(status, headers={"Location": f"{webhook.url}/elsewhere"})
    assert send(json_address(webhook, asked)) == DeliveryOutcome(WAITING, f"HTTP {status}")
    assert len(webhook.arrivals) == 1


def test_where_no_answer_comes_nobody_knows(webhook: Wire) -> None:
    webhook.answer = Reply(b"", then="ends")
    assert send(json_address(webhook)) == DeliveryOutcome(UNKNOWN, "the connection ended without an answer")
    webhook.answer = Reply(b"")
    assert send(json_address(webhook, "&rto=0.2")) == DeliveryOutcome(UNKNOWN, "the connection ended without an answer")
    assert len(webhook.arrivals) == 2


def test_nobody_waits_for_a_server_that_answers_byte_by_byte(webhook: Wire) -> None:
    webhook.answer = Reply(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
    channel = open_channel("team", {"team": json_address(webhook, "&rto=2")}, seconds=0.1)
    assert channel.send(SOMETHING) == DeliveryOutcome(UNKNOWN, "no answer in time")


@pytest.mark.slow
def test_a_process_ends_though_a_server_is_silent_for_ever(webhook: Wire) -> None:
    webhook.first, webhook.answer = [reply(200)], Reply(b"")
    process = forks().Process(target=be_a_sender, args=(json_address(webhook, "&rto=100000"),))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert len(webhook.arrivals) == 2


def test_what_cannot_be_reached_has_got_nothing(chats: ChatServices, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        assert send(f"json://127.0.0.1:{port}/") == DeliveryOutcome(WAITING, "it does not take connections")
        assert send(f"mailto://127.0.0.1:{port}/?from=a@b.com&to=c@d.com&mode=insecure") == DeliveryOutcome(
            WAITING, "it does not take connections"
        )
    assert send("json://nowhere.invalid/") == DeliveryOutcome(WAITING, "its name is not known")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert send(ADDRESSES[SLACK]) == DeliveryOutcome(WAITING, "its certificate is not trusted")
    assert chats.arrived == []


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("busy", DeliveryOutcome(WAITING, "the mail server answers 421")),
        ("refuses the recipient", DeliveryOutcome(WAITING, "the mail server answers 550")),
        ("refuses the mail", DeliveryOutcome(WAITING, "the mail server answers 451")),
        ("ends after the mail", DeliveryOutcome(UNKNOWN, "the connection ended without an answer")),
        ("says nothing after it", DeliveryOutcome(UNKNOWN, "the connection ended without an answer")),
    ],
)
def test_mail_that_may_have_been_taken_is_not_sent_again(
    mail: MailServer, fault: str, outcome: DeliveryOutcome
) -> None:
    mail.fault = fault  # type: ignore[assignment]
    assert send(mail.address("&cto=1" if fault == "says nothing after it" else "")) == outcome


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (None, "has no address: set VIRAL_ASSETS_NOTIFY_TEAM"),
        ("  ", "has no address"),
        ("https://example.com/hook?key=hunter2hunter2", "no address that apprise knows"),
        ("nonsense://hunter2hunter2", "no address that apprise knows"),
        ("slack://hunter2hunter2", "no address that apprise knows"),
        ("mailto://me:hunter2hunter2@example.com/?from=a@b.com&to=c@d.com,e@f.com", "names 2 recipients"),
        ("mmost://127.0.0.1/hunter2hunter2?to=one,two,three", "names 3 recipients"),
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_without_it(
    address: str | None, problem: str, capfd: pytest.CaptureFixture[str], logged: io.StringIO
) -> None:
    with pytest.raises(ConfigurationError, match=problem) as raised:
        open_channel("team", {} if address is None else {"team": address})
    assert "\n" not in str(raised.value)
    assert "hunter2" not in str(raised.value) + logged.getvalue() + "".join(capfd.readouterr())


def test_nothing_of_an_address_reaches_a_log_whatever_is_logged(
    chats: ChatServices, logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    token = ADDRESSES[SLACK].rpartition("/")[2]
    chats.answers = [(500, token.encode())]
    refused, taken = send(ADDRESSES[SLACK]), send(ADDRESSES[SLACK])
    assert (refused.state, taken.state) == (WAITING, SENT)
    assert token not in logged.getvalue() + "".join(capfd.readouterr()) + refused.reason
