"""Channels through apprise: an address becomes a service with one target, and a message is sent to it once.

Addresses are secrets: apprise's log, which has them, goes nowhere but to ``outcome``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from viral_assets.errors import ConfigurationError
from viral_assets.notifications.outcome import DeliveryOutcome, outcome_of
from viral_assets.notifications.words import Message
from viral_assets.threads import DaemonThreads
from viral_assets.vocabulary import CHANNEL_VARIABLES, UNKNOWN

CONNECT_SECONDS = 10.0
READ_SECONDS = 10.0
MESSAGE_SECONDS = 20.0
"""Then nobody waits any longer, whatever the server sends byte by byte."""

SPARE = 64
"""Room for what a service puts between title and text."""

DISCORD_WITHOUT_PREVIEWS = 4
"""Flag of a message (SUPPRESS_EMBEDS), https://docs.discord.com/developers/resources/message#message-object."""


class Channel(Protocol):
    """Somewhere a message can be sent."""

    @property
    def service(self) -> str:
        """What it is, for people: ``Slack``."""

    @property
    def room(self) -> int:
        """Size of the largest message, as ``words.size`` has it."""

    def send(self, message: Message) -> DeliveryOutcome:
        """Send it once. Never raises, and takes no longer than :data:`MESSAGE_SECONDS`."""


def variable_of(channel: str) -> str:
    """Where the address of a channel stands."""
    return f"{CHANNEL_VARIABLES}{channel.upper()}"


def open_channel(name: str, addresses: Mapping[str, str], *, seconds: float = MESSAGE_SECONDS) -> Channel:
    """A channel by its name.

    Args:
        addresses: by name.
        seconds: after which nobody waits for a message any longer.

    Raises:
        ConfigurationError: it has no address, or none that can be used. The message has nothing of the address.
    """
    variable = variable_of(name)
    address = addresses.get(name, "").strip()
    if not address:
        raise ConfigurationError(
            f"the channel {name} has no address: set {variable} to a webhook as Slack or Discord shows it, or another "
            "address of https://appriseit.com/services/"
        )
    service = _service(address)
    if service is None:
        raise ConfigurationError(
            f"{variable} is no address that apprise knows; take one of https://appriseit.com/services/"
        )
    if len(service) != 1:
        raise ConfigurationError(
            f"{variable} names {len(service)} recipients; give each a channel of its own, so that one that fails does "
            "not have the others told twice"
        )
    return _AppriseChannel(service, seconds)


@dataclass(frozen=True, slots=True)
class _AppriseChannel:
    _service: Any
    _seconds: float

    @property
    def service(self) -> str:
        return str(self._service.service_name)

    @property
    def room(self) -> int:
        return max(0, int(self._service.body_maxlen or 32_768) - SPARE)

    def send(self, message: Message) -> DeliveryOutcome:
        # In a thread of ours: apprise's own are waited for when the process ends, however long a server takes.
        thread = DaemonThreads(1, "viral_assets_notify")
        try:
            return thread.submit(self._send, message).result(self._seconds)
        except TimeoutError:
            return DeliveryOutcome(UNKNOWN, "no answer in time")
        except Exception as error:  # noqa: BLE001 -- of a hundred services, some raise what they did not foresee
            return DeliveryOutcome(UNKNOWN, type(error).__name__)
        finally:
            thread.shutdown(wait=False)

    def _send(self, message: Message) -> DeliveryOutcome:
        from apprise import Apprise, NotifyFormat
        from apprise.result import AppriseResultStatus

        _sending.set(True)
        sender = Apprise(asset=self._service.asset)
        sender.add(self._service)
        result = sender.notify(
            title=message.title,
            body=message.text,
            body_format=NotifyFormat.TEXT,
            interpret_escapes=False,
            log_level=logging.DEBUG,
        )
        attempts = [attempt for service in result.results for attempt in service.attempts]
        return outcome_of(
            succeeded=any(attempt.status == AppriseResultStatus.SUCCESS for attempt in attempts),
            lines=[entry.message for entry in result.logs()],
        )


def _service(address: str) -> Any:
    """The service of an address, set up to send a message once and to follow nothing; None where there is none."""
    from apprise import Apprise, AppriseAsset

    _keep_the_log_to_ourselves()
    asset = AppriseAsset(
        app_id="viral_assets",
        app_desc="Tweets worth a reply",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        async_mode=False,
        service_timeout=0,
    )
    try:
        service: Any = Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
        if service is None:
            return None
        # Whatever the address says: a repetition of apprise's own, or a failure that is taken for a success, and
        # nobody could say any more who was told. A redirect would make another request of the message.
        service.retry, service.optional, service.redirects = 0, False, False
        if "cto=" not in address:
            service.socket_connect_timeout = CONNECT_SECONDS
        if "rto=" not in address:
            service.socket_read_timeout = READ_SECONDS
        if service.service_name == "Discord":
            service.flags = (service.flags or 0) | DISCORD_WITHOUT_PREVIEWS
    except Exception:  # noqa: BLE001 -- its message may have the address in it
        return None
    return service


# Of each thread: those of others may log what they like.
_sending: ContextVar[bool] = ContextVar("viral_assets_sending", default=False)


def _of_no_message(_record: logging.LogRecord) -> bool:
    return not _sending.get()


def _keep_the_log_to_ourselves() -> None:
    log = logging.getLogger("apprise")
    log.propagate = False
    log.setLevel(logging.DEBUG)
    if not log.handlers:
        # Without any handler, Python writes warnings to standard error.
        log.addHandler(logging.NullHandler())
    # It logs the path of each request; adding what is there already changes nothing.
    logging.getLogger("urllib3.connectionpool").addFilter(_of_no_message)
