"""X's API v2 through tweepy: a few questions, their answers as parsed JSON, and every failure as an error of ours.

When to ask, and what to do with the answers, is in ``x_search``, ``x_refresh`` and ``x_timeline``. Tweepy waits for
rate limits with a blind sleep, sets no time limit, has its host hard-coded and writes the token into its debug log; so
the adapter of ``x_api_wire`` does what goes over the wire, and waiting is left to the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import tweepy

from viral_assets.errors import (
    ConfigurationError,
    ServiceBusyError,
    ServiceRefusedError,
    ServiceUnavailableError,
    SourceError,
)
from viral_assets.quota.posts import x_account
from viral_assets.sources.services.x_api_wire import XApiTransport, pause_seconds, seconds_to_reset
from viral_assets.sources.services.x_refusals import out_of_money
from viral_assets.text.secrets import redacted

MOST_A_PAGE = 100
LEAST_A_PAGE = 10
"""Posts of one answer to a search; a lookup takes as many ids, and as few as one."""

LEAST_OF_TIMELINE = 5
"""Posts of one answer about an account (https://docs.x.com/x-api/users/get-posts)."""

CONNECT_SECONDS, READ_SECONDS = 10.0, 30.0

DEFAULT_BLOCK_SECONDS = 60.0
"""After a 429 that does not say for how long."""

# https://docs.x.com/x-api/fundamentals/data-dictionary: what a Tweet of ours is made of, and nothing else.
TWEET_FIELDS = [
    *("author_id", "conversation_id", "created_at", "in_reply_to_user_id", "lang", "note_tweet", "public_metrics"),
    *("referenced_tweets", "text"),
]
USER_FIELDS = ["name", "public_metrics", "username", "verified", "verified_type"]

X_API = "https://api.x.com"

_SHOWN_CHARACTERS = 300


class StaleTokenError(ServiceRefusedError):
    """The service does not know the ``next_token`` (any more): the same posts can be asked for by their ids."""


@dataclass(frozen=True, slots=True)
class XApiAnswer:
    """One page.

    Args:
        page: the parsed object.
        content_hash: SHA-256 (hex) of the body.
        pause_seconds: how long the service takes no more such requests, where this was the last of its window; else 0.
    """

    page: dict[str, Any]
    content_hash: str
    pause_seconds: float = 0.0

    @property
    def posts(self) -> int:
        """Delivered, and so charged."""
        data = self.page.get("data")
        return len(data) if isinstance(data, list) else int(bool(data))

    @property
    def users(self) -> int:
        """Authors that were expanded, each once, and so charged."""
        return self._included("users")

    @property
    def pictures(self) -> int:
        """Pictures and videos that were expanded, and so charged."""
        return self._included("media")

    def _included(self, kind: str) -> int:
        included = self.page.get("includes")
        found = included.get(kind) if isinstance(included, dict) else None
        return len(found) if isinstance(found, list) else 0


class XApiClient:
    """Searches and looks up posts.

    Args:
        token: the app's bearer token.
        base_url: of another host that speaks the API; X's own by default.
        timeout: seconds to connect, and between two pieces of an answer.

    Raises:
        ConfigurationError: the base URL is none.
    """

    def __init__(
        self,
        token: str,
        *,
        base_url: str | None = None,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
    ) -> None:
        self.account = x_account(token)
        self._host = urlsplit(base_url or X_API).netloc.rpartition("@")[2]
        self._secrets = (token,)
        if base_url is not None and (urlsplit(base_url).scheme not in ("http", "https") or not self._host):
            raise ConfigurationError("X_API_BASE_URL is not a URL; write it like https://api.x.com")
        # Tweepy's own waiting repeats a 429 without a reset at once, until Python has had enough of the recursion.
        self._tweepy = tweepy.Client("set when it is sent", return_type=requests.Response, wait_on_rate_limit=False)
        # Whatever host tweepy names, and wherever an answer may point: the token goes to this one.
        self._tweepy.session.mount("https://", XApiTransport(token, base_url or X_API, timeout))
        self._tweepy.session.mount("http://", XApiTransport(token, base_url or X_API, timeout))

    def search(self, query: str, *, max_results: int, pictures: bool = False, **bounds: Any) -> XApiAnswer:
        """One page of the posts of the last seven days, newest first.

        Args:
            pictures: with the descriptions of their pictures.
            bounds: ``start_time`` and ``end_time``, or ``since_id`` and ``until_id`` (X takes no mixture of the two),
                and ``next_token``.

        Raises:
            StaleTokenError: the ``next_token`` is not accepted.
            ServiceRefusedError, ServiceUnavailableError, ServiceBusyError: there is no answer.
        """
        return self._asked(
            self._tweepy.search_recent_tweets,
            query=query,
            max_results=max_results,
            **_wanted(pictures=pictures),
            **{name: value for name, value in bounds.items() if value is not None},
        )

    def lookup(self, ids: Sequence[str], *, pictures: bool = False) -> XApiAnswer:
        """Up to 100 posts by id; those that X has no more are in the page's ``errors``.

        Args:
            pictures: with the descriptions of their pictures.

        Raises:
            ServiceRefusedError, ServiceUnavailableError, ServiceBusyError: there is no answer.
        """
        return self._asked(
            self._tweepy.get_tweets,
            ids=list(ids),
            **_wanted(pictures=pictures),
        )

    def user(self, handle: str) -> XApiAnswer:
        """An account by its handle; ``data`` is one user, and missing where there is none.

        Raises:
            ServiceRefusedError, ServiceUnavailableError, ServiceBusyError: there is no answer.
        """
        return self._asked(self._tweepy.get_user, username=handle)

    def timeline(self, user_id: str, *, max_results: int, **bounds: Any) -> XApiAnswer:
        """One page of the posts of an account, newest first, reposts left out.

        Args:
            max_results: :data:`LEAST_OF_TIMELINE` to :data:`MOST_A_PAGE`.
            bounds: ``start_time`` and ``pagination_token``.

        Raises:
            ServiceRefusedError, ServiceUnavailableError, ServiceBusyError: there is no answer.
        """
        return self._asked(
            self._tweepy.get_users_tweets,
            id=user_id,
            max_results=max_results,
            exclude=["retweets"],
            expansions=["author_id"],
            tweet_fields=TWEET_FIELDS,
            user_fields=USER_FIELDS,
            **{name: value for name, value in bounds.items() if value is not None},
        )

    def _asked(self, method: Any, **parameters: Any) -> XApiAnswer:
        try:
            response: requests.Response = method(**parameters)
        except tweepy.HTTPException as error:
            raise self._explained(error, parameters) from None
        except requests.RequestException as error:
            # An answer cut short was begun; a connection that was never there was not.
            begun = not isinstance(error, requests.ConnectionError | requests.ConnectTimeout)
            raise self._unreachable(error, may_be_charged=begun) from None
        except (tweepy.TweepyException, AttributeError, TypeError, ValueError) as error:
            # Tweepy stumbles over error bodies and headers that are not as X writes them.
            raise self._unreachable(error, may_be_charged=True) from None
        try:
            page = orjson.loads(response.content)
        except ValueError:
            page = None
        if not isinstance(page, dict):
            raise ServiceUnavailableError(
                f"the X API at {self._host} sent something that is not a page of posts; try again later",
                may_be_charged=True,
            )
        return XApiAnswer(page, hashlib.sha256(response.content).hexdigest(), pause_seconds(response))

    def _unreachable(self, error: Exception, *, may_be_charged: bool) -> ServiceUnavailableError:
        return ServiceUnavailableError(
            f"the X API at {self._host} did not answer to the end ({type(error).__name__}); try again later",
            may_be_charged=may_be_charged,
        )

    def _explained(self, error: tweepy.HTTPException, parameters: dict[str, Any]) -> SourceError:
        response, status = error.response, error.response.status_code
        said = redacted(_said(error), self._secrets)
        if status in (402, 403, 429) and (meaning := out_of_money(f"{said} {response.text}")):
            return ServiceRefusedError(f"the X API ({status}: {said}): {meaning}")
        if status == 429:
            seconds = seconds_to_reset(response) or DEFAULT_BLOCK_SECONDS
            return ServiceBusyError(f"the X API takes no more requests for {seconds:,.0f} s", seconds=seconds)
        if status >= 500:
            return ServiceUnavailableError(f"the X API failed ({status}); try again later")
        if status == 400 and "next_token" in parameters and "next_token" in said:
            return StaleTokenError(f"the X API does not accept where reading stopped ({said})")
        advice = {
            400: "mend the query in the project file",
            401: "the bearer token is wrong or has expired; set X_BEARER_TOKEN to a new one",
            402: "the account has no credits; buy some at X",
            403: "the token's app may not do this; look at its plan and its project at X",
            404: "X_API_BASE_URL is not the X API",
        }.get(status, "look at what X says about it")
        return ServiceRefusedError(f"the X API refused ({status}: {said}); {advice}")


def _wanted(*, pictures: bool) -> dict[str, list[str]]:
    """What is asked for of each post."""
    wanted = {"expansions": ["author_id"], "tweet_fields": TWEET_FIELDS, "user_fields": USER_FIELDS}
    if not pictures:
        return wanted
    return {
        "expansions": ["author_id", "attachments.media_keys"],
        "tweet_fields": [*TWEET_FIELDS, "attachments"],
        "user_fields": USER_FIELDS,
        "media_fields": ["alt_text"],
    }


def _said(error: tweepy.HTTPException) -> str:
    """What X says about it, in one line."""
    messages = [str(message) for message in error.api_messages] or [str(error)]
    line = " ".join(" ".join(messages).split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "…"
