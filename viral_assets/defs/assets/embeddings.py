"""From texts to vectors: those of topics and of tweets, by the embedder of each project. The arithmetic is in
``embedding``.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.display import add_hour_metadata, markdown_table, table_metadata
from viral_assets.defs.assets.failures import as_dagster_failure
from viral_assets.defs.assets.ingestion import tweets
from viral_assets.defs.assets.partitions import hourly_asset, window_of
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.embedder import EmbedderResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.store import tables

if TYPE_CHECKING:
    from pandas import DataFrame

    from viral_assets.embedding.cache import CachedEmbedder
else:
    # Dagster evaluates annotations while definitions load, and importing pandas for that takes a second.
    DataFrame = Any


@dg.asset(
    group_name="scoring",
    kinds={"numpy"},
    owners=["team:data"],
    code_version="1",
    description=(
        "What each topic of each project sounds like: a vector for its description and each of its example tweets. "
        "Only texts that changed in the project file are embedded again."
    ),
)
@as_dagster_failure
def topic_embeddings(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    embedder: EmbedderResource,
    projects: ProjectsResource,
    run_options: RunOptions,
) -> None:
    """See to it that every text of every taxonomy, and of what sensitive tweets sound like, is in the cache."""
    from viral_assets.safety.exemplar_vectors import exemplars_to_embed
    from viral_assets.scoring.languages import language_warnings
    from viral_assets.scoring.topics import topic_texts

    selected = projects.select(run_options.projects)
    embedders = embedder.of(database.get(), selected)
    topics = [(name, node) for name, project in selected.items() for node in project.taxonomy]
    texts = {
        cached: [text for name, node in topics if embedders[name] is cached for text in topic_texts(node)]
        for cached in _distinct(embedders)
    }
    for cached, of_topics in texts.items():
        cached.embed([*of_topics, *exemplars_to_embed(cached.model)])
    computed = sum(cached.stats.computed for cached in texts)
    context.log.info("%d texts of %d topics; %d embedded now", sum(map(len, texts.values())), len(topics), computed)
    warnings = [
        (name, warning)
        for name, project in selected.items()
        for warning in language_warnings(project, embedder.name_for(project), embedders[name].languages)
    ]
    for name, warning in warnings:
        context.log.warning("%s: %s", name, warning)
    about_languages = {"languages": markdown_table(("project", "warning"), warnings)} if warnings else {}
    context.add_output_metadata(
        {
            "dagster/row_count": len(topics),
            "embedder": ", ".join(cached.model for cached in texts),
            "embedded now": computed,
            **about_languages,
            "topics": markdown_table(
                ("project", "topic", "about", "examples"),
                ((name, node.label, node.description, len(node.exemplars)) for name, node in topics),
            ),
        }
    )


@hourly_asset(
    group_name="scoring",
    deps=[tweets],
    kinds={"numpy", "table"},
    owners=["team:data"],
    code_version="1",
    metadata=table_metadata(tables.embeddings),
    description=(
        "A vector for each distinct text of the hour, so that a tweet can be compared with the topics and with other "
        "tweets. No text is ever embedded twice by the same embedder, whatever tweet, hour or project it appears in; "
        "which embedder, the languages of a project say."
    ),
)
def tweet_embeddings(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    embedder: EmbedderResource,
    projects: ProjectsResource,
    run_options: RunOptions,
) -> None:
    """See to it that every text of the hours of this run is in the cache of embeddings, by the embedder of each project
    that it came for."""
    from viral_assets.defs.assets import previews
    from viral_assets.embedding.postponed import postponed_if_exhausted
    from viral_assets.store.tweet_frames import read_tweets

    store, window = database.get(), window_of(context)
    embedders = embedder.of(store, projects.select(run_options.projects))
    frames = []
    only_one = len(_distinct(embedders)) == 1 and not run_options.projects
    for cached in _distinct(embedders):
        names = [None] if only_one else [name for name, other in embedders.items() if other is cached]
        with store.read() as connection:
            frame = _each_once([read_tweets(connection, window, project=name) for name in names])
        distinct = frame.drop_duplicates("text_sha256")
        with postponed_if_exhausted(store, cached.model, window):
            vectors_of(cached, distinct)
        values = (len(distinct), len(frame), cached.stats.computed, cached.model)
        context.log.info("%d distinct texts of %d tweets; %d embedded now by %s", *values)
        frames.append(frame)
    models = ", ".join(cached.model for cached in _distinct(embedders))
    add_hour_metadata(context, previews.of_embeddings(_each_once(frames), window, models))


def vectors_of(embedder: "CachedEmbedder", frame: DataFrame) -> Any:
    """The vectors (n, d) of the texts of tweets; what is not known yet is embedded."""
    return embedder.embed(frame["text"].tolist(), frame["text_sha256"].tolist())


def _distinct(embedders: Mapping[str, "CachedEmbedder"]) -> list["CachedEmbedder"]:
    """Each embedder once, in the order of the projects."""
    return list(dict.fromkeys(embedders.values()))


def _each_once(tweets_of_projects: list[DataFrame]) -> DataFrame:
    """Tweets that came for one project or several. Frames without rows have no types to agree on."""
    import pandas as pd

    filled = [frame for frame in tweets_of_projects if len(frame)]
    return pd.concat(filled or tweets_of_projects[:1]).drop_duplicates("tweet_id", ignore_index=True)
