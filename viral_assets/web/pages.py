"""Pages that show tweets, and what went wrong. None of them changes anything; the numbers are in ``numbers``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from viral_assets.queries.filters import RECENT, BadFilterError, Filters, recent_words
from viral_assets.queries.pages import count_list, is_listed, read_opportunity, read_page
from viral_assets.store.audit import Event, history
from viral_assets.store.revisions import Revision, revisions_of
from viral_assets.store.teamwork import Assignment, assigned_before
from viral_assets.web.access import same_site_path
from viral_assets.web.rendering import anchor, render
from viral_assets.web.site import Site, wants_part


class NotFoundError(Exception):
    """There is no such thing (any more). The message is for a person."""


class NoSuchTweetError(NotFoundError):
    """A tweet is no opportunity (any more)."""

    def __init__(self) -> None:
        super().__init__("There is no such tweet among the opportunities (any more).")


def opportunities(request: Request) -> Response:
    """The list, or for a script that goes on with it, the part that comes next."""
    site: Site = request.app.state.site
    filters = Filters.read(request.query_params, me=site.who(request))
    after, second = request.query_params.get("after", ""), site.second_approval()
    with site.database.read() as connection:
        page = read_page(connection, filters, now=site.clock(), after=after, second=second)
        elsewhere = {} if page.rows else _elsewhere(connection, site, filters)
    titles, left_out = site.titles_and_problems()
    shown: dict[str, Any] = {
        "filters": filters,
        "page": page,
        "titles": titles,
        "continued": bool(after),
        "here": filters.address(after=after),
    }
    if wants_part(request) and after:
        shown["here"] = filters.address()
        return site.part(request, "_list.html", **shown)
    choices = site.choices()
    projects = sorted({*choices.projects, *filter(None, [filters.project])})
    topics = sorted({*choices.topics, *filter(None, [filters.topic])}, key=str.casefold)
    recent = dict(RECENT)
    if filters.recent:
        recent[filters.recent] = recent_words(filters.recent)
    return site.page(
        request,
        "list.html",
        **shown,
        choices=choices,
        elsewhere=elsewhere,
        recent_words=recent_words(filters.recent),
        left_out=left_out,
        project_choices=[(name, titles.get(name, name)) for name in projects],
        topic_choices=[("", "All topics"), *((topic, topic) for topic in topics)],
        recent_choices=sorted(recent.items()),
        head={
            "total": page.total,
            "greens": page.greens,
            "heading": _heading(filters, page.total, continued=bool(after)),
            "filters": filters,
        },
    )


def _elsewhere(connection: Connection, site: Site, filters: Filters) -> dict[str, int]:
    """Where there are tweets although a list is empty: whether some whose drafts somebody has decided about, how many
    older ones, and whether any at all. Nobody is told the number of all, which would take as long as there are."""
    now, everyone = site.clock(), replace(filters, status="all")
    return {
        "decided": filters.status == "open" and is_listed(connection, everyone, now=now),
        "older": count_list(connection, replace(filters, recent=0), now=now)[0] if filters.recent else 0,
        "all": is_listed(connection, replace(everyone, recent=0), now=now),
    }


def list_head(site: Site, connection: Connection, address: str, *, me: str) -> dict[str, Any] | None:
    """What stands above the list at an address, as it is now; None where the address is of no list.

    Args:
        me: the name of who looks.
    """
    parts = urlsplit(address)
    if parts.path != "/":
        return None
    asked = dict(parse_qsl(parts.query))
    after = asked.get("after", "")
    try:
        filters = Filters.read(asked, me=me)
        total, greens = count_list(connection, filters, now=site.clock(), after=after)
    except BadFilterError:
        return None
    return {
        "total": total,
        "greens": greens,
        "heading": _heading(filters, total, continued=bool(after)),
        "filters": filters,
    }


def tweet(request: Request) -> Response:
    """One tweet with everything that was decided about it."""
    site: Site = request.app.state.site
    project, tweet_id = request.query_params.get("project", ""), request.query_params.get("tweet_id", "")
    return tweet_page(request, site, project, tweet_id, back=request.query_params.get("back"))


def tweet_page(
    request: Request, site: Site, project: str, tweet_id: str, *, status: int = 200, **values: Any
) -> Response:
    """The page of one tweet.

    Raises:
        NotFoundError: there is no such opportunity.
    """
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id, second=site.second_approval())
        entries = _entries(connection, project, tweet_id) if row else []
    if row is None:
        raise NoSuchTweetError
    back = same_site_path(values.pop("back", None))
    values = {"problem": None, "here": str(request.url.path) + "?" + str(request.url.query), **values}
    if request.method != "GET":
        values["here"] = back
    return site.page(
        request,
        "tweet.html",
        status=status,
        row=row,
        entries=entries,
        titles=site.titles(),
        back=f"{back.partition('#')[0]}#{anchor(row)}",
        **values,
    )


def _entries(connection: Connection, project: str, tweet_id: str) -> list[tuple[str, Event | Revision | Assignment]]:
    """What was decided about a tweet, what people asked to have changed and whom it was left to, newest first, each
    after the word for what it is."""
    entries: list[tuple[datetime, int, str, Event | Revision | Assignment]] = [
        *((event.at, event.id, "decision", event) for event in history(connection, project, tweet_id)),
        # What was decided at the moment of a wish came after it.
        *((each.asked_at, 0, "wish", each) for each in revisions_of(connection, project, tweet_id)),
        *((each.at, 0, "assignment", each) for each in assigned_before(connection, project, tweet_id)),
    ]
    newest_first = sorted(entries, key=lambda entry: entry[:2], reverse=True)
    return [(what, entry) for _, _, what, entry in newest_first]


async def regeneration(request: Request) -> Response:
    """How far a job has come; once it is over, the tweet with what was written."""
    site: Site = request.app.state.site
    return await run_in_threadpool(_regeneration, request, site)


def _regeneration(request: Request, site: Site) -> Response:
    project, tweet_id = request.query_params.get("project", ""), request.query_params.get("tweet_id", "")
    here = same_site_path(request.query_params.get("next"))
    job = site.jobs.all().get((project, tweet_id))
    with site.database.read() as connection:
        row = read_opportunity(connection, project, tweet_id, second=site.second_approval())
    if row is None:
        raise NoSuchTweetError
    over = job is None or job.over
    on_card, notice = job.told() if job is not None else (None, {})
    shown: dict[str, Any] = {
        "row": row,
        "job": on_card,
        "problem": None,
        "here": here,
        "titles": site.titles(),
        "elsewhere": over,
    }
    if not over:
        return site.part(request, "job.html", **shown)
    response = site.part(request, "card.html", **shown, notice=notice)
    response.headers["hx-reswap"] = "none"
    return response


def not_found_page(request: Request, message: str) -> Response:
    """For what is not there."""
    return problem_page(request, 404, "That is not here", message)


def problem_page(request: Request, status: int, heading: str, message: str, *, back: str = "/") -> Response:
    """A page that says what went wrong, with what somebody had written; a line of text for a script, which keeps it."""
    site: Site = request.app.state.site
    if wants_part(request):
        notice = {"kind": "bad", "text": message}
        response = site.part(request, "toast.html", status=status, notice=notice, here="/")
        # Nothing but the message changes, whatever the script meant to put in place.
        response.headers["hx-reswap"] = "none"
        return response
    said = {"code": status, "heading": heading, "message": message, "typed": getattr(request.state, "typed", "")}
    try:
        return site.page(request, "error.html", status=status, **said, back=back, notice={})
    except Exception:  # noqa: BLE001 -- a page of errors must not fail; without a database there is still this
        text = render("plain.html", said)
        return Response(text, status, media_type="text/html")


def _heading(filters: Filters, total: int, *, continued: bool) -> str:
    words = "tweet" if total == 1 else "tweets"
    more = " more" if continued else ""
    match filters.status:
        case "open":
            return f"{words}{more} to decide"
        case "all":
            return f"{words}{more}"
        case "none":
            return f"{words}{more} without suggestions"
        case "pending":
            return f"{words}{more} with something pending"
        case "awaiting":
            return f"{words}{more} with a reply to approve a second time"
        case "posted":
            return f"{words}{more} answered"
    return f"{words}{more} with a reply {filters.status}"
