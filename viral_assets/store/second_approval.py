"""The approval of two people, for replies to tweets that are flagged as sensitive, in projects that ask for it.

An approval names the text that was read: whoever changes the text is the first to approve the new one. What somebody
approved before a project asked for two stays approved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from viral_assets.store.bulk import one_of
from viral_assets.store.suggestion_status import stands_approved
from viral_assets.store.tables import comment_suggestions, tweet_scores
from viral_assets.text.names import same_person
from viral_assets.vocabulary import APPROVE, AWAITING, AWAITING_WORDS, EDIT, EDITED, EXPORT, POST, TAKE_REVISION

Tweet = tuple[str, str]
"""Project and tweet id."""


@dataclass(frozen=True, slots=True)
class SecondApproval:
    """Where replies to flagged tweets take the approval of two people.

    Args:
        projects: in these.
        every: in all, because nobody can read the files that say so.
    """

    projects: frozenset[str] = frozenset()
    every: bool = False

    def __contains__(self, project: str) -> bool:
        return self.every or project in self.projects

    def takes_two(self) -> sa.ColumnElement[bool]:
        """The condition on a suggestion, whatever was decided about it so far, that it takes two."""
        written, scores = comment_suggestions.c, tweet_scores.c
        asked_for = sa.true() if self.every else scores.project.in_(sorted(self.projects))
        of_tweet = scores.project == written.project, scores.tweet_id == written.tweet_id
        return sa.exists().where(*of_tweet, is_flagged(), asked_for)

    def among(self, connection: sa.Connection, tweets: Iterable[Tweet]) -> set[Tweet]:
        """Those of the tweets whose replies take two."""
        by_project: dict[str, list[str]] = {}
        for project, tweet_id in tweets:
            if project in self:
                by_project.setdefault(project, []).append(tweet_id)
        scores = tweet_scores.c
        return {
            (project, tweet_id)
            for project, tweet_ids in by_project.items()
            for tweet_id in connection.scalars(
                sa.select(scores.tweet_id).where(
                    scores.project == project, one_of(connection, scores.tweet_id, tweet_ids), is_flagged()
                )
            )
        }


NOWHERE = SecondApproval()
"""One person is enough for everything."""


def is_flagged() -> sa.ColumnElement[bool]:
    """The condition that something sensitive was found in a tweet, on ``tweet_scores``."""
    return sa.func.coalesce(tweet_scores.c.flags, "") != ""


class OneIsNotEnough(Exception):  # noqa: N818 - no error: somebody else has to agree first
    """The message says, as half a sentence, what has to come before."""


def with_two(action: str, status: str, reached: str, *, decided: bool, first: str, who: str) -> str:
    """The status that an action leads to where the approval of two people is asked for. Pure.

    Args:
        status: of the suggestion before.
        reached: what the action leads to where one person is enough.
        decided: a person's decision is on record, see
            :func:`~viral_assets.store.suggestion_status.stands_approved`.
        first: who decided last; of a suggestion that is awaiting, who approved it.
        who: acts now.

    Raises:
        OneIsNotEnough: it takes another person, before or instead.
    """
    approved = stands_approved(status, decided=decided)
    if action == APPROVE and not approved:
        if status != AWAITING:
            return AWAITING
        if same_person(first, who):
            raise OneIsNotEnough(f"it is {AWAITING_WORDS}, which another person has to give: the first one was yours")
    if action == EDIT or (action == TAKE_REVISION and reached == EDITED):
        return AWAITING
    if action in (POST, EXPORT) and not approved:
        raise OneIsNotEnough("the tweet is sensitive, so two people have to approve a reply first")
    return reached
