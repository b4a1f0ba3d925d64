"""The words that the database, the commands, the pages and the models agree on, each written here and nowhere else.

What is stored under a word stays readable only while the word stays: a new one may join, none may be renamed without
a migration. What may be done in which status is decided in ``store.suggestion_status``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Label = Literal["green", "yellow", "red"]
LABELS: tuple[Label, ...] = get_args(Label)
"""How promising a tweet is, the best first."""
GREEN, YELLOW, RED = LABELS

Outcome = Literal["done", "filtered", "declined", "blocked", "failed", "deferred"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""How an opportunity ended: with a suggestion for each type, with some or all refused by the quality filter, with the
model's advice not to answer, withheld by a safety filter, given up, or put off."""
DONE, FILTERED, DECLINED, BLOCKED, FAILED, DEFERRED = OUTCOMES
FINISHED_OUTCOMES: tuple[Outcome, ...] = (DONE, FILTERED, DECLINED, BLOCKED, FAILED)
"""Those after which no run asks again; a deferred tweet is taken up by a later one."""

VELOCITY: Final = "velocity"
"""The one component that may be unknown: where nobody has counted, nothing can be measured."""

COMPONENTS = (VELOCITY, "relevance", "openness", "author_quality")
"""Of a score: the columns of ``tweet_scores`` and the names of a project's weights."""

UNKNOWN_AUDIENCE: Final = 10_000
"""People that a tweet is taken to reach where nobody knows it: in magnitude the middle between the 100 and the
1,000,000 that the scores tell apart, so that not to know speaks neither for an author nor against one."""

GATE_PASSED: Final = "pass"
"""In the column ``gate``: the tweet is for the project. The other values say why it is not (``scoring.gate``)."""

SENSITIVE_CATEGORIES = {
    "grief": "grief and death",
    "illness": "serious illness",
    "self_harm": "suicide and self-harm",
    "violence": "violence",
    "disaster": "a disaster",
    "tragedy": "a tragedy",
    "politics": "politics and elections",
    "religion": "religion",
    "sexual": "sexual content",
    "minors": "minors in trouble",
    "abuse": "abuse and outrage",
    "legal": "legal threats",
    "instruction": "instructions to a model",
}
"""What a tweet can be about that not every brand should answer, in words. Keys of a project's ``safety``."""

Handling = Literal["leave_out", "flag", "allow"]
HANDLINGS: tuple[Handling, ...] = get_args(Handling)
"""What becomes of a tweet of a category: it is never chosen; it is shown with a flag and decided about by itself; it is
like any other."""
LEAVE_OUT, FLAG, ALLOW = HANDLINGS

DROP_REASONS = {
    "gate": "did not pass the gate",
    **{category: f"not safe to answer: {words}" for category, words in SENSITIVE_CATEGORIES.items()},
    "label": "scored too low",
    "relevance": "less relevant than the project asks for",
    "minima": "below a minimum of followers, likes or views",
    "unknown": "followers, likes or views that the project insists on are unknown",
    "quiet": "there when nobody posts",
    "author": "the author has had a turn",
    "conversation": "another tweet of the conversation has had its turn",
    "duplicate": "says what another one says",
    "day_cap": "more than the project answers in a day",
    "over_the_cap": "more than the project takes in an hour",
}
"""Why a tweet is not chosen as an opportunity, in words, in the order in which the reasons are looked at: each tweet
counts for the first that applies."""
CHOSEN: Final = "chosen"
"""Beside them in ``selection_counts``: for no reason left out."""

Status = Literal["pending", "awaiting", "approved", "edited", "rejected", "exported", "posted"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""Of a suggestion. One that is ``awaiting`` was approved by one person, and takes the approval of another."""
PENDING, AWAITING, APPROVED, EDITED, REJECTED, EXPORTED, POSTED = STATUSES

AWAITING_WORDS: Final = "awaiting a second approval"
"""That status for a person."""

SecondApprovalOf = Literal["none", "flagged"]
NONE_OF_THEM: Final = "none"
FLAGGED_ONES: Final = "flagged"
"""Which replies take the approval of two people: those to tweets that are flagged as sensitive, or none."""

PROGRAMS = ("export", "outcomes")
"""Names that programs have in the audit, so that no person is called so."""
EXPORT_PROGRAM, OUTCOMES_PROGRAM = PROGRAMS

Action = Literal["approve", "reject", "edit", "export", "post", "reopen"]
ACTIONS: tuple[Action, ...] = get_args(Action)
"""What is done with a suggestion."""
APPROVE, REJECT, EDIT, EXPORT, POST, REOPEN = ACTIONS
UNDO: Final = "undo"
"""In the audit only: it leads back to where the undone action began, whatever that was."""

Telling = Literal["sending", "sent", "waiting", "unknown", "missed"]
TELLINGS: tuple[Telling, ...] = get_args(Telling)
"""How far a channel has been told of a tweet: claimed, before the message goes out; sent; not taken, so told later
while it is news; nobody knows whether it arrived, so not sent again; no news any more before the channel took it."""
SENDING, SENT, WAITING, UNKNOWN, MISSED = TELLINGS

CHANNEL_VARIABLES: Final = "VIRAL_ASSETS_NOTIFY_"
"""How the variables of the environment begin that hold addresses of channels; the rest is the channel's name."""

REVIEW_PORT: Final = 8642
"""Where the review page listens unless somebody says otherwise."""

RevisionAction = Literal["revise", "keep"]
REVISION_ACTIONS: tuple[RevisionAction, ...] = get_args(RevisionAction)
TAKE_REVISION, KEEP_TEXT = REVISION_ACTIONS
"""In the audit only: a person took the revision that somebody had asked for, or kept the text as it was."""

RevisionState = Literal["asked", "offered", "taken", "kept", "dropped", "failed"]
REVISION_STATES: tuple[RevisionState, ...] = get_args(RevisionState)
"""Of a revision: asked for and not written yet, written and to be decided about, taken, refused for the text as it was,
no longer wanted (another wish, another text), or come to nothing."""
ASKED, OFFERED, TAKEN, KEPT, DROPPED, UNANSWERED = REVISION_STATES

COMMON_WISHES = ("Shorter", "Less salesy", "More personal", "Without a question")
"""What people ask for most when a draft is nearly right; anything else they say in their own words."""

FoundBy = Literal["id", "same_text", "like_text", "only_choice"]
FOUND_BY: tuple[FoundBy, ...] = get_args(FoundBy)
"""How it was told which suggestion a post at X is, the surest first: somebody named it; its text is the suggestion's;
is much like it; it answers the tweet, for which only one suggestion was chosen."""
BY_ID, SAME_TEXT, LIKE_TEXT, ONLY_CHOICE = FOUND_BY

Provider = Literal["google-generativeai", "google-genai", "openai", "offline"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)
OPENAI: Final = "openai"
"""Any service that speaks OpenAI's API, at whatever address."""
OFFLINE: Final = "offline"
"""Provider, model and quota of drafts that no language model was asked for."""
RECORDED: Final = "recorded sample"
"""Model of the offline provider's drafts that were written beforehand, for the tweets of the bundled sample."""


@dataclass(frozen=True, slots=True)
class RejectionReason:
    """A common reason for rejecting a suggestion.

    ``key`` is what the page says and the audit holds. ``about`` decides what is learnt: nothing about the
    tweet from a reply that was only badly written.
    """

    key: str
    about: Literal["tweet", "wording"]


REJECTION_REASONS = (
    RejectionReason("too generic", "wording"),
    RejectionReason("tone", "wording"),
    RejectionReason("wrong facts", "wording"),
    RejectionReason("too salesy", "wording"),
    RejectionReason("duplicate", "wording"),
    RejectionReason("off topic", "tweet"),
    RejectionReason("not for us", "tweet"),
    RejectionReason("too old", "tweet"),
    RejectionReason("spam", "tweet"),
    RejectionReason("sensitive", "tweet"),
)
"""In the order the page offers them. A person may also type a reason, so the audit may hold any text."""
