"""From vectors to opportunities: scores, selection. The arithmetic is in ``scoring``."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import dagster as dg

from viral_assets.defs.assets.display import add_hour_metadata, table_metadata, tell_of_left_out
from viral_assets.defs.assets.embeddings import topic_embeddings, tweet_embeddings
from viral_assets.defs.assets.partitions import hourly_asset, window_of
from viral_assets.defs.resources.database import DatabaseResource
from viral_assets.defs.resources.embedder import EmbedderResource
from viral_assets.defs.resources.projects import ProjectsResource
from viral_assets.defs.resources.run_options import RunOptions
from viral_assets.defs.resources.tweet_source import TweetSourceResource
from viral_assets.projects.model import Minima, Project
from viral_assets.store import tables
from viral_assets.store.engine import Database
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import DROP_REASONS

if TYPE_CHECKING:
    from pandas import DataFrame

    from viral_assets.embedding.cache import CachedEmbedder
    from viral_assets.safety.around import SafetyDetectors
    from viral_assets.scoring.selection import Selected, SelectionOptions
else:
    # Dagster evaluates annotations while definitions load, and importing pandas for that takes a second.
    DataFrame = Any


@hourly_asset(
    group_name="scoring",
    deps=[tweet_embeddings, topic_embeddings],
    io_manager_key="window_io_manager",
    kinds={"pandas", "table"},
    owners=["team:data"],
    code_version="1",
    metadata=table_metadata(tables.tweet_scores),
    description=(
        "How much each tweet of the hour is worth a reply, for each project: how fast it spreads, how close it is to a "
        "topic, whether it invites an answer, who wrote it; the total, a traffic light, and why. Measured from the "
        "time the counts were collected, so a past hour scores today as it did then."
    ),
)
def tweet_scores(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    embedder: EmbedderResource,
    projects: ProjectsResource,
    run_options: RunOptions,
) -> DataFrame:
    """Score the tweets of the hours of this run for every project they belong to."""
    from viral_assets.choosing.hours import score_hours
    from viral_assets.defs.assets import previews
    from viral_assets.safety.exemplar_vectors import resemblance_of
    from viral_assets.scoring.gate import UNKNOWN_LANGUAGE
    from viral_assets.scoring.score import SCORE_COLUMNS

    store, window = database.get(), window_of(context)
    selected = projects.select(run_options.projects)
    embedders = embedder.of(store, selected)
    resembling = {cached: resemblance_of(cached) for cached in dict.fromkeys(embedders.values())}
    parts = []
    for name, project in selected.items():
        own, closer = embedders[name], embedder.closer_look(project)
        scored = score_hours(project, store, window, own, resemblance=resembling[own], closer_look=closer)
        parts.append(scored)
        if unknown := int((parts[-1]["gate"] == UNKNOWN_LANGUAGE).sum()):
            cannot = "%s: the relevance of %s is unknown, as %s does not know their language; none is chosen"
            context.log.warning(cannot, name, how_many(unknown, "tweet"), embedder.name_for(project))
        labels = _describe(previews.label_counts(previews.passed(parts[-1])))
        context.log.info("%s: %s scored; past the gate: %s", name, how_many(len(parts[-1]), "tweet"), labels)
    scores = _together(parts, SCORE_COLUMNS)
    add_hour_metadata(context, previews.of_scores(scores, window))
    tell_of_left_out(context, window, projects.left_out(run_options.projects))
    return scores


@hourly_asset(
    group_name="scoring",
    io_manager_key="window_io_manager",
    kinds={"pandas", "table"},
    owners=["team:community"],
    code_version="1",
    metadata=table_metadata(tables.comment_opportunities),
    description=(
        "The tweets of the hour that are worth a reply: past the gate, scored high enough, with enough followers, "
        "likes and views, and not saying what another one of the last seven days said; of authors and conversations "
        "that have their turn, when somebody is there to answer. The best for each project."
    ),
)
def comment_opportunities(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    embedder: EmbedderResource,
    projects: ProjectsResource,
    run_options: RunOptions,
    tweet_source: TweetSourceResource,
    tweet_scores: DataFrame,
) -> "Iterator[dg.Output[DataFrame]]":
    """Select the best tweets of each hour of this run, project by project.

    One run at a time, from its look at what others have chosen until its own choice is in the table, where Dagster puts
    it when it is yielded: two at once would both choose an author who is to be answered once.
    """
    from viral_assets.choosing.hours import earlier_opportunities, select_hours
    from viral_assets.defs.assets import previews
    from viral_assets.queries.engaged import read_engaged
    from viral_assets.scoring.selection import OPPORTUNITY_COLUMNS, selection_counts
    from viral_assets.store.exclusive import exclusively
    from viral_assets.store.taken import read_kept
    from viral_assets.store.tweet_frames import read_tweets
    from viral_assets.store.windows import replace_window

    store, window = database.get(), window_of(context)
    chosen_projects = projects.select(run_options.projects)
    embedders = embedder.of(store, chosen_projects)
    with exclusively(store, "choosing"):
        now = datetime.now(UTC)
        with store.read() as connection:
            texts = read_tweets(connection, window).drop(columns="window_start")
        parts = []
        selections = {}
        for name, project in chosen_projects.items():
            cached = embedders[name]
            scored = tweet_scores[tweet_scores["project"] == name].merge(texts, on="tweet_id", validate="one_to_one")
            options = selection_options(project, run_options, duplicate_similarity=cached.calibration.near_duplicate)
            recent = earlier_opportunities(store, name, window.start, options.memory, cached)
            with store.read() as connection:
                engaged = read_engaged(connection, name, options.engagement, window, now=now)
                kept = read_kept(connection, window, name)
            select = partial(select_hours, embedder=cached, options=options, recent=recent, kept=kept, engaged=engaged)
            selected = select(scored)
            if not run_options.dry_run:
                detectors = partial(_detectors, embedder, project, cached)
                selected = _look_again(context, store, tweet_source, project, scored, selected, select, detectors)
            selections[name] = selected
            parts.append(selected.frame)
            left_out = sum(selected.dropped.values(), Counter[str]())
            why_not = _describe({reason: left_out[reason] for reason in DROP_REASONS if left_out[reason]}) or "none"
            values = (name, len(selected.frame), len(scored), why_not)
            context.log.info("%s: %d of %d tweets are worth a reply; left out: %s", *values)
        with store.begin() as connection:
            counts, of_projects = selection_counts(selections), projects.replaced(run_options.projects)
            replace_window(connection, tables.selection_counts, window, counts, projects=of_projects)
        opportunities = _together(parts, OPPORTUNITY_COLUMNS)
        shown = opportunities.merge(texts[["tweet_id", "text", "author_handle"]], on="tweet_id")
        add_hour_metadata(context, previews.of_opportunities(shown, window, selections))
        yield dg.Output(opportunities.assign(chosen_at=now))


LOOKS = 2
"""At what the chosen tweets quote: what takes the place of one that is not safe after all may quote something, too."""


def _look_again(
    context: dg.AssetExecutionContext,
    store: Database,
    tweet_source: TweetSourceResource,
    project: Project,
    scored: DataFrame,
    selected: "Selected",
    select: "Callable[[DataFrame], Selected]",
    detectors: "Callable[[], SafetyDetectors]",
) -> "Selected":
    """Find out what the chosen tweets answer and quote, where the project has that asked for; what is not safe to
    answer for that reason is left out, and the choice made anew."""
    from viral_assets.choosing.second_look import looked_at_again
    from viral_assets.store.bulk import update_columns
    from viral_assets.store.references import read_contexts

    for _ in range(LOOKS):
        best_first = selected.frame.sort_values("total", ascending=False)["tweet_id"].tolist()
        report = tweet_source.look_up_context(store, project, best_first, context.run.run_id)
        if report is not None and report.asked:
            # A draft can do without: whatever went wrong is a warning.
            wrong = report.problem or report.incomplete
            context.log.log(logging.WARNING if wrong else logging.INFO, report.describe())
        if report is None or not report.requests:
            break
        with store.read() as connection:
            contexts = read_contexts(connection, best_first)
        scored, changed = looked_at_again(scored, contexts, project, detectors())
        if changed.empty:
            break
        columns = {name: changed[name].tolist() for name in ("tweet_id", "gate", "unsafe", "flags")}
        with store.begin() as connection:
            update_columns(connection, tables.tweet_scores, {"project": [project.name] * len(changed), **columns})
        selected = select(scored)
    return selected


def _detectors(embedder: EmbedderResource, project: Project, own: "CachedEmbedder") -> "SafetyDetectors":
    """What tells sensitive texts, as scoring has it. Made when it is wanted: a larger embedder takes a while."""
    from viral_assets.safety.around import SafetyDetectors
    from viral_assets.safety.exemplar_vectors import resemblance_of

    return SafetyDetectors(own.embed, resemblance_of(own), embedder.closer_look(project))


def selection_options(project: Project, options: RunOptions, *, duplicate_similarity: float) -> "SelectionOptions":
    """The project's own choice, but for what is set for this run."""
    from viral_assets.scoring.selection import SelectionOptions

    minima = project.minima
    return SelectionOptions(
        max_candidates=project.max_candidates if options.max_candidates is None else options.max_candidates,
        minima=Minima(
            followers=minima.followers if options.min_followers is None else options.min_followers,
            likes=minima.likes if options.min_likes is None else options.min_likes,
            views=minima.views if options.min_views is None else options.min_views,
            relevance=minima.relevance if options.min_relevance is None else options.min_relevance,
            unknown=minima.unknown,
        ),
        duplicate_similarity=duplicate_similarity,
        use_gate=options.use_gate,
        skip_low_scores=options.skip_low_scores,
        greens_only=options.greens_only,
        engagement=project.engagement,
    )


def _together(parts: list[DataFrame], columns: tuple[str, ...]) -> DataFrame:
    """The rows of all projects. Frames without rows have no types to agree on."""
    import pandas as pd

    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def _describe(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())
