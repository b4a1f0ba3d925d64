"""Everybody is told once: end to end, with real databases and real servers, killed and restarted."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from viral_assets.errors import DatabaseUnavailableError
from viral_assets.notifications import notifier as notifier_module
from viral_assets.notifications.channels import Channel
from viral_assets.notifications.outcome import DeliveryOutcome
from viral_assets.notifications.plan import plan
from viral_assets.notifications.words import Message
from viral_assets.store.decisions import decide
from viral_assets.store.engine import Database
from viral_assets.store.gone import note_gone
from viral_assets.store.notifications import SILENT_IS_OVER, channel_standings, take_back_unknown
from viral_assets.store.suggestion_keys import SuggestionKey
from viral_assets.store.tables import notifications
from viral_assets.vocabulary import MISSED, SENDING, SENT, UNKNOWN, WAITING
from viral_assets_tests.forks import forks
from viral_assets_tests.notifications.chat_services import ADDRESSES, DISCORD, SLACK, ChatServices
from viral_assets_tests.notifications.mail_server import MailServer
from viral_assets_tests.notifications.news import NOW, be_a_process, project, put, tell, view
from viral_assets_tests.store.rows import stored
from viral_assets_tests.waiting import until
from viral_assets_tests.wire import Reply, Wire, reply

MINUTE = timedelta(minutes=1)


def hook(wire: Wire, name: str = "team", more: str = "") -> dict[str, str]:
    return {name: f"json://127.0.0.1:{wire.port}/?rto=2{more}"}


def titles(wire: Wire) -> list[str]:
    return [json.loads(arrival.body)["title"] for arrival in wire.arrivals]


def texts(wire: Wire) -> str:
    return "\n".join(json.loads(arrival.body)["message"] for arrival in wire.arrivals)


def states(database: Database) -> Counter[str]:
    return Counter(row["state"] for row in stored(database, notifications))


def tweet_ids(text: str) -> list[str]:
    return [line.rpartition("=")[2] for line in text.splitlines() if line.startswith("Decide: ")]


def test_a_channel_is_told_once_of_what_is_new(database: Database, webhook: Wire) -> None:
    put(database, [view(number) for number in range(4)])
    first = tell(database, hook(webhook))
    assert titles(webhook) == ["Unplugged desk: 4 greens, the best is 12 minutes old"]
    assert list(first.lines) == ["unplugged: team was told of 4 tweets in 1 message"]
    put(database, [view(7, minutes=3)], ready=NOW + MINUTE)
    tell(database, hook(webhook), now=NOW + MINUTE)
    tell(database, hook(webhook), now=NOW + 2 * MINUTE)
    assert titles(webhook)[1:] == ["Unplugged desk: 1 green, 4 minutes old"]
    assert states(database) == {SENT: 5}


def test_only_what_the_project_asks_for_is_told(database: Database, webhook: Wire) -> None:
    put(
        database,
        [
            view(1, label="yellow", total=0.55),
            view(2, label="red"),
            view(3, label="green", total=0.6),
            view(4, label="green", total=0.8),
            view(5, suggestions=(), outcome="failed"),
            view(6, project="another"),
            view(7, minutes=200),
        ],
    )
    tell(database, hook(webhook), project(label="yellow", score=0.58))
    assert tweet_ids(texts(webhook)) == [view(4).tweet_id, view(3).tweet_id]


def test_a_tweet_of_two_projects_is_told_once_in_a_channel_and_once_in_each_other_one(
    database: Database, webhook: Wire
) -> None:
    put(database, [view(1), view(1, project="garden"), view(2, project="garden")])
    mine, other = project(channels=["team", "boss"]), project("garden")
    tell(database, hook(webhook) | hook(webhook, "boss"), mine, other)
    assert titles(webhook) == [
        "Unplugged desk: 1 green, 12 minutes old",
        "Unplugged desk: 1 green, 12 minutes old",
        "Garden desk: 1 green, 12 minutes old",
    ]


def test_what_a_person_has_decided_meanwhile_is_not_told(database: Database, webhook: Wire) -> None:
    put(database, [view(1), view(2), view(3)])
    webhook.answer = reply(503)
    tell(database, hook(webhook))
    for number, action in ((1, "approve"), (2, "reject")):
        for kind in ("add_value", "ask_question"):
            key = SuggestionKey("unplugged", view(number).tweet_id, kind)
            with database.begin() as connection:
                decide(connection, key, action, who="mara", at=NOW, version=0)
            if action == "approve":
                break
    webhook.answer = reply(200)
    later = tell(database, hook(webhook), now=NOW + MINUTE)
    assert later.tweets == 1
    assert tweet_ids(json.loads(webhook.arrivals[-1].body)["message"]) == [view(3).tweet_id]
    assert states(database) == {SENT: 1, MISSED: 2}


def test_nobody_is_told_of_a_tweet_that_x_has_no_more(database: Database, webhook: Wire) -> None:
    put(database, [view(1), view(2)])
    with database.begin() as connection:
        note_gone(connection, [view(1).tweet_id], NOW)
    tell(database, hook(webhook))
    assert tweet_ids(texts(webhook)) == [view(2).tweet_id]


def test_what_is_decided_between_the_plan_and_the_message_is_not_told(
    database: Database, webhook: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, [view(1), view(2)])
    planned = plan

    def decided_at_once(*given: Any) -> Any:
        made = planned(*given)
        with database.begin() as connection:
            key = SuggestionKey("unplugged", view(1).tweet_id, "add_value")
            decide(connection, key, "approve", who="mara", at=NOW, version=0)
        return made

    monkeypatch.setattr(notifier_module, "plan", decided_at_once)
    tell(database, hook(webhook))
    assert tweet_ids(texts(webhook)) == [view(2).tweet_id]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_channel_that_is_down_is_asked_again_after_a_pause_while_it_is_news(
    database: Database, webhook: Wire, status: int
) -> None:
    put(database, [view(1), view(2)])
    webhook.answer = reply(status)
    down = tell(database, hook(webhook))
    assert list(down.warnings) == [
        f"unplugged: team was not told of 2 tweets: HTTP {status}; tried again from 21:05 UTC on, while they are news"
    ]
    assert tell(database, hook(webhook), now=NOW + MINUTE / 4).told[0].tried_again_at is not None
    assert len(webhook.arrivals) == 1
    again = tell(database, hook(webhook), now=NOW + MINUTE)
    assert again.told[0].tried_again_at == NOW + 2 * MINUTE, "twice as long as the first time"
    assert len(webhook.arrivals) == 2
    with database.read() as connection:
        standing = channel_standings(connection, NOW - timedelta(days=1))["team"]
    assert (standing.waiting, standing.down, standing.reason) == (2, True, f"HTTP {status}")
    webhook.answer = reply(200)
    assert tell(database, hook(webhook), now=NOW + 5 * MINUTE).tweets == 2
    assert tell(database, hook(webhook), now=NOW + 6 * MINUTE).tweets == 0
    with database.read() as connection:
        assert not channel_standings(connection, NOW - timedelta(days=1))["team"].down


def test_what_a_channel_did_not_take_in_time_is_counted_and_not_told_late(database: Database, webhook: Wire) -> None:
    put(database, [view(1), view(2, minutes=170)])
    webhook.answer = reply(503)
    tell(database, hook(webhook))
    webhook.answer = reply(200)
    tell(database, hook(webhook), now=NOW + 30 * MINUTE)
    assert tweet_ids(json.loads(webhook.arrivals[-1].body)["message"]) == [view(1).tweet_id]
    assert states(database) == {SENT: 1, MISSED: 1}


def test_one_channel_that_is_down_keeps_no_other_one_from_being_told(
    database: Database, webhook: Wire, chats: ChatServices, mail: MailServer
) -> None:
    put(database, [view(1)])
    webhook.answer = reply(500)
    addresses = hook(webhook) | {"chat": ADDRESSES[SLACK], "game": ADDRESSES[DISCORD], "mail": mail.address()}
    done = tell(database, addresses, project(channels=["team", "nowhere", "chat", "game", "mail"]))
    assert (len(chats.to(SLACK)), len(chats.to(DISCORD)), len(mail.mails)) == (1, 1, 1)
    team, nowhere = done.warnings
    assert "HTTP 500" in team
    assert "set VIRAL_ASSETS_NOTIFY_NOWHERE" in nowhere
    assert done.tweets == 3


def test_a_hanging_channel_is_told_nothing_twice_and_has_a_pause(database: Database, webhook: Wire) -> None:
    put(database, [view(1)])
    webhook.answer = Reply(b"")
    addresses = hook(webhook, more="&rto=0.2")
    hangs = tell(database, {"team": addresses["team"].replace("rto=2", "rto=0.2")})
    (warning,) = hangs.warnings
    assert warning.startswith("unplugged: nobody knows whether team was told of 1 tweet")
    webhook.answer = reply(200)
    put(database, [view(2)], ready=NOW + MINUTE)
    assert tell(database, hook(webhook), now=NOW + MINUTE).tweets == 0
    assert tell(database, hook(webhook), now=NOW + 6 * MINUTE).tweets == 1
    assert tweet_ids(texts(webhook)) == [view(1).tweet_id, view(2).tweet_id]
    assert states(database) == {UNKNOWN: 1, SENT: 1}


def test_in_quiet_hours_nobody_is_told_and_when_they_end_all_comes_at_once(database: Database, webhook: Wire) -> None:
    quiet = project(quiet_hours="22:00-07:00", time_zone="Europe/Berlin", mode="each", max_age_hours=1)
    put(database, [view(1), view(2)])
    night = tell(database, hook(webhook), quiet)
    assert list(night.lines) == ["unplugged: 2 tweets for team wait until 06:00 UTC"]
    assert webhook.arrivals == []
    morning = datetime.fromisoformat("2026-11-22T06:00:00+00:00")
    tell(database, hook(webhook), quiet, now=morning)
    tell(database, hook(webhook), quiet, now=morning + MINUTE)
    assert titles(webhook) == ["Unplugged desk: 2 greens, the best is 9 hours old"]


def test_each_one_is_told_by_itself_and_a_failure_stops_the_rest(database: Database, webhook: Wire) -> None:
    put(database, [view(number) for number in range(4)])
    webhook.first = [reply(200), reply(429)]
    done = tell(database, hook(webhook), project(mode="each"))
    assert (done.told[0].tweets, done.told[0].wait, len(webhook.arrivals)) == (1, 3, 2)
    tell(database, hook(webhook), project(mode="each"), now=NOW + MINUTE)
    assert Counter(tweet_ids(texts(webhook))) == Counter(
        {view(0).tweet_id: 1, view(1).tweet_id: 2, view(2).tweet_id: 1, view(3).tweet_id: 1}
    )
    assert states(database) == {SENT: 4}


def test_a_round_that_takes_long_leaves_the_rest_for_the_next_one(database: Database, webhook: Wire) -> None:
    put(database, [view(1), view(2), view(3)])
    seconds = iter([0.0, 1.0, 26.0])
    each = project(mode="each")
    slow = notifier_module.Notifier(
        database, hook(webhook), "http://x", clock=lambda: NOW, seconds=lambda: next(seconds)
    )
    done = slow.notify({each.name: each})
    assert (done.tweets, done.told[0].wait) == (1, 2)
    assert states(database) == {SENT: 1}


def test_a_rehearsal_says_what_would_be_told_and_changes_nothing(database: Database, webhook: Wire) -> None:
    put(database, [view(1)])
    done = tell(database, hook(webhook), dry_run=True)
    (made,) = done.told[0].said
    assert made.title == "Unplugged desk: 1 green, 12 minutes old"
    assert webhook.arrivals == []
    assert states(database) == {}


def test_a_claim_is_committed_before_its_message_goes_out(
    database: Database, webhook: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, [view(1)])
    seen: list[Counter[str]] = []

    class Looking:
        service, room = "eyes", 1000

        def send(self, _message: Message) -> DeliveryOutcome:
            seen.append(states(database))
            return DeliveryOutcome(SENT)

    def opened(_name: str, _addresses: object) -> Channel:
        return Looking()

    monkeypatch.setattr(notifier_module, "open_channel", opened)
    tell(database, hook(webhook))
    assert seen == [{SENDING: 1}]


@pytest.fixture
def held(chats: ChatServices) -> Iterator[ChatServices]:
    """Nothing is answered until the test has done its work."""
    import threading

    chats.hold = threading.Event()
    yield chats
    chats.hold.set()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["sent", "not recorded"])
def test_whoever_is_killed_between_sending_and_recording_tells_nobody_twice(
    database: Database, held: ChatServices, moment: str
) -> None:
    put(database, [view(1), view(2)])
    addresses = {"team": ADDRESSES[SLACK]}
    url = database.url.render_as_string(hide_password=False)
    process = forks().Process(target=be_a_process, args=(url, addresses, held.environment, {}))
    process.start()
    until(lambda: held.to(SLACK), "a message", meanwhile=process.is_alive)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert states(database) == {SENDING: 2}
    assert held.hold is not None
    held.hold.set()

    soon = tell(database, addresses, now=NOW + MINUTE)
    assert (soon.tweets, soon.lost) == (0, 0)
    if moment == "sent":
        put(database, [view(3)], ready=NOW + MINUTE)
    later = NOW + SILENT_IS_OVER + MINUTE
    after = tell(database, addresses, now=later)
    (warning,) = after.warnings
    assert warning.startswith("of 2 tweets nobody knows whether they were told")
    assert "viral-assets notify --again" in warning
    assert tell(database, addresses, now=later + MINUTE).lost == 0
    told = Counter(
        tweet_ids("\n".join(body["attachments"][0]["text"] for body in held.to(SLACK)).replace("&amp;", "&"))
    )
    assert told == Counter({view(number).tweet_id: 1 for number in ((1, 2, 3) if moment == "sent" else (1, 2))})

    with database.begin() as connection:
        assert take_back_unknown(connection, ["team"]) == 2
    assert tell(database, addresses, now=later + 2 * MINUTE).tweets == 2


@pytest.mark.slow
@pytest.mark.parametrize("tried_before", [False, True])
def test_processes_that_tell_at_once_tell_each_thing_once(
    database: Database, held: ChatServices, tried_before: bool
) -> None:
    """All are made to wait for their answers, so that all are at it."""
    put(database, [view(number) for number in range(12)])
    addresses = {"team": ADDRESSES[SLACK], "game": ADDRESSES[DISCORD]}
    told: dict[str, Any] = {"channels": ["team", "game"], "at_most": 20, "mode": "each"}
    if tried_before:
        hold, held.hold = held.hold, None
        held.answers = [(503, b"")] * 2
        digest = project(**told | {"mode": "digest"})
        assert tell(database, addresses, digest, now=NOW - MINUTE).tweets == 0
        assert states(database) == {WAITING: 24}
        held.arrived.clear()
        held.hold = hold
    url = database.url.render_as_string(hide_password=False)
    processes = [forks().Process(target=be_a_process, args=(url, addresses, held.environment, told)) for _ in range(4)]
    for process in processes:
        process.start()
    until(lambda: len(held.to(SLACK)) >= len(processes), "messages of all of them")
    assert held.hold is not None
    held.hold.set()
    for process in processes:
        process.join()
    slack = "\n".join(body["attachments"][0]["text"].replace("&amp;", "&") for body in held.to(SLACK))
    discord = "\n".join(body["content"] for body in held.to(DISCORD))
    everything = Counter({view(number).tweet_id: 1 for number in range(12)})
    assert Counter(tweet_ids(slack)) == everything
    assert Counter(tweet_ids(discord)) == everything
    assert states(database) == {SENT: 24}


def test_a_database_that_goes_away_after_sending_leaves_a_claim_and_no_second_message(
    sqlite_database: Database, webhook: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(sqlite_database, [view(1)])

    def gone(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailableError("the database does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(notifier_module, "settle", gone)
        with pytest.raises(DatabaseUnavailableError):
            tell(sqlite_database, hook(webhook))
    tell(sqlite_database, hook(webhook), now=NOW + 10 * MINUTE)
    assert len(webhook.arrivals) == 1
    assert states(sqlite_database) == {UNKNOWN: 1}


def test_nothing_of_an_address_is_stored_or_said(database: Database, chats: ChatServices) -> None:
    put(database, [view(1)])
    chats.answers = [(500, b"")]
    done = tell(database, {"team": ADDRESSES[SLACK]})
    rows = stored(database, notifications)
    assert [row["state"] for row in rows] == [WAITING]
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in f"{rows}{done}{list(done.warnings)}{done.as_json()}"
