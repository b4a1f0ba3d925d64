"""A local server that speaks X's API v2: recent search, lookup, accounts and their timelines, with their rules and
their ways to say no.

Rules: https://docs.x.com/x-api/posts/search-recent-posts, .../lookup and https://docs.x.com/x-api/users/get-posts. It
answers only with the fields it is asked for, as X does: what the client forgets to ask for is missing in the tests too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from viral_assets_tests.sources.services.http_server import LocalServer, Reply, Request

FIRST_MOMENT_MS = 1_288_834_974_657
TOKEN = "AAAA-the-bearer-token-%3D"


def post(posted: datetime, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A post of that moment; different numbers give different ids."""
    identity = ((int(posted.timestamp() * 1000) - FIRST_MOMENT_MS) << 22) + number
    return {
        "id": str(identity),
        "text": f"How much screen time is too much? ({number})",
        "created_at": posted.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "author_id": "42",
        "conversation_id": str(identity),
        "lang": "en",
        "public_metrics": {"retweet_count": 2, "reply_count": 3, "like_count": 50, "quote_count": 1},
        "source": "a field nobody asked for",
        **changes,
    }


def posts_of(hour: datetime, count: int) -> list[dict[str, Any]]:
    """Posts spread over an hour, one every few seconds."""
    step = timedelta(hours=1) / count
    return [post(hour + number * step, number) for number in range(count)]


class XApiServer(LocalServer):
    """Knows ``posts``.

    Args:
        clock: what time it is at X.
        requests_a_window: after which it answers with 429 until ``reset_at``.
    """

    def __init__(
        self,
        posts: Sequence[dict[str, Any]] = (),
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        requests_a_window: int = 450,
    ) -> None:
        super().__init__()
        self.posts = {each["id"]: each for each in posts}
        self.handles = {"42": "mara_writes_here"}
        """Of accounts, by their ids; any other post is of an account whose handle is its id."""
        self.unsaid: set[str] = set()
        """Ids about which a lookup says nothing at all."""
        self.token = TOKEN
        self.stale_tokens = False
        self.remaining = self.requests_a_window = requests_a_window
        self.reset_at = time.time() + 900
        self._clock = clock

    @property
    def searches(self) -> list[dict[str, str]]:
        """The parameters of the searches, in order."""
        return [each.query for each in self.requests if each.path == "/2/tweets/search/recent"]

    @property
    def lookups(self) -> list[list[str]]:
        """The ids of the lookups, in order."""
        return [each.query["ids"].split(",") for each in self.requests if each.path == "/2/tweets"]

    @property
    def timelines(self) -> list[dict[str, str]]:
        """The parameters of the requests for timelines, in order."""
        return [each.query for each in self.requests if each.path.endswith("/tweets") and "/users/" in each.path]

    def answer(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"})
        if time.time() >= self.reset_at:
            self.remaining, self.reset_at = self.requests_a_window, time.time() + 900
        if self.remaining <= 0:
            return self.too_many()
        self.remaining -= 1
        routes = {"/2/tweets/search/recent": self._search, "/2/tweets": self._lookup}
        if request.path.startswith("/2/users/"):
            routes[request.path] = partial(self._user, request.path.split("/")[3:])
        route = routes.get(request.path)
        reply = route(request.query) if route else Reply(404, {"title": "Not Found"})
        reply.headers |= self._limits()
        return reply

    def too_many(self) -> Reply:
        """As X refuses a request too many."""
        body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
        return Reply(429, body, self._limits())

    def _limits(self) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.requests_a_window),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(int(self.reset_at)),
        }

    def _search(self, query: dict[str, str]) -> Reply:
        problem = self._search_problem(query)
        if problem:
            return _invalid(problem)
        since = int(query.get("since_id", 0))
        until = int(query.get("until_id", 2**63))
        if "start_time" in query:
            since = _first_id(query["start_time"]) - 1
        if "end_time" in query:
            until = _first_id(query["end_time"])
        if "next_token" in query:
            until = min(until, int(query["next_token"].removeprefix("b26v89c19zqg8o3f").translate(_BACK)))
        matching = [each for each in self.posts.values() if self._matches(query["query"], each)]
        found = sorted((each for each in matching if since < int(each["id"]) < until), key=_number)[::-1]
        page = found[: int(query["max_results"])]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if len(found) > len(page):
            meta["next_token"] = "b26v89c19zqg8o3f" + page[-1]["id"].translate(_FORTH)
        return Reply(200, self._page(page, query) | {"meta": meta})

    def _matches(self, query: str, each: dict[str, Any]) -> bool:
        """Of a query's operators those about accounts; words match every post."""
        to, by = (set(re.findall(rf"\b{name}:(\w+)", query.casefold())) for name in ("to", "from"))
        return (not to or self._handle(each.get("in_reply_to_user_id")) in to) and (
            not by or self._handle(each["author_id"]) in by
        )

    def _handle(self, user_id: str | None) -> str:
        return self.handles.get(user_id or "", user_id or "").casefold()

    def _search_problem(self, query: dict[str, str]) -> str:
        by_id, by_time = {"since_id", "until_id"} & query.keys(), {"start_time", "end_time"} & query.keys()
        now = self._clock()
        if by_id and by_time:
            return "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or 'end_time'."
        if not 10 <= int(query.get("max_results", 10)) <= 100:
            return f"The `max_results` query parameter value [{query['max_results']}] is not between 10 and 100"
        if len(query["query"]) > 512:
            return "Rules must be 512 characters or fewer."
        if "end_time" in query and datetime.fromisoformat(query["end_time"]) > now - timedelta(seconds=10):
            return "Invalid 'end_time'. 'end_time' must be a minimum of 10 seconds prior to the request time."
        if "start_time" in query and datetime.fromisoformat(query["start_time"]) < now - timedelta(days=7):
            return "Invalid 'start_time'. 'start_time' must be on or after seven days ago."
        if "since_id" in query and int(query["since_id"]) < _first_id((now - timedelta(days=7)).isoformat()) - 1:
            return "'since_id' must be a tweet id created after seven days ago. Please use a larger 'since_id'."
        if "next_token" in query and self.stale_tokens:
            return f"Invalid 'next_token': [{query['next_token']}]."
        return ""

    def _lookup(self, query: dict[str, str]) -> Reply:
        ids = query["ids"].split(",")
        if len(ids) > 100:
            return _invalid(f"size must be between 1 and 100 but was {len(ids)}")
        found = [self.posts[identity] for identity in ids if identity in self.posts.keys() - self.unsaid]
        body = self._page(found, query)
        gone = [identity for identity in ids if identity not in self.posts]
        if gone:
            body["errors"] = [{"value": each, "title": "Not Found Error", "resource_type": "tweet"} for each in gone]
        return Reply(200, body)

    def _user(self, path: list[str], query: dict[str, str]) -> Reply:
        if path[:2] == ["by", "username"]:
            if path[2].casefold() != "mara_writes_here":
                missing = {
                    "value": path[2],
                    "title": "Not Found Error",
                    "resource_type": "user",
                    "parameter": "username",
                }
                return Reply(200, {"errors": [missing]})
            return Reply(200, {"data": {"id": "42", "username": "mara_writes_here", "name": "Mara"}})
        if not 5 <= int(query.get("max_results", 10)) <= 100:
            return _invalid(
                f"The `max_results` query parameter value [{query['max_results']}] is not between 5 and 100"
            )
        since = _first_id(query["start_time"]) - 1 if "start_time" in query else 0
        until = (
            int(query["pagination_token"].removeprefix("7140").translate(_BACK))
            if "pagination_token" in query
            else 2**63
        )
        ours = [each for each in self.posts.values() if each["author_id"] == path[0]]
        found = sorted((each for each in ours if since < int(each["id"]) < until), key=_number)[::-1]
        page = found[: int(query["max_results"])]
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(found) > len(page):
            meta["next_token"] = "7140" + page[-1]["id"].translate(_FORTH)
        return Reply(200, self._page(page, query) | {"meta": meta})

    def _page(self, posts: Sequence[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        if not posts:
            return {}
        fields = {"id", "text", "edit_history_tweet_ids", *query.get("tweet.fields", "").split(",")}
        body: dict[str, Any] = {"data": [{k: v for k, v in each.items() if k in fields} for each in posts]}
        if "author_id" in query.get("expansions", "").split(","):
            wanted = {"id", "name", "username", *query.get("user.fields", "").split(",")}
            users = [
                {
                    "id": author,
                    "username": self.handles.get(author, author),
                    "name": "Mara",
                    "verified": True,
                    "verified_type": "blue",
                    "public_metrics": {"followers_count": 1234},
                }
                for author in dict.fromkeys(each["author_id"] for each in posts)
            ]
            body["includes"] = {"users": [{k: v for k, v in user.items() if k in wanted} for user in users]}
        if "attachments.media_keys" in query.get("expansions", "").split(","):
            wanted = {"media_key", "type", *query.get("media.fields", "").split(",")}
            media = [item for each in posts for item in each.get("media", ())]
            body.setdefault("includes", {})["media"] = [
                {k: v for k, v in item.items() if k in wanted} for item in media
            ]
        return body


_FORTH = str.maketrans("0123456789", "qwertyuiop")
_BACK = str.maketrans("qwertyuiop", "0123456789")


def _number(post: dict[str, Any]) -> int:
    return int(post["id"])


def _first_id(time_text: str) -> int:
    return (int(datetime.fromisoformat(time_text).timestamp() * 1000) - FIRST_MOMENT_MS) << 22


def _invalid(message: str) -> Reply:
    body = {
        "errors": [{"parameters": {}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    }
    return Reply(400, body)
