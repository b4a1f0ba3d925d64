"""An opportunity as a person is shown it, whatever shows it: the tweet, its scores, suggestions and outcome.

Texts come as they are stored; making them fit to be shown is the work of whoever shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from viral_assets.context import NO_CONTEXT, Context
from viral_assets.safety.flag import Flag
from viral_assets.store.revisions import Revision
from viral_assets.store.suggestion_status import USABLE, in_words, stands_approved
from viral_assets.store.teamwork import NOBODY_YET, Teamwork
from viral_assets.text.x_links import tweet_link
from viral_assets.vocabulary import DONE, EXPORTED, OFFLINE, POSTED, RECORDED

LEAST_SHOWN = 0.01
"""Of a relevance: less is shown as 0 %."""


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """One suggested reply. ``weighted_length`` counts as X does, of 280; ``version`` is what a decision about it names.
    ``original_text`` is what the model wrote first, where the text is another one now; ``decided_at`` and
    ``decided_by`` are None where no person's decision is on record, also where an export has come after it.
    ``revised_text`` is the revision that a person took last and ``revised_by`` the model that wrote it. ``revision`` is
    the open one, where somebody has looked for it (``pages``)."""

    type_name: str
    text: str
    weighted_length: int
    status: str
    provider: str
    model: str
    version: int = 0
    original_text: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    revised_text: str | None = None
    revised_by: str | None = None
    revision: Revision | None = None

    @property
    def offline(self) -> bool:
        return self.provider == OFFLINE and (not self.revised or self.revised_by == OFFLINE)

    @property
    def recorded(self) -> bool:
        """Written beforehand, for the bundled sample; it is an offline one, too."""
        return self.offline and self.model == RECORDED and not self.revised

    @property
    def revised(self) -> bool:
        """It says what a model made of it when somebody asked for that."""
        return self.revised_text is not None and self.revised_text == self.text

    @property
    def rewritten(self) -> bool:
        """A person has changed it: who wrote it first says nothing about the text any more."""
        return self.original_text is not None and not self.revised

    @property
    def decided(self) -> bool:
        return self.decided_at is not None

    @property
    def status_text(self) -> str:
        """The status for a person; an export does not hide that somebody had approved it."""
        return "approved, exported" if self.status == EXPORTED and self.decided else in_words(self.status)


@dataclass(frozen=True, slots=True)
class Contact:
    """A reply that a person stands behind, to another tweet of the same author. ``status`` tells how far it has come,
    ``decided_at`` since when."""

    tweet_id: str
    text: str
    status: str
    decided_at: datetime

    @property
    def posted(self) -> bool:
        return self.status == POSTED


@dataclass(frozen=True, slots=True)
class OpportunityView:
    """A tweet worth a reply and everything said about it.

    ``rank`` counts from 1 in the list it was read for and ``priority_score`` is what that list is sorted by
    (:mod:`~viral_assets.queries.sort_keys`). Counts are None where nobody knows them. Components are None where the
    tweet has no score row any more, velocity also where it could not be measured. ``suggestions`` are in the order in
    which they were read (:func:`~viral_assets.queries.opportunities.find_opportunities`). ``outcome`` is None for a
    tweet that no generation run has finished. ``contacts``, the latest first, and ``context`` are there where somebody
    has looked for them (``context.with_context``). ``flags`` are what is sensitive in it, the surest first; a tweet
    that was scored before anybody looked has none. ``takes_two`` says that its replies take the approval of two people,
    and ``teamwork`` whose it is and who has seen it, where somebody has looked for either.
    """

    rank: int
    priority_score: float
    project: str
    tweet_id: str
    window_start: datetime
    created_at: datetime
    collected_at: datetime
    text: str
    lang: str | None
    author_handle: str
    author_name: str | None
    author_followers: int | None
    author_verified: bool
    likes: int | None
    replies: int | None
    retweets: int | None
    quotes: int | None
    views: int | None
    total: float
    label: str
    topic: str
    why: str
    velocity: float | None = None
    relevance: float | None = None
    openness: float | None = None
    author_quality: float | None = None
    suggestions: tuple[SuggestionView, ...] = ()
    outcome: str | None = None
    reason: str = ""
    author_id: str | None = None
    contacts: tuple[Contact, ...] = ()
    flags: tuple[Flag, ...] = ()
    context: Context = NO_CONTEXT
    takes_two: bool = False
    teamwork: Teamwork = NOBODY_YET

    @property
    def url(self) -> str:
        return tweet_link(self.tweet_id, self.author_handle)

    @property
    def is_about(self) -> bool:
        """Whether the topic says anything: of a tweet that is off topic it is merely the least distant one."""
        return bool(self.topic) and (self.relevance is None or self.relevance >= LEAST_SHOWN)

    @property
    def reposts(self) -> int | None:
        """Retweets and quotes, as X adds them up; retweets alone where the quotes are unknown."""
        return None if self.retweets is None else self.retweets + (self.quotes or 0)

    @property
    def unknown_counts(self) -> tuple[str, ...]:
        """What nobody has counted, in words; who follows the author is not among it."""
        counts = {"likes": self.likes, "replies": self.replies, "reposts": self.reposts, "views": self.views}
        return tuple(name for name, count in counts.items() if count is None)

    @property
    def fell_short(self) -> bool:
        """The last run ended without a suggestion for each type, and its outcome says why."""
        return self.outcome is not None and self.outcome != DONE

    def may_go_out(self, suggestion: SuggestionView) -> bool:
        """Whether a person may still post it, as far as approvals go: as many people as it takes have approved it, or
        one is enough, who decides by posting it."""
        if suggestion.status not in USABLE:
            return False
        return not self.takes_two or stands_approved(suggestion.status, decided=suggestion.decided)

    @property
    def answered(self) -> bool:
        """A reply has been posted. X hides several near-identical replies, and people dislike several of any kind."""
        return any(suggestion.status == POSTED for suggestion in self.suggestions)
