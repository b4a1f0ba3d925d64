"""Whether the authors of tweets answered our replies, asked of X when a reply is looked at again.

X is searched for posts to our account by these authors alone, so that nothing is paid for what strangers say to it.
Only replies that somebody has answered are asked about: where nobody has, the author has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from viral_assets.errors import ServiceRefusedError
from viral_assets.posted.asking import AccountReport, Asking
from viral_assets.posted.own_post import AnswerSeen, OwnPost, PostCounts, answer_seen
from viral_assets.posted.take_over import take_over
from viral_assets.queries.drafts import authors_of
from viral_assets.sources.base import Reject
from viral_assets.sources.parsers.times import Times
from viral_assets.sources.parsers.x_api_v2 import XApiV2
from viral_assets.sources.services.common import ServiceIngestion, ServiceReport
from viral_assets.sources.services.x_api_client import LEAST_A_PAGE, MOST_A_PAGE, XApiAnswer
from viral_assets.sources.services.x_api_requests import PaidAnswer, PaidRequests
from viral_assets.sources.services.x_search import OLDEST
from viral_assets.store.posted_replies import ReplyLook, answered_among
from viral_assets.text.x_links import handle_in

LONGEST_QUERY = 512
"""Characters of a search (https://docs.x.com/x-api/posts/search/introduction)."""


def look_for_answers(
    asking: Asking, handle: str, replies: Sequence[ReplyLook], project: str | None, report: AccountReport
) -> ServiceReport:
    """Keep of each reply whether the author of its tweet has answered by now; nothing of those where that is not known.

    Args:
        handle: of our account, without the ``@``.
        replies: that somebody has answered.
    """
    ingestion = ServiceIngestion("X API: answers of authors", "X API v2, search", project or "")
    with asking.database.read() as connection:
        known = answered_among(connection, [each.reply_id for each in replies])
        authors = authors_of(connection, [each.tweet_id for each in replies])
    open_ones = [each for each in replies if each.reply_id not in known]
    by_author: dict[str, list[ReplyLook]] = {}
    for each in open_ones:
        if author := handle_in(authors.get(each.tweet_id, ("", None))[0]):
            by_author.setdefault(author, []).append(each)
    requests = asking.requests("search")
    for query, some in queries(handle, by_author):
        if not _search(asking, requests, query, some, project, report, ingestion):
            break
    with asking.database.read() as connection:
        report.answered += len(answered_among(connection, [each.reply_id for each in open_ones]))
    return ingestion.report()


def queries(handle: str, by_author: Mapping[str, Sequence[ReplyLook]]) -> Iterator[tuple[str, list[ReplyLook]]]:
    """Searches for posts to an account by these authors, as few as there is room for, each with what it is about."""
    names: list[str] = []
    for author in (*by_author, None):
        if names and (author is None or len(_query(handle, [*names, author])) > LONGEST_QUERY):
            yield _query(handle, names), [look for name in names for look in by_author[name]]
            names = []
        if author is not None:
            names.append(author)


def _query(handle: str, names: Sequence[str]) -> str:
    return f"to:{handle} ({' OR '.join(f'from:{name}' for name in names)})"


def _search(
    asking: Asking,
    requests: PaidRequests,
    query: str,
    replies: Sequence[ReplyLook],
    project: str | None,
    report: AccountReport,
    ingestion: ServiceIngestion,
) -> bool:
    """Read all pages; returns whether there may be another search."""
    earliest = asking.clock() - OLDEST
    start = max(earliest, min(each.posted_at for each in replies))
    answered: set[str] = set()
    token: str | None = None
    while True:

        def page(posts: int, token: str | None = token) -> XApiAnswer:
            since = start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return asking.client.search(query, max_results=posts, start_time=since, next_token=token)

        try:
            found = requests.send(page, project=project or "", wanted=MOST_A_PAGE, least=LEAST_A_PAGE)
        except ServiceRefusedError as error:
            ingestion.problem = str(error)
            return False
        if isinstance(found, str):
            ingestion.stopped_early(found)
            return False
        ingestion.requests += 1
        ingestion.add_cost(requests.cost_usd(found.answer))
        answers = _take_page(asking, requests, found, project, report, ingestion)
        answered |= {each.to for each in answers}
        meta = found.answer.page.get("meta")
        token = meta.get("next_token") if isinstance(meta, dict) else None
        if not isinstance(token, str) or not token:
            break
    # A search does not reach back to all that was said to older ones.
    silent = [each for each in replies if each.reply_id not in answered and each.posted_at >= earliest]
    _keep_silence(asking, silent, project, report)
    return True


def _take_page(
    asking: Asking,
    requests: PaidRequests,
    found: PaidAnswer,
    project: str | None,
    report: AccountReport,
    ingestion: ServiceIngestion,
) -> list[AnswerSeen]:
    now, answer = asking.clock(), found.answer
    records = XApiV2(Times(now), ingestion.remarks).records(answer.page, "page") if answer.posts else ()
    tweets = [each for each in records if not isinstance(each, Reject)]
    answers = [seen for tweet in tweets for seen in answer_seen(tweet, at=now, source=_source(now))]
    with asking.database.begin() as connection:
        done = take_over(connection, [], answers, now=now, project=project)
        requests.settle(connection, found)
    report.done.snapshots += done.snapshots
    return answers


def _keep_silence(asking: Asking, replies: Sequence[ReplyLook], project: str | None, report: AccountReport) -> None:
    now = asking.clock()
    posts = [
        OwnPost(each.reply_id, each.posted_at, seen=(PostCounts(now, _source(now), author_answered=False),))
        for each in replies
    ]
    with asking.database.begin() as connection:
        done = take_over(connection, posts, now=now, project=project)
    report.done.snapshots += done.snapshots


def _source(now: datetime) -> str:
    """Of what a search says, apart from the counts of the same moment."""
    return f"x_api answers {now:%Y-%m-%dT%H:%M:%S.%f}"
