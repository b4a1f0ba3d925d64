"""What a project file says, as typed values. Reading the file is in ``loader``.

A project is one team's view of the stream: topics it follows, the voice it answers in, what it will not touch, and
how picky it is.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from viral_assets.llm.models import DEFAULT_MODEL, bare_name
from viral_assets.llm.tiers import STANDARD, Tier
from viral_assets.projects.engagement import Engagement
from viral_assets.projects.notifications import Notifications
from viral_assets.projects.numbers import Whole
from viral_assets.vocabulary import (
    FLAG,
    LEAVE_OUT,
    NONE_OF_THEM,
    SENSITIVE_CATEGORIES,
    Handling,
    SecondApprovalOf,
)

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
ModelName = Annotated[str, Field(pattern=r"^\s*(models/)?[A-Za-z0-9][A-Za-z0-9._:/-]*\s*$")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[Whole, Field(ge=0)]


_HANDLE = re.compile(r"@?([A-Za-z0-9_]+)")


def _bare_handle(handle: str) -> str:
    if (found := _HANDLE.fullmatch(handle.strip())) is None:
        raise ValueError(f"{handle!r} is no handle; write it like @somebody")
    return found[1].lower()


Handle = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    """Unknown keys are errors: a misspelt key would otherwise silently keep its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaxonomyNode(_Model):
    """One topic: its label, what it is about, and a few tweets as people would write them."""

    label: Text
    description: Text
    exemplars: tuple[Text, ...] = ()


class Voice(_Model):
    """How the project sounds. ``allowed_*`` are what a suggestion may contain besides plain words. With
    ``learn_from_edits`` the model is shown what people made of earlier drafts, once there are some."""

    persona: Text
    constraints: tuple[Text, ...] = ()
    good_examples: tuple[Text, ...] = ()
    bad_examples: tuple[Text, ...] = ()
    allowed_links: tuple[Text, ...] = ()
    allowed_handles: tuple[Handle, ...] = ()
    allowed_hashtags: tuple[Text, ...] = ()
    learn_from_edits: bool = True

    @field_validator("allowed_handles")
    @classmethod
    def _handles(cls, handles: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_bare_handle(handle) for handle in handles)

    @field_validator("allowed_hashtags")
    @classmethod
    def _hashtags(cls, hashtags: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(hashtag.strip().lstrip("#").lower() for hashtag in hashtags)


class XApiSource(_Model):
    """Have the ``queries`` searched by the X API, hour by hour. Every post it sends is paid for.

    ``context``: also ask it for the posts that chosen tweets answer or quote, where no file has had them.
    ``pictures``: have each post come with what its pictures show, in the words of their author; X charges for them.
    """

    max_posts_per_hour: Annotated[Whole, Field(ge=10)] = 500
    context: bool = False
    pictures: bool = False


class ApifySource(_Model):
    """Have an Actor of Apify search, one run for each hour.

    ``queries`` are in the notation of X's search page; without any, those of the project are translated. ``input`` goes
    to the Actor besides, for Actors that want other keys.
    """

    actor: Annotated[str, Field(pattern=r"^[\w.-]+([/~][\w.-]+)?$")] = "apidojo/tweet-scraper"
    queries: tuple[Text, ...] = ()
    max_items_per_hour: Annotated[Whole, Field(ge=1)] = 200
    max_cost_usd_per_hour: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    input: dict[str, Any] = {}


ColumnField = Literal[
    "tweet_id",
    "url",
    "text",
    "created_at",
    "collected_at",
    "author_handle",
    "author_id",
    "author_name",
    "author_followers",
    "author_verified",
    "lang",
    "is_retweet",
    "is_reply",
    "is_quote",
    "is_promoted",
    "post_kind",
    "retweet_of",
    "reply_to",
    "quote_of",
    "like_count",
    "reply_count",
    "retweet_count",
    "quote_count",
    "view_count",
    "bookmark_count",
    "conversation_id",
]
"""What a column of a table can be."""


class Sources(_Model):
    """Where tweets come from and which are never wanted. Handles are compared without ``@`` and case.

    Services are asked only where they are named here: they cost money.
    """

    queries: tuple[Text, ...] = ()
    x_api: XApiSource | None = None
    apify: ApifySource | None = None
    allow_handles: frozenset[Handle] = frozenset()
    block_handles: frozenset[Handle] = frozenset()
    blocked_keywords: tuple[Text, ...] = ()
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], ...] = ("en",)
    promoted: Literal["leave_out", "allow"] = "leave_out"
    """What becomes of tweets that somebody paid to have shown."""
    columns: dict[ColumnField, tuple[Text, ...]] = {}
    """How tables call their columns where the names are none of the usual ones."""

    @property
    def asks_services(self) -> bool:
        """Whether any service is named."""
        return self.x_api is not None or self.apify is not None

    @field_validator("columns", mode="before")
    @classmethod
    def _one_name_or_several(cls, columns: object) -> object:
        if not isinstance(columns, dict):
            return columns
        return {field: (names,) if isinstance(names, str) else names for field, names in columns.items()}

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        names = [name.strip().casefold() for of in self.columns.values() for name in of]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"columns: {min(twice)!r} cannot be two things at once")
        return self

    @field_validator("allow_handles", "block_handles")
    @classmethod
    def _handles(cls, handles: frozenset[str]) -> frozenset[str]:
        return frozenset(_bare_handle(handle) for handle in handles)

    @model_validator(mode="after")
    def _something_to_ask(self) -> Self:
        if self.x_api and not self.queries:
            raise ValueError("x_api searches for queries, and there are none")
        if self.apify and not (self.queries or self.apify.queries):
            raise ValueError("apify searches for queries, and there are none")
        return self


class Weights(_Model):
    """How much each component counts in the total; only their proportions matter."""

    velocity: Share = 0.35
    relevance: Share = 0.40
    openness: Share = 0.15
    author_quality: Share = 0.10

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if self.velocity + self.relevance + self.openness + self.author_quality <= 0:
            raise ValueError("at least one weight must be above 0")
        return self


class Thresholds(_Model):
    """Totals from which a tweet is yellow and green; below ``yellow`` it is red. Whatever its total, it is not green
    below a relevance of ``green_relevance``, which projects that give relevance no weight do without."""

    yellow: Share = 0.40
    green: Share = 0.60
    green_relevance: Share = 0.50

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.green <= self.yellow:
            raise ValueError("green must be above yellow")
        return self


class Minima(_Model):
    """Tweets below one of these are not worth a reply. ``unknown`` says what becomes of a tweet of which nobody knows a
    figure that is asked for: it passes, and its card says so, or it fails. A minimum of 0 asks for nothing."""

    followers: Count = 1000
    likes: Count = 0
    views: Count = 0
    relevance: Share = 0.0
    unknown: Literal["pass", "fail"] = "pass"


class Safety(_Model):
    """What becomes of tweets that touch something sensitive: ``leave_out``, so that they are never chosen, ``flag``, so
    that a person decides about each by itself, or ``allow``. A hospice may want grief, and a campaign politics.

    The keys are :data:`~viral_assets.vocabulary.SENSITIVE_CATEGORIES`.
    """

    grief: Handling = LEAVE_OUT
    illness: Handling = FLAG
    self_harm: Handling = LEAVE_OUT
    violence: Handling = LEAVE_OUT
    disaster: Handling = LEAVE_OUT
    tragedy: Handling = LEAVE_OUT
    politics: Handling = LEAVE_OUT
    religion: Handling = FLAG
    sexual: Handling = LEAVE_OUT
    minors: Handling = LEAVE_OUT
    abuse: Handling = LEAVE_OUT
    legal: Handling = LEAVE_OUT
    instruction: Handling = FLAG

    def handlings(self) -> dict[str, Handling]:
        """By category."""
        return {category: getattr(self, category) for category in SENSITIVE_CATEGORIES}

    def categories(self, handling: Handling) -> tuple[str, ...]:
        """Those that are handled so."""
        return tuple(category for category, each in self.handlings().items() if each == handling)


class Review(_Model):
    """How suggestions are decided about. ``second_approval``: ``flagged``, so that a reply to a tweet that is flagged
    as sensitive takes the approval of two people, or ``none``."""

    second_approval: SecondApprovalOf = NONE_OF_THEM


class SuggestionType(_Model):
    """One kind of reply and the instruction that asks for it."""

    name: Name
    instruction: Text


BUILT_IN_TYPES: dict[str, SuggestionType] = {
    name: SuggestionType(name=name, instruction=instruction)
    for name, instruction in {
        "add_value": "Add one concrete fact, example or practical tip that the author and the readers can use.",
        "ask_question": "Ask one specific, open question that the author would enjoy answering.",
        "mirror_reframe": "Say in one phrase what the author means, then offer a fresh angle on it.",
        "funny": "Make a light, kind joke about the situation, never about a person.",
        "debate": "Disagree respectfully with one point and give the reason.",
        "relate": "Tell in one or two sentences of a similar experience, in the persona's own words.",
    }.items()
}


MOST_TWEETS_PER_REQUEST = 50


class Generation(_Model):
    """How suggestions are written. ``model`` is used unless ``GEMINI_MODEL`` says otherwise; of a list, the next one
    goes on where one cannot be used.

    ``background`` is the tier of the service that runs ask at for which nobody waits, and ``background_deadline_hours``
    from when on the standard tier has to do for what is still open, counted from where such a run begins.

    ``max_tweets_per_request`` caps packing. How sharing a request changes what is written has not been measured, so
    its default is a guess; a project's own decisions tell (``viral-assets tune``). Where a file names none, requests
    may hold two more where that is likely to save a window, and five more where what has failed would cost one
    (``generation/run/planning/stretch.py``).
    Lengths are X's weighted characters.
    """

    model: ModelName | Annotated[tuple[ModelName, ...], Field(min_length=1, max_length=10)] = DEFAULT_MODEL
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.8
    background: Tier = STANDARD
    background_deadline_hours: Annotated[float, Field(gt=0, le=72, allow_inf_nan=False)] = 24
    max_tweets_per_request: Annotated[Whole, Field(ge=1, le=MOST_TWEETS_PER_REQUEST)] = 10
    min_length: Annotated[Whole, Field(ge=1, le=280)] = 40
    max_length: Annotated[Whole, Field(ge=1, le=280)] = 280

    @property
    def models(self) -> tuple[str, ...]:
        """In the order in which they are tried, each once."""
        named = (self.model,) if isinstance(self.model, str) else self.model
        return tuple(dict.fromkeys(bare_name(each) for each in named))

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_length < self.min_length:
            raise ValueError("max_length must not be below min_length")
        return self


class Project(_Model):
    """One file in the projects folder."""

    name: Name
    title: str = ""
    taxonomy: Annotated[tuple[TaxonomyNode, ...], Field(min_length=1)]
    voice: Voice
    sources: Sources = Sources()
    weights: Weights = Weights()
    thresholds: Thresholds = Thresholds()
    minima: Minima = Minima()
    engagement: Engagement = Engagement()
    safety: Safety = Safety()
    review: Review = Review()
    notifications: Notifications = Notifications()
    max_candidates: Annotated[Whole, Field(ge=1, le=10_000)] = 150
    suggestion_types: Annotated[tuple[SuggestionType, ...], Field(min_length=1, max_length=10)] = tuple(
        BUILT_IN_TYPES[name] for name in ("add_value", "ask_question", "mirror_reframe")
    )
    generation: Generation = Generation()

    @field_validator("suggestion_types", mode="before")
    @classmethod
    def _named_types(cls, value: object) -> object:
        """A bare name stands for the built-in type of that name."""
        if not isinstance(value, list | tuple):
            return value
        unknown = [item for item in value if isinstance(item, str) and item not in BUILT_IN_TYPES]
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is not built in ({', '.join(BUILT_IN_TYPES)}); "
                "give it as {name: ..., instruction: ...}"
            )
        return [BUILT_IN_TYPES[item] if isinstance(item, str) else item for item in value]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        for what, names in (
            ("taxonomy label", [node.label.casefold() for node in self.taxonomy]),
            ("suggestion type", [kind.name for kind in self.suggestion_types]),
        ):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"the {what} {min(twice)!r} appears twice")
        if self.name == "all" or not re.search("[a-z]", self.name):
            raise ValueError("a name needs a letter, and 'all' stands for every project")
        return self
