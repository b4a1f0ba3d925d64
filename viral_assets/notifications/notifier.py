"""One round of telling: what is new is claimed, sent and settled, channel by channel.

A claim is committed before its message goes out. Where the process is killed in between, nobody knows whether the
message arrived, so it is not sent again, and said. A channel that does not take a message has a pause, and is asked
again in a later round, while it is news.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from viral_assets.errors import ConfigurationError
from viral_assets.notifications.channels import Channel, open_channel
from viral_assets.notifications.plan import NotificationPlan, Rules, is_news, pause_after, plan
from viral_assets.notifications.report import ChannelReport, NotificationRound
from viral_assets.notifications.words import Message, message
from viral_assets.projects.model import Project
from viral_assets.queries.news import Candidate, read_news
from viral_assets.queries.opportunities import find_opportunities, of_keys
from viral_assets.store.engine import Database
from viral_assets.store.notifications import anything_open, claim, close_missed, close_silent, pause_of, settle
from viral_assets.vocabulary import SENT, UNKNOWN

if TYPE_CHECKING:
    import sqlalchemy as sa

BUDGET_SECONDS = 25.0
"""After so long no further message is begun: a sensor's look may take a minute. The rest is told in the next round."""


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells people what is new, through their channels.

    Args:
        addresses: of channels, by name: secrets.
        review_url: where people find the review page.
        clock: the time.
        seconds: for measuring how long a round takes.
    """

    database: Database
    addresses: Mapping[str, str]
    review_url: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic

    def notify(self, projects: Mapping[str, Project], *, dry_run: bool = False) -> NotificationRound:
        """Tell all channels of these projects what is new.

        Args:
            dry_run: say what would be told; send and change nothing.

        Raises:
            DatabaseUnavailableError: it does not answer. What was being sent then counts as unknown later.
        """
        wanted = [(project, name) for project in projects.values() for name in project.notifications.channels]
        if not wanted:
            return NotificationRound()
        with self.database.read() as connection:
            unsettled = anything_open(connection)
        lost = self._close(wanted) if unsettled and not dry_run else 0
        over = self.seconds() + BUDGET_SECONDS
        done: list[ChannelReport] = []
        for project, name in wanted:
            try:
                channel = open_channel(name, self.addresses)
            except ConfigurationError as error:
                done.append(ChannelReport(project.name, name, problem=str(error)))
                continue
            done.append((self._rehearse if dry_run else partial(self._tell, over=over))(project, name, channel))
        return NotificationRound(tuple(done), lost)

    def _close(self, wanted: Sequence[tuple[Project, str]]) -> int:
        """Settle what has no outcome, and what waited until it was no news; how many tweets nobody knows of."""
        now = self.clock()
        with self.database.begin() as connection:
            lost = close_silent(connection, now)
            for project, name in wanted:
                rules = Rules.of(project)
                news = {each.tweet_id for each in _found(connection, rules, name, now) if is_news(each, rules, now)}
                close_missed(connection, name, project.name, news, now)
        return lost

    def _plan(self, project: Project, name: str) -> NotificationPlan:
        rules, now = Rules.of(project), self.clock()
        with self.database.read() as connection:
            found = _found(connection, rules, name, now)
            pause = pause_of(connection, name)
        return plan(found, rules, now, pause.until)

    def _tell(self, project: Project, name: str, channel: Channel, *, over: float) -> ChannelReport:
        planned = self._plan(project, name)
        told = _beginning(project, name, planned)
        for number, tweets in enumerate(planned.messages):
            rest = _tweets(planned.messages[number:])
            if told.problem or self.seconds() > over:
                return replace(told, wait=told.wait + rest)
            told = self._send(project, name, channel, tweets, told)
        return told

    def _send(
        self, project: Project, name: str, channel: Channel, tweets: tuple[Candidate, ...], told: ChannelReport
    ) -> ChannelReport:
        message_id, now, rules = uuid.uuid4().hex, self.clock(), Rules.of(project)
        with self.database.begin() as connection:
            # Somebody may have decided since the plan was made, or told of some.
            still = _found(connection, rules, name, now, among=[each.tweet_id for each in tweets])
            hours = [(each.tweet_id, each.window_start) for each in still]
            attempts = pause_of(connection, name).attempts
            mine = claim(connection, name, project.name, hours, message_id, now)
            taken = tuple(each for each in tweets if each.tweet_id in mine)
            if not taken:
                return told
            made = self._message(connection, project, taken, channel, now)
        outcome = channel.send(made)
        now = self.clock()
        retry_at = None if outcome.state == SENT else now + pause_after(outcome.state, attempts)
        with self.database.begin() as connection:
            settle(connection, message_id, outcome.state, now, reason=outcome.reason, retry_at=retry_at)
        count = len(taken)
        if outcome.state == SENT:
            return replace(told, tweets=told.tweets + count, messages=told.messages + 1)
        if outcome.state == UNKNOWN:
            return replace(told, unknown=count, problem=outcome.reason)
        return replace(told, wait=told.wait + count, tried_again_at=retry_at, problem=outcome.reason)

    def _rehearse(self, project: Project, name: str, channel: Channel) -> ChannelReport:
        planned, now = self._plan(project, name), self.clock()
        with self.database.read() as connection:
            would = tuple(self._message(connection, project, tweets, channel, now) for tweets in planned.messages)
        told = _beginning(project, name, planned)
        return replace(told, tweets=_tweets(planned.messages), messages=len(would), said=would)

    def _message(
        self,
        connection: sa.Connection,
        project: Project,
        tweets: tuple[Candidate, ...],
        channel: Channel,
        now: datetime,
    ) -> Message:
        keys = [(project.name, each.tweet_id) for each in tweets]
        found = find_opportunities(connection, of_keys(connection, keys))
        return message(
            [found.view(key, rank, 0.0) for rank, key in enumerate(keys, start=1)],
            now,
            project=project.name,
            project_title=project.title,
            review_url=self.review_url,
            at_most=project.notifications.at_most,
            room=channel.room,
        )


def _found(
    connection: sa.Connection, rules: Rules, name: str, now: datetime, among: Collection[str] | None = None
) -> list[Candidate]:
    return read_news(
        connection,
        rules.project,
        name,
        since=rules.begins(now),
        labels=rules.told.labels,
        least_total=rules.told.score,
        among=among,
    )


def _beginning(project: Project, name: str, planned: NotificationPlan) -> ChannelReport:
    return ChannelReport(
        project.name,
        name,
        wait=planned.wait,
        quiet_until=planned.quiet_until,
        tried_again_at=planned.tried_again_at,
    )


def _tweets(messages: tuple[tuple[Candidate, ...], ...]) -> int:
    return sum(map(len, messages))
