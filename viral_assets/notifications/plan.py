"""What is told when: decided from values alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from viral_assets.notifications.quiet import longest_wait, quiet_time, quiet_until, told_at_night
from viral_assets.projects.model import Project
from viral_assets.projects.notifications import Notifications
from viral_assets.queries.news import Candidate
from viral_assets.vocabulary import LABELS, UNKNOWN, Telling

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
AFTER_SILENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the file of a project says of telling, and the zone in which it is meant."""

    project: str
    told: Notifications
    zone: ZoneInfo

    @classmethod
    def of(cls, project: Project) -> Rules:
        """Those of a project."""
        return cls(project.name, project.notifications, project.notifications.zone(project.engagement.zone))

    @property
    def max_age(self) -> timedelta:
        return timedelta(hours=self.told.max_age_hours)

    def begins(self, now: datetime) -> datetime:
        """A tweet that was posted before is no news, whatever hours were quiet since."""
        return now - longest_wait(self.max_age, self.told.quiet_hours)


@dataclass(frozen=True, slots=True)
class NotificationPlan:
    """What is told now.

    Args:
        messages: the tweets of each, the best first.
        wait: tweets that are told later.
        quiet_until: why they wait: so long it is quiet.
        tried_again_at: why they wait: the channel did not take the last message, and has a pause until then.
    """

    messages: tuple[tuple[Candidate, ...], ...] = ()
    wait: int = 0
    quiet_until: datetime | None = None
    tried_again_at: datetime | None = None


def plan(
    found: Sequence[Candidate], rules: Rules, now: datetime, paused_until: datetime | None = None
) -> NotificationPlan:
    """Which of what was found is told at ``now``, in which messages.

    Args:
        paused_until: the channel did not take its last message, and is left alone until then.
    """
    news = sorted((each for each in found if is_news(each, rules, now)), key=_best_first)
    if not news:
        return NotificationPlan()
    quiet = quiet_until(now, rules.told.quiet_hours, rules.zone)
    if quiet is not None:
        return NotificationPlan(wait=len(news), quiet_until=quiet)
    if paused_until is not None and paused_until > now:
        return NotificationPlan(wait=len(news), tried_again_at=paused_until)
    return NotificationPlan(tuple(_messages(news, rules, now)))


def is_news(found: Candidate, rules: Rules, now: datetime) -> bool:
    """Whether a tweet is young enough to be told of; the quiet hours in which nobody could be told do not count."""
    quiet = quiet_time(found.ready_at, max(found.ready_at, now), rules.told.quiet_hours, rules.zone)
    return now - found.created_at - quiet <= rules.max_age


def pause_after(state: Telling, attempts: int) -> timedelta:
    """How long a channel is left alone that did not take a message.

    Args:
        state: UNKNOWN where it may have taken it: what is sent next may be lost as well, so it has more time.
        attempts: messages in a row before that it did not take.
    """
    return AFTER_SILENCE if state == UNKNOWN else min(FIRST_PAUSE * 2 ** min(attempts, 10), LONGEST_PAUSE)


def _messages(news: Sequence[Candidate], rules: Rules, now: datetime) -> list[tuple[Candidate, ...]]:
    if rules.told.mode == "digest":
        return [tuple(news)]
    at_night = [each for each in news if told_at_night(each.ready_at, now, rules.told.quiet_hours, rules.zone)]
    single = [each for each in news if each not in at_night]
    made = [tuple(at_night)] if at_night else []
    # What is more than anybody wants to be called for is counted in the last message.
    last = single[rules.told.at_most - 1 :]
    return made + [(each,) for each in single[: rules.told.at_most - 1]] + ([tuple(last)] if last else [])


def _best_first(found: Candidate) -> tuple[int, float, str]:
    return LABELS.index(found.label), -found.total, found.tweet_id
