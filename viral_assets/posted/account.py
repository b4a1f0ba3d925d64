"""The account's own timeline at X, and later looks at the replies found there. Nothing is posted: all requests read.

Each page is taken over in the transaction that settles what it cost, so that nothing is paid for twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from viral_assets.context import DELETED
from viral_assets.errors import ConfigurationError, ServiceRefusedError
from viral_assets.posted.answers import look_for_answers
from viral_assets.posted.asking import AccountReport, Asking, added
from viral_assets.posted.due import FOLLOWED, due
from viral_assets.posted.own_post import OwnPost, own_post
from viral_assets.posted.take_over import take_over
from viral_assets.sources.base import Reject
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.services.common import ServiceIngestion, ServiceReport
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests
from viral_assets.sources.services.x_context import posts_of
from viral_assets.sources.services.x_lookup import look_up
from viral_assets.sources.services.x_timeline import find_account, read_timeline
from viral_assets.store.posted_replies import ReplyLook, looks_since, note_gone
from viral_assets.store.timelines import known_user, note_timeline, note_user, read_until

FIRST_DAYS = 7
"""Of a timeline that was not read before."""

OVERLAP = timedelta(minutes=5)
"""Read again before where the last reading began: a timeline shows a post a little later than it has it."""


def follow_account(
    asking: Asking, handle: str, *, project: str | None = None, since: datetime | None = None
) -> AccountReport:
    """Find replies in an account's timeline, and look again at those of which a look is due.

    Args:
        handle: without the ``@``.
        project: only its suggestions; None for all.
        since: read from there; by default from where the last reading ended.

    Raises:
        ConfigurationError: there is no such account.
    """
    report = AccountReport()
    report.services.append(_timeline(asking, handle, project, since, report))
    looks, replied_to = _looks(asking, project, report)
    report.services.append(looks)
    if replied_to:
        report.services.append(look_for_answers(asking, handle, replied_to, project, report))
    return report


def _timeline(
    asking: Asking, handle: str, project: str | None, since: datetime | None, report: AccountReport
) -> ServiceReport:
    ingestion = ServiceIngestion(f"X API, @{handle}: timeline", "X API v2, timeline", project or "")
    began = asking.clock()
    try:
        user_id = _user_id(asking, handle, ingestion, project or "")
    except ServiceRefusedError as error:
        ingestion.problem = str(error)
        return ingestion.report()
    if user_id is None:
        return ingestion.report()
    with asking.database.read() as connection:
        until = read_until(connection, handle)
    start = since or (until - OVERLAP if until else began - timedelta(days=FIRST_DAYS))
    requests = asking.requests("timeline")
    for answered in read_timeline(asking.client, requests, user_id, ingestion, since=start, project=project or ""):
        _take_page(asking, requests, answered, project, report, ingestion)
    if not (ingestion.problem or ingestion.incomplete):
        with asking.database.begin() as connection:
            note_timeline(connection, handle, began)
    return ingestion.report()


def _user_id(asking: Asking, handle: str, ingestion: ServiceIngestion, project: str) -> str | None:
    """Asked for once: an account keeps its id."""
    with asking.database.read() as connection:
        if (known := known_user(connection, handle)) is not None:
            return known
    requests = asking.requests("user")
    found = find_account(asking.client, requests, handle, ingestion, project=project)
    if found is None:
        return None
    answered, user_id = found
    with asking.database.begin() as connection:
        requests.settle(connection, answered)
        if user_id:
            note_user(connection, handle, user_id)
    if not user_id:
        raise ConfigurationError(f"X knows no account @{handle}; look at how it is written")
    return user_id


def _looks(asking: Asking, project: str | None, report: AccountReport) -> tuple[ServiceReport, list[ReplyLook]]:
    """What was asked, and those of the replies that somebody has answered."""
    now = asking.clock()
    ingestion = ServiceIngestion("X API: later looks at replies", "X API v2, lookup", project or "")
    with asking.database.read() as connection:
        followed = {each.reply_id: each for each in looks_since(connection, now - FOLLOWED)}
    ids, replied_to = due(followed.values(), now), list[ReplyLook]()
    requests = asking.requests("lookup")
    for answered, batch in look_up(
        requests, ids, asking.client.lookup, ingestion, project=project or "", not_asked="replies were not looked at"
    ):
        shown = _take_page(asking, requests, answered, project, report, ingestion)
        report.looked_at += len(shown)
        replied_to += [followed[each.post_id] for each in shown if each.has_replies and each.post_id in followed]
        gone = [post.post_id for post in posts_of(answered.answer, batch) if post.post_id and post.state == DELETED]
        with asking.database.begin() as connection:
            note_gone(connection, gone, asking.clock())
        report.gone += len(gone)
    return ingestion.report(), replied_to


def _take_page(
    asking: Asking,
    requests: PaidRequests,
    answered: PaidAnswer,
    project: str | None,
    report: AccountReport,
    ingestion: ServiceIngestion,
) -> Sequence[OwnPost]:
    """Take over what a page has; returns its posts."""
    now, answer = asking.clock(), answered.answer
    records = list(XApiV2(Times(now), ingestion.remarks).records(answer.page, "page")) if answer.posts else []
    tweets = [each for each in records if not isinstance(each, Reject) and not each.is_retweet]
    if len(records) > len(tweets):
        ingestion.remarks["posts that cannot be read, or are reposts"] += len(records) - len(tweets)
    # Not by its content: counts that have not changed are news of another time.
    posts = [own_post(tweet, at=now, source=f"x_api {now:%Y-%m-%dT%H:%M:%S.%f}") for tweet in tweets]
    with asking.database.begin() as connection:
        done = take_over(connection, posts, now=now, project=project)
        requests.settle(connection, answered)
    report.done = added(report.done, done)
    return posts
