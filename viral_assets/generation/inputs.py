"""What a script may hand over: texts, records or data frames of tweets, labels or nodes as topics, a project or a part
of one, and how to go about it. Here they become opportunities of a project, and options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import ValidationError

from viral_assets.errors import ConfigurationError
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import GenerationOptions
from viral_assets.generation.run.planning.latency import UNMEASURED, Latency
from viral_assets.hours import floor_hour
from viral_assets.llm.tiers import Tier
from viral_assets.projects.loader import load_projects, select_projects
from viral_assets.projects.model import Project, TaxonomyNode, Voice
from viral_assets.quota.priority import Priority
from viral_assets.settings import load_settings
from viral_assets.vocabulary import OFFLINE, OPENAI

if TYPE_CHECKING:
    import pandas as pd

Config = Project | Mapping[str, Any] | None
Topic = str | TaxonomyNode | Mapping[str, Any]

BatchSize = int | Literal["auto"]

MAX_ID_LENGTH = 32
"""What the tables hold; X's have 19 digits."""

OFFLINE_PACK = 10
"""Tweets per request offline: no quota forces it to pack, but fewer transactions are faster."""

OFFLINE_AT_ONCE = 64
"""Requests at once offline: it is one processor that writes them all."""

OFFLINE_LATENCY = Latency(0.005, 0.005)

OPENAI_TIMEOUT_SECONDS = 600.0
"""A model on a machine of one's own may write a few words a second, and take one request after the other."""


def options_of(
    provider: str,
    *,
    batch_size: BatchSize,
    tweets_per_request: BatchSize,
    model: str | None,
    run_id: str,
    timeout_seconds: float | None,
    priority: Priority,
    tier: Tier | None = None,
    paced: bool = False,
) -> GenerationOptions:
    """How a provider's runs go about it.

    Raises:
        ConfigurationError: a number that cannot be.
    """
    given: dict[str, object] = {"batch_size": batch_size, "tweets_per_request": tweets_per_request}
    for name, value in given.items():
        if value != "auto" and (not isinstance(value, int) or value < 1):
            raise ConfigurationError(f"{name} must be a whole number above 0 or 'auto', not {value!r}")
    offline = provider == OFFLINE
    if provider == OPENAI and timeout_seconds is None:
        timeout_seconds = OPENAI_TIMEOUT_SECONDS
    return GenerationOptions(
        concurrency=OFFLINE_AT_ONCE if offline and batch_size == "auto" else batch_size,
        tweets_per_request=OFFLINE_PACK if offline and tweets_per_request == "auto" else tweets_per_request,
        latency=OFFLINE_LATENCY if offline else UNMEASURED,
        model=OFFLINE if offline else model,
        run_id=run_id,
        timeout_seconds=timeout_seconds,
        priority=priority,
        tier=tier,
        paced=paced,
    )


def asked_of(
    tweets: Sequence[Mapping[str, Any] | str], topics: Sequence[Topic], config: Config
) -> tuple[Project, list[Opportunity]]:
    """The project a script means, and its tweets as opportunities, in their order.

    Args:
        tweets: texts, or records with ``text``; those without ``tweet_id`` are numbered.
        topics: one for each tweet, or a single one for all.

    Raises:
        ConfigurationError: config cannot be used, or there are more topics than tweets.
    """
    if len(topics) not in (1, len(tweets)):
        raise ConfigurationError(f"{len(tweets)} tweets need as many topics, or one; {len(topics)} were given")
    labels = [label_of(topic) for topic in topics] * (len(tweets) if len(topics) == 1 else 1)
    project = project_of(config, topics)
    records: list[Mapping[str, Any]] = [{"text": each} if isinstance(each, str) else each for each in tweets]
    return project, [
        opportunity_of({"tweet_id": f"tweet-{number}", **without_blanks(record), "topic": label}, project)
        for number, (record, label) in enumerate(zip(records, labels, strict=True), 1)
    ]


def scored_of(
    project_id: str, tweets_with_scores: pd.DataFrame | Sequence[Any], config: Config
) -> tuple[Project, list[Opportunity]]:
    """The project of that name (its file's, unless there is a config) and its scored tweets as opportunities.

    Raises:
        ConfigurationError: config, the project file or a tweet cannot be used.
    """
    project = project_named(project_id, config)
    return project, [opportunity_of(record, project) for record in records_of(tweets_with_scores)]


def project_named(project_id: str, config: Config) -> Project:
    """The project of that name: its file's, unless there is a config.

    Raises:
        ConfigurationError: config or the project file cannot be used.
    """
    if config is not None:
        return project_of(config, (), name=project_id)
    return select_projects(load_projects(load_settings().projects_dir), [project_id])[project_id]


def project_of(config: Config, topics: Sequence[Topic], *, name: str = "script") -> Project:
    """The project a script means.

    Raises:
        ConfigurationError: ``config`` cannot be a project's.
    """
    if isinstance(config, Project):
        return config
    nodes = tuple(_node(topic) for topic in topics) or (TaxonomyNode(label="general", description="anything"),)
    defaults: dict[str, Any] = {
        "name": name,
        "taxonomy": tuple({node.label.casefold(): node for node in nodes}.values()),
        "voice": Voice(persona="A helpful person who knows the topic and writes plainly."),
    }
    try:
        return Project(**{**defaults, **(config or {})})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise ConfigurationError(f"config: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _node(topic: Topic) -> TaxonomyNode:
    if isinstance(topic, TaxonomyNode):
        return topic
    if isinstance(topic, str):
        return TaxonomyNode(label=topic, description=topic)
    return TaxonomyNode(label=label_of(topic), description=str(topic.get("description") or label_of(topic)))


def label_of(topic: Topic) -> str:
    """The name of a topic."""
    if isinstance(topic, str):
        return topic
    label = topic.label if isinstance(topic, TaxonomyNode) else topic.get("label") or topic.get("name")
    if not label:
        raise ConfigurationError("a topic is a label, or a mapping with at least 'label'")
    return str(label)


def records_of(tweets_with_scores: pd.DataFrame | Sequence[Any]) -> list[Mapping[str, Any]]:
    """One record a tweet, from a data frame, records, or pairs of a tweet and its scores."""
    import pandas as pd

    if isinstance(tweets_with_scores, pd.DataFrame):
        return [without_blanks(row) for row in tweets_with_scores.to_dict("records")]
    records: list[Mapping[str, Any]] = []
    for each in tweets_with_scores:
        if isinstance(each, Mapping):
            records.append(each)
            continue
        tweet, scores = each
        records.append({**tweet, **(scores if isinstance(scores, Mapping) else {"total": scores})})
    return [without_blanks(record) for record in records]


def without_blanks(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Without what pandas puts where there is nothing."""
    import pandas as pd

    return {
        str(name): value for name, value in record.items() if not (pd.api.types.is_scalar(value) and pd.isna(value))
    }


def opportunity_of(record: Mapping[str, Any], project: Project) -> Opportunity:
    """A tweet to be answered.

    Raises:
        ConfigurationError: the record has no usable id, text or time.
    """
    text, tweet_id = record.get("text"), record.get("tweet_id") or record.get("id")
    if not isinstance(text, str) or not text.strip() or not tweet_id:
        raise ConfigurationError(f"a tweet needs 'tweet_id' and 'text'; one has only {sorted(map(str, record))}")
    if isinstance(tweet_id, float) or not 0 < len(str(tweet_id)) <= MAX_ID_LENGTH:
        raise ConfigurationError(f"{tweet_id!r} is not a tweet's id; ids are texts of at most {MAX_ID_LENGTH} digits")
    moment = record.get("window_start") or record.get("created_at")
    return Opportunity(
        project=project.name,
        tweet_id=str(tweet_id),
        window_start=floor_hour(_instant(moment)),
        text=text,
        topic=str(record.get("topic") or record.get("best_topic") or project.taxonomy[0].label),
        suggestion_types=tuple(kind.name for kind in project.suggestion_types),
        author_handle=str(record.get("author_handle") or record.get("author") or ""),
        lang=record.get("lang") or None,
    )


def _instant(moment: object) -> datetime:
    """When a tweet was posted; now where the record does not say, so that it still has a window."""
    import pandas as pd

    if moment is None:
        return datetime.now(UTC)
    try:
        stamp = pd.Timestamp(cast(Any, moment))
    except (ValueError, TypeError):
        raise ConfigurationError(f"{moment!r} is not a time; write it like 2026-11-21T20:15:00Z") from None
    return (stamp.tz_localize(UTC) if stamp.tzinfo is None else stamp).to_pydatetime()
