"""The digest: one HTML file that a person reads with coffee, on a phone or on paper, and replies from.

It stands alone (style inside, no script, no picture, nothing fetched) and can be mailed as it is. What is on it is
decided in ``queries``; how it looks, in ``templates``; here the one is made ready for the other. Everything that came
from a tweet, a file or a model is escaped by the template engine, made readable by ``hygiene``, and isolated from the
direction of its surroundings; the page's policy forbids scripts and anything external besides.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from viral_assets.hours import HOUR, HourRange
from viral_assets.review.atomic import replaced_file
from viral_assets.review.composer import composer_link, profile_link
from viral_assets.review.export import write_csv
from viral_assets.review.hygiene import folded, one_line, readable
from viral_assets.review.queries import LABELS, OpportunityView, SuggestionView, WindowFacts

MAX_LENGTH = 280

CARDS = 100
"""Tweets of a project that a page shows: more than anybody answers in a day, and no browser has trouble with it. The
table beside the page has all of them."""

# BCP 47's shape, and X's own codes that are no language at all (undetermined, media or links only, art, ...).
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*", re.ASCII)
_NO_LANGUAGE = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
_OLD_CODES = {"in": "id", "iw": "he", "ji": "yi"}

# Heading, and what to say, for a tweet without suggestions. None: no run has finished it.
_OUTCOMES: dict[str | None, tuple[str, str]] = {
    None: ("No suggestions yet", "No generation run has taken up this tweet."),
    "done": ("No suggestions", "The run ended without an open suggestion for this tweet."),
    "filtered": ("Left out by the quality filter", "What was written for this tweet was not good enough to show."),
    "blocked": ("Withheld by the safety filter", "The model's provider did not want to answer this tweet."),
    "failed": ("Could not be written", "Asking several times gave no usable answer."),
    "deferred": ("Waiting for quota", "The limits of the day were reached; a later run takes this tweet up."),
}


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
    offline = sum(suggestion.offline for suggestion in suggestions)
    return (
        _environment()
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
            offline="none" if not offline else "all" if offline == len(suggestions) else "some",
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


def window_text(window: HourRange) -> str:
    """``Sat 21 Nov 2026, 20:00–21:00 UTC``; a range over days names both, one of whole days names only days."""
    start, end = window.start, window.end
    last = end - HOUR
    if start.hour == 0 and end.hour == 0:
        return f"{_day(start)} (UTC)" if start.date() == last.date() else f"{_day(start)} – {_day(last)} (UTC)"
    if start.date() == last.date():
        return f"{_day(start)}, {start:%H:%M}–{end:%H:%M} UTC"
    return f"{_day(start)}, {start:%H:%M} – {_day(end)}, {end:%H:%M} UTC"


def human_count(count: int) -> str:
    """``987``, ``1.2K``, ``12K``, ``3.4M``, ``1.1B``: cut off, never rounded up, as X writes counts."""
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if count >= size:
            tenths = count * 10 // size
            return f"{tenths // 10}{letter}" if tenths >= 100 or tenths % 10 == 0 else f"{tenths / 10}{letter}"
    return str(count)


def money(cost_usd: float) -> str:
    """Dollars and cents; under ten cents, two significant digits."""
    decimals = 2 if cost_usd == 0 or cost_usd >= 0.1 else 1 - math.floor(math.log10(cost_usd))
    return f"${cost_usd:,.{decimals}f}"


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


def _day(instant: datetime) -> str:
    return f"{instant:%a} {instant.day} {instant:%b %Y}"


def _label_counts(rows: Sequence[OpportunityView]) -> dict[str, int]:
    counts = Counter(row.label for row in rows)
    return {label: counts[label] for label in LABELS}


def _language(code: str | None) -> str | None:
    """The code as an HTML ``lang``, or None where it names no language."""
    if not code or not _LANGUAGE.fullmatch(code) or code.lower() in _NO_LANGUAGE:
        return None
    return _OLD_CODES.get(code.lower(), code)


def _reply_link(row: OpportunityView, suggestion: SuggestionView | None = None) -> str:
    """The composer with the suggestion as it is shown: what was read is what gets posted."""
    return composer_link(row.tweet_id, readable(suggestion.text) if suggestion else "")


def _postable(row: OpportunityView, suggestion: SuggestionView) -> bool:
    return not row.answered and suggestion.status != "rejected"


def _outcome(row: OpportunityView) -> tuple[str, str]:
    return _OUTCOMES.get(row.outcome, _OUTCOMES[None])


def _kind(name: str) -> str:
    """``ask_question`` as words."""
    words = one_line(re.sub("[_-]+", " ", name))
    return words[:1].upper() + words[1:]


def _clock(instant: datetime) -> str:
    """``21 Nov, 20:14``; the year and the zone stand in the page's header."""
    instant = instant.astimezone(UTC)
    return f"{instant.day} {instant:%b}, {instant:%H:%M}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("viral_assets.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        human=human_count,
        grouped=lambda count: f"{count:,}",
        address=quote,
        money=money,
        readable=readable,
        one_line=one_line,
        folded=folded,
        language=_language,
        kind=_kind,
        clock=_clock,
        iso=lambda instant: f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        outcome=_outcome,
        profile=profile_link,
    )
    environment.globals.update(reply_link=_reply_link, postable=_postable, max_length=MAX_LENGTH)
    return environment


@cache
def _style() -> str:
    return (files("viral_assets.review") / "templates" / "digest.css").read_text(encoding="utf-8")
