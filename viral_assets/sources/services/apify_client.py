"""Apify through apify-client: Actor runs and datasets as plain values, and every failure as an error of ours.

When to ask, and what to do with the items, is in ``apify_runs``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import impit
from apify_client import ApifyClient
from apify_client.errors import ApifyApiError, ApifyClientError

from viral_assets.errors import ConfigurationError, ServiceRefusedError, ServiceUnavailableError, SourceError
from viral_assets.text.secrets import redacted

APIFY = "https://api.apify.com"

ITEMS_A_PAGE = 1_000
READ_RETRIES = 3

FINISHED = frozenset({"SUCCEEDED", "FAILED", "ABORTED", "TIMED-OUT"})

_SHOWN_CHARACTERS = 300
_Result = TypeVar("_Result")


class GoneError(ServiceRefusedError):
    """What is asked about does not exist, or not any more: Apify keeps runs for a week or so."""


@dataclass(frozen=True, slots=True)
class ActorRun:
    """A run as it is now.

    Args:
        cost_usd: so far; None where Apify does not say.
    """

    run_id: str
    dataset_id: str
    status: str
    finished_at: datetime | None = None
    cost_usd: float | None = None
    message: str = ""

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is known of a dataset without reading it."""

    dataset_id: str
    items: int
    modified_at: datetime


class ApifyService:
    """Starts Actors and reads what they have found.

    Args:
        token: of the account.
        base_url: of another host that speaks the API; Apify's own by default.
        retry_seconds: before the first of several further attempts to read; starting an Actor is tried once, as it
            may have started although the answer says otherwise.

    Raises:
        ConfigurationError: the base URL is none.
    """

    def __init__(self, token: str, *, base_url: str | None = None, retry_seconds: float = 0.5) -> None:
        where = base_url or APIFY
        if base_url is not None and urlsplit(base_url).scheme not in ("http", "https"):
            raise ConfigurationError("APIFY_API_BASE_URL is not a URL; write it like https://api.apify.com")
        self._host = urlsplit(where).netloc.rpartition("@")[2]
        self._secrets = (token,)
        self._once = ApifyClient(token, api_url=where, max_retries=0)
        self._reader = ApifyClient(
            token,
            api_url=where,
            max_retries=READ_RETRIES,
            min_delay_between_retries=timedelta(seconds=retry_seconds),
        )

    def start(
        self,
        actor: str,
        run_input: Mapping[str, Any],
        *,
        max_items: int,
        max_cost_usd: float | None,
        seconds: float,
    ) -> ActorRun:
        """Start an Actor.

        Args:
            max_items: results that are charged at most.
            seconds: after which Apify stops it.
        """

        def start() -> Any:
            return self._once.actor(actor).start(
                run_input=dict(run_input),
                max_items=max_items,
                max_total_charge_usd=None if max_cost_usd is None else Decimal(str(max_cost_usd)),
                run_timeout=timedelta(seconds=seconds),
            )

        return _run(self._asked(start, f"the Actor {actor}"))

    def run(self, run_id: str) -> ActorRun:
        """A run as it is now."""
        found = self._asked(lambda: self._reader.run(run_id).get(), f"the run {run_id}")
        if found is None:
            raise GoneError(f"Apify has no run {run_id} (any more), or the token may not see it")
        return _run(found)

    def dataset(self, dataset_id: str) -> Dataset:
        """What is known of a dataset."""
        found = self._asked(lambda: self._reader.dataset(dataset_id).get(), f"the dataset {dataset_id}")
        if found is None:
            raise GoneError(f"Apify has no dataset {dataset_id}, or the token may not see it; check the id")
        return Dataset(found.id, found.item_count, found.modified_at)

    def items(self, dataset_id: str, offset: int, limit: int = ITEMS_A_PAGE) -> Sequence[Any]:
        """Items from ``offset`` on; fewer than ``limit`` where there are no more for now."""
        dataset = self._reader.dataset(dataset_id)
        page = self._asked(lambda: dataset.list_items(offset=offset, limit=limit), f"the dataset {dataset_id}")
        items: Sequence[Any] = page.items
        return items

    def _asked(self, ask: Callable[[], _Result], what: str) -> _Result:
        try:
            return ask()
        except ApifyApiError as error:
            raise self._explained(error, what) from None
        except (ApifyClientError, impit.HTTPError, OSError, LookupError, ValueError) as error:
            # The last two are what the client makes of answers that are not as Apify writes them.
            raise ServiceUnavailableError(
                f"Apify at {self._host} did not answer to the end about {what} ({type(error).__name__}); "
                "try again later"
            ) from None

    def _explained(self, error: ApifyApiError, what: str) -> SourceError:
        status = error.status_code
        said = redacted(" ".join((error.message or "").split()), self._secrets)[:_SHOWN_CHARACTERS]
        if status == 429 or status >= 500:
            return ServiceUnavailableError(f"Apify failed about {what} ({status}); try again later")
        advice = {
            400: "mend `sources: apify:` in the project file",
            401: "the token is wrong or has expired; set APIFY_TOKEN to a new one",
            402: "the account's limit is reached; look at its billing at Apify",
            403: "the token may not do this; look at its permissions, or rent the Actor at Apify",
            404: "check the name",
        }.get(status, "look at what Apify says about it")
        return ServiceRefusedError(f"Apify refused {what} ({status}: {said}); {advice}")


def dataset_hash(dataset_id: str) -> str:
    """Stands for a dataset where a file has the hash of its content."""
    return hashlib.sha256(f"apify:{dataset_id}".encode()).hexdigest()


def _run(run: Any) -> ActorRun:
    return ActorRun(
        run_id=run.id,
        dataset_id=run.default_dataset_id,
        status=str(run.status),
        finished_at=run.finished_at,
        cost_usd=run.usage_total_usd,
        message=redacted(" ".join((run.status_message or "").split()))[:_SHOWN_CHARACTERS],
    )
