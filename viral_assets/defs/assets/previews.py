"""What is shown of an hour's rows in the Dagster UI: numbers that Dagster plots by hour, and a few rows to look at.

How tables are made is in ``display``, how pictures in ``queries.charts``. This module needs pandas, which takes a
second to import: assets import it when they run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from viral_assets.defs.assets.display import ROW_COUNT, bars, markdown_table
from viral_assets.generation.run.report import GenerationReport, WindowReport
from viral_assets.hours import HOUR, HourRange
from viral_assets.queries.opportunity_view import OpportunityView
from viral_assets.queries.selection import what_became
from viral_assets.queries.small_charts import hours_picture, spread_picture
from viral_assets.scoring.gate import UNKNOWN_LANGUAGE
from viral_assets.scoring.selection import Selected
from viral_assets.vocabulary import CHOSEN, DONE, DROP_REASONS, GATE_PASSED, LABELS, OUTCOMES

if TYPE_CHECKING:
    from viral_assets.sources.files.ingest import IngestReport
    from viral_assets.sources.services.common import ServiceReport

Metadata = dict[str, Any]

ROWS_SHOWN = 5


def by_hour(frame: pd.DataFrame, window: HourRange) -> dict[datetime, pd.DataFrame]:
    """The rows of each hour by their ``window_start``; an hour without rows has an empty frame."""
    # A Timestamp equals the datetime it stands for, and so does its hash.
    found: dict[Any, pd.DataFrame] = dict(iter(frame.groupby("window_start")))
    return {hour: found.get(hour, frame.iloc[:0]) for hour in window}


def of_tweets(
    frame: pd.DataFrame,
    window: HourRange,
    reports: Sequence[IngestReport],
    quarantined: int,
    asked: Sequence[ServiceReport] = (),
) -> dict[datetime, Metadata]:
    """For ``tweets``. What is about a whole run goes with its latest hour, which the UI shows first.

    Args:
        reports: of files.
        asked: of services.
    """
    metadata: dict[datetime, Metadata] = {}
    for hour, rows in by_hour(frame, window).items():
        loudest = rows[rows["like_count"].notna()].nlargest(ROWS_SHOWN, "like_count")
        unknown = {
            f"{name} unknown": count
            for name, column in (("likes", "like_count"), ("views", "view_count"), ("followers", "author_followers"))
            if (count := int(rows[column].isna().sum()))
        }
        metadata[hour] = {
            ROW_COUNT: len(rows),
            "authors": int(rows["author_handle"].nunique()),
            "retweets": int(rows["is_retweet"].sum()),
            "likes": int(rows["like_count"].sum()),
            **unknown,
            "most liked": _rows(loudest, likes="like_count", author="author_handle", tweet="text"),
        }
    metadata[window.end - HOUR] = latest = {
        "tweets by hour": _chart(metadata, "tweets", [ROW_COUNT]),
        **metadata[window.end - HOUR],
        "records in quarantine": quarantined,
    }
    new = [report for report in reports if not report.already_ingested]
    if new:
        latest["files read"] = markdown_table(
            ("file", "records", "new", "newer counts", "rejected", "problem"),
            ((each.name, each.read, each.new, each.updated, each.rejected, each.problem or "") for each in new),
            in_dialog=True,
        )
        rejected = sum((each.reject_reasons for each in new), Counter[str]())
        if rejected:
            latest["rejected for"] = bars(dict(rejected.most_common()), of="reason")
    answers = [each for each in asked if each.asked]
    if answers:
        latest["services asked"] = markdown_table(
            ("source", "requests", "records", "new", "newer counts", "rejected", "about USD", "left for later"),
            (
                (
                    *(each.name, each.requests, each.read, each.new, each.updated, each.rejected),
                    *("" if each.cost_usd is None else f"{each.cost_usd:.2f}", "; ".join(each.incomplete)),
                )
                for each in answers
            ),
            in_dialog=True,
        )
    return metadata


def of_embeddings(frame: pd.DataFrame, window: HourRange, model: str) -> dict[datetime, Metadata]:
    """For ``tweet_embeddings``; ``frame`` has the tweets."""
    return {
        hour: {ROW_COUNT: int(rows["text_sha256"].nunique()), "tweets": len(rows), "embedder": model}
        for hour, rows in by_hour(frame, window).items()
    }


def of_scores(frame: pd.DataFrame, window: HourRange) -> dict[datetime, Metadata]:
    """For ``tweet_scores``."""
    metadata: dict[datetime, Metadata] = {}
    for hour, rows in by_hour(frame, window).items():
        metadata[hour] = {
            ROW_COUNT: len(rows),
            **label_counts(passed(rows)),
            "passed the gate": len(passed(rows)),
            **_unless_zero("language not known to the embedder", int((rows["gate"] == UNKNOWN_LANGUAGE).sum())),
            "verdicts": bars(_most_common(rows["gate"]), of="gate"),
            "closest topics": bars(_most_common(rows["topic"]), of="topic"),
        }
        if len(rows):
            best = passed(rows).nlargest(ROWS_SHOWN, "total").round({"total": 2})
            metadata[hour] |= {
                "mean total": float(rows["total"].mean()),
                "totals": dg.MetadataValue.md(spread_picture("totals", rows["total"].tolist())),
                "best": _rows(best, total="total", project="project", why="why"),
            }
    chart = {"labels by hour": _chart(metadata, "tweets", LABELS)}
    return metadata | {window.end - HOUR: chart | metadata[window.end - HOUR]}


def of_opportunities(
    frame: pd.DataFrame, window: HourRange, selections: Mapping[str, Selected]
) -> dict[datetime, Metadata]:
    """For ``comment_opportunities``; ``frame`` also has text and author of the tweets.

    Args:
        selections: what was selected and what was left out, by project.
    """
    metadata: dict[datetime, Metadata] = {}
    for hour, rows in by_hour(frame, window).items():
        best = rows.sort_values("rank").head(ROWS_SHOWN)
        dropped = sum((each.dropped.get(hour, Counter()) for each in selections.values()), Counter[str]())
        reasons = {words: dropped[reason] for reason, words in DROP_REASONS.items() if dropped[reason]}
        read = sum(each.read.get(hour, 0) for each in selections.values())
        metadata[hour] = {
            ROW_COUNT: len(rows),
            **label_counts(rows),
            "looked at": read,
            "what became of them": what_became(read, dropped),
            "left out": bars(reasons, of="because"),
            "from read to chosen": _funnel(selections, hour),
            "best": _rows(best, rank="rank", project="project", author="author_handle", tweet="text", why="why"),
        }
    chart = {"opportunities by hour": _chart(metadata, "opportunities", LABELS)}
    return metadata | {window.end - HOUR: chart | metadata[window.end - HOUR]}


def of_suggestions(
    suggestions: pd.DataFrame,
    outcomes: pd.DataFrame,
    window: HourRange,
    spent: Mapping[datetime, float | None],
    report: GenerationReport,
) -> dict[datetime, Metadata]:
    """For ``comment_suggestions``: what each hour holds now, and what this run did for it.

    Args:
        suggestions: the table, with ``tweet`` (the tweet's text) and ``author_handle``.
        spent: what the suggestions of each hour cost, in all runs; None where it is unknown.
    """
    metadata: dict[datetime, Metadata] = {}
    outcomes_of = by_hour(outcomes, window)
    for hour, rows in by_hour(suggestions, window).items():
        counts = outcomes_of[hour]["outcome"].value_counts()
        work = report.windows.get(hour, WindowReport())
        samples = rows.drop_duplicates(["project", "tweet_id"]).head(ROWS_SHOWN)
        metadata[hour] = {
            ROW_COUNT: len(rows),
            "tweets answered": int(rows["tweet_id"].nunique()),
            **{name: int(counts.get(name, 0)) for name in OUTCOMES},
            "requests of this run": round(work.requests, 2),
            "tokens of this run": round(work.tokens),
            "written by": ", ".join(sorted(set(rows["provider"]))) or "nobody yet",
            "samples": _rows(samples, author="author_handle", tweet="tweet", type="suggestion_type", suggestion="text"),
        }
        cost = spent[hour]
        if cost is not None:
            metadata[hour]["cost (USD)"] = float(cost)
    seen = [name for name in OUTCOMES if name == DONE or any(values[name] for values in metadata.values())]
    latest = {"outcomes by hour": _chart(metadata, "opportunities", seen), **metadata[window.end - HOUR]}
    if report.answered_by:
        latest["models that answered this run"] = bars(report.answered_by, of="answers by")
    if report.rejected_suggestions:
        latest["did not pass the quality filter"] = bars(report.rejected_suggestions, of="because of")
    return metadata | {window.end - HOUR: latest}


def of_digest(rows: Sequence[OpportunityView]) -> Metadata:
    """For one hour of ``suggestion_digest``."""
    answered = [row for row in rows if row.suggestions]
    return {
        ROW_COUNT: len(rows),
        "tweets with suggestions": len(answered),
        "first": markdown_table(
            ("author", "tweet", "suggestion"),
            ((row.author_handle, row.text, row.suggestions[0].text) for row in answered[:3]),
            in_dialog=True,
        ),
    }


def _funnel(selections: Mapping[str, Selected], hour: datetime) -> Any:
    """By project: what was read, which is the sum of what was left out for each reason and what was chosen."""
    hours = [each.dropped[hour] for each in selections.values() if hour in each.dropped]
    # A reason for each sensitive category would make the table wide: only those that occur have a column.
    seen = [reason for reason in DROP_REASONS if any(counts[reason] for counts in hours)]
    rows = []
    for project, selected in selections.items():
        if read := selected.read.get(hour, 0):
            dropped = selected.dropped[hour]
            rows.append((project, read, *(dropped[reason] for reason in seen), selected.chosen(hour)))
    return markdown_table(("project", "read", *(DROP_REASONS[reason] for reason in seen), CHOSEN), rows, in_dialog=True)


def passed(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores that passed the gate. A label of what no project would answer says nothing."""
    return scores[scores["gate"] == GATE_PASSED]


def _unless_zero(name: str, count: int) -> dict[str, int]:
    return {name: count} if count else {}


def label_counts(rows: pd.DataFrame) -> dict[str, int]:
    """How many rows have each label."""
    return {label: int((rows["label"] == label).sum()) for label in LABELS}


def _rows(frame: pd.DataFrame, **columns: str) -> Any:
    """A table of some columns, each under the name it is given as."""
    rows = frame[list(columns.values())].itertuples(index=False)
    return markdown_table(tuple(columns), rows, in_dialog=True)


def _chart(metadata: Mapping[datetime, Metadata], what: str, names: Sequence[str]) -> Any:
    counts = {name: {hour: values[name] for hour, values in metadata.items()} for name in names}
    return dg.MetadataValue.md(hours_picture(what, counts))


def _most_common(names: pd.Series[Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in names.value_counts().head(8).items()}
