"""What is wrong with the suggestions of an hour, tweet by tweet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from viral_assets.defs.checks.counts import ReportedCounts, StoredCounts
from viral_assets.defs.checks.results import Row, Violation, key_of
from viral_assets.defs.checks.spending import Spending
from viral_assets.projects.model import Project

LONGEST_REPLY = 280
"""X's limit in weighted characters, for what a person wrote."""


@dataclass(frozen=True, slots=True)
class SuggestionHour:
    """What ``comment_suggestions`` and the tables around it hold for one hour.

    ``opportunities``, ``suggestions`` and ``outcomes`` are the rows of the projects looked at, with the columns that
    the checks need. The rest is about all projects: what the latest materialization ``reported`` (None when nothing
    was ever reported), what is ``stored`` now, and what was spent. ``today`` is the service's day.
    """

    opportunities: Sequence[Row] = ()
    suggestions: Sequence[Row] = ()
    outcomes: Sequence[Row] = ()
    projects: Mapping[str, Project] = field(default_factory=dict)
    reported: ReportedCounts | None = None
    stored: StoredCounts = field(default_factory=StoredCounts)
    spending: Spending = field(default_factory=Spending)
    today: date = date.min


def opportunities_without_end(hour: SuggestionHour) -> list[Violation]:
    """Opportunities without a recorded outcome, ``done`` without one suggestion for each type, or ended without
    suggestions and without a reason."""
    outcomes = {key_of(row): row for row in hour.outcomes}
    written: dict[tuple[str, str], set[str]] = {}
    for row in hour.suggestions:
        written.setdefault(key_of(row), set()).add(row["suggestion_type"])
    violations = []
    for row in hour.opportunities:
        key = key_of(row)
        ended = outcomes.get(key)
        wanted = [kind.name for kind in hour.projects[row["project"]].suggestion_types]
        missing = [name for name in wanted if name not in written.get(key, ())]
        if ended is None:
            violations.append(Violation(*key, "no outcome is recorded: materialize the hour again"))
        elif ended["outcome"] == "done" and missing:
            problem = f"{', '.join(missing)} is missing: materialize the hour again with the option force"
            violations.append(Violation(*key, problem))
        elif ended["outcome"] != "done" and not ended["reason"].strip():
            problem = f"{ended['outcome']} without a reason: materialize the hour again with the option force"
            violations.append(Violation(*key, problem))
    return violations


def suggestions_without_opportunity(hour: SuggestionHour) -> list[Violation]:
    """Suggestions for tweets that are no opportunities."""
    opportunities = {key_of(row) for row in hour.opportunities}
    problem = "has suggestions and is no opportunity: materialize comment_opportunities of the hour again"
    keys = dict.fromkeys(key_of(row) for row in hour.suggestions)
    return [Violation(*key, problem) for key in keys if key not in opportunities]


def suggestions_said_twice(hour: SuggestionHour) -> list[Violation]:
    """Suggestions of a project with the same text, but for case and white space. Refused ones do not count."""
    first: dict[tuple[str, str], str] = {}
    violations = []
    for row in hour.suggestions:
        if row["status"] == "rejected":
            continue
        wording = (row["project"], " ".join(row["text"].split()).casefold())
        if wording in first:
            problem = f"{row['suggestion_type']} says the same as one for {first[wording]}: reject one"
            violations.append(Violation(*key_of(row), problem))
        first.setdefault(wording, row["tweet_id"])
    return violations


def suggestions_out_of_bounds(hour: SuggestionHour) -> list[Violation]:
    """Suggestions shorter or longer than the project allows; longer than X allows, where a person wrote them."""
    violations = []
    for row in hour.suggestions:
        generation = hour.projects[row["project"]].generation
        # An edited text stays a person's also when it is exported.
        by_a_person = row["status"] in ("edited", "posted") or isinstance(row["original_text"], str)
        least, most = (1, LONGEST_REPLY) if by_a_person else (generation.min_length, generation.max_length)
        length = row["weighted_length"]
        if not least <= length <= most:
            problem = f"{row['suggestion_type']} has a length of {length}, not {least} to {most}: edit it"
            violations.append(Violation(*key_of(row), problem))
    return violations
