"""The digest: one HTML file that a person reads with coffee, on a phone or on paper, and replies from.

It stands alone (style inside, no script, no picture, nothing fetched) and can be mailed as it is. What is on it is
decided in ``queries.digest``; how it looks, in ``templates``; here the one is made ready for the other.
Everything that came from a tweet, a file or a model is escaped by the template engine, made readable by
``text.cleaning``, and isolated from the direction of its surroundings; the page's policy forbids scripts and anything
external besides.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment

from viral_assets.delivery.export_table import write_csv
from viral_assets.delivery.formatting import page_templates, window_text
from viral_assets.hours import HourRange
from viral_assets.queries.digest import WindowFacts
from viral_assets.queries.opportunity_view import OpportunityView, SuggestionView
from viral_assets.text.cleaning import text_for_display
from viral_assets.text.x_links import composer_link
from viral_assets.text.x_rules import POST_WEIGHT
from viral_assets.vocabulary import LABELS
from viral_assets.whole_files import replaced_file

CARDS = 100
"""Tweets of a project that a page shows: more than anybody answers in a day, and no browser has trouble with it. The
table beside the page has all of them."""


@dataclass(frozen=True, slots=True)
class DigestFiles:
    """Where a digest was written."""

    html: Path
    csv: Path


def render_digest(
    rows: Sequence[OpportunityView],
    *,
    title: str,
    window: HourRange,
    generated_at: datetime,
    project: str | None = None,
    project_titles: Mapping[str, str] | None = None,
    facts: WindowFacts | None = None,
    table: str = "",
) -> str:
    """The page for ``rows``, which are shown in the order they come, under a heading for each project: the first
    :data:`CARDS` of each.

    Args:
        title: the main heading.
        window: the hours covered; named in the header.
        generated_at: aware; named in the footer.
        project: the only project asked for, named in the header also when it has no rows.
        project_titles: how projects are called; the name stands in for a missing one.
        facts: the number of tweets and the cost, shown where known.
        table: name of the file, beside the page, that has the rest where the page has not all.

    Returns:
        A complete HTML document. The same arguments give the same document.
    """
    titles = {name: text for name, text in (project_titles or {}).items() if text.strip()}
    style = _style()
    sections = [
        _Section(name, titles.get(name, name), list(of_project))
        for name, of_project in groupby(rows, key=lambda row: row.project)
    ]
    suggestions = [suggestion for row in rows for suggestion in row.suggestions]
    drafts = [suggestion for suggestion in suggestions if suggestion.offline and not suggestion.rewritten]
    return (
        _templates()
        .get_template("digest.html")
        .render(
            title=title,
            window_text=window_text(window),
            hours=len(window),
            generated_at=generated_at.astimezone(UTC),
            only_project=titles.get(project, project) if project else None,
            sections=sections,
            labels=_label_counts(rows),
            opportunities=len(rows),
            suggestions=len(suggestions),
            unanswered=sum(not row.suggestions for row in rows),
            offline="none" if not drafts else "all" if len(drafts) == len(suggestions) else "some",
            recorded=bool(drafts) and all(draft.recorded for draft in drafts),
            facts=facts,
            table=table,
            style=style,
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        )
    )


def write_digest(
    html_path: Path,
    rows: Sequence[OpportunityView],
    *,
    title: str,
    window: HourRange,
    generated_at: datetime,
    project: str | None = None,
    project_titles: Mapping[str, str] | None = None,
    facts: WindowFacts | None = None,
) -> DigestFiles:
    """Write the page and, beside it under the same name, the CSV; each is there whole or not at all.

    Raises:
        ConfigurationError: a file cannot be written.
    """
    csv_path = html_path.with_suffix(".csv")
    page = render_digest(
        rows,
        title=title,
        window=window,
        generated_at=generated_at,
        project=project,
        project_titles=project_titles,
        facts=facts,
        table=csv_path.name,
    )
    with replaced_file(html_path) as file:
        file.write(page)
    write_csv(csv_path, rows)
    return DigestFiles(html_path, csv_path)


@dataclass(frozen=True, slots=True)
class _Section:
    name: str
    title: str
    rows: list[OpportunityView]

    @property
    def shown(self) -> list[OpportunityView]:
        return self.rows[:CARDS]

    @property
    def left_out(self) -> int:
        return max(0, len(self.rows) - CARDS)


def _label_counts(rows: Sequence[OpportunityView]) -> dict[str, int]:
    counts = Counter(row.label for row in rows)
    return {label: counts[label] for label in LABELS}


def _reply_link(row: OpportunityView, suggestion: SuggestionView | None = None) -> str:
    """The composer with the suggestion as it is shown: what was read is what gets posted."""
    return composer_link(row.tweet_id, text_for_display(suggestion.text) if suggestion else "")


def _postable(row: OpportunityView, suggestion: SuggestionView) -> bool:
    return not row.answered and row.may_go_out(suggestion)


@cache
def _templates() -> Environment:
    environment = page_templates("viral_assets.delivery")
    environment.filters.update(address=quote)
    environment.globals.update(reply_link=_reply_link, postable=_postable, max_length=POST_WEIGHT)
    return environment


@cache
def _style() -> str:
    return (files("viral_assets.delivery") / "templates" / "digest.css").read_text(encoding="utf-8")
