"""What a person should know of a project before paying for it: everything put together, as values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from viral_assets.choosing.costs import DayCost, cost_of_day, usd_a_day
from viral_assets.choosing.exemplars import StrayExemplar, UnreadText, stray_exemplars, unread_texts
from viral_assets.choosing.rehearsal import OnHour, Rehearsal, rehearse
from viral_assets.embedding.cache import NotEmbeddedError, UnsavedEmbedder
from viral_assets.generation.nearest_edits import with_nearest_edits
from viral_assets.generation.opportunity import Opportunity
from viral_assets.generation.run.options import PriceOf
from viral_assets.hours import HOUR, HourRange
from viral_assets.projects.model import Project
from viral_assets.quota import Limits
from viral_assets.safety.closer_look import CloserLook
from viral_assets.safety.exemplar_vectors import resemblance_of
from viral_assets.scoring.languages import language_warnings
from viral_assets.scoring.topics import topic_texts
from viral_assets.store.engine import Database
from viral_assets.text.amounts import how_many
from viral_assets.vocabulary import DROP_REASONS, SENSITIVE_CATEGORIES

FindingKind = Literal["embedder", "language", "exemplar", "topic", "tweets", "safety", "cost"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at, in a line that says what to do."""

    kind: FindingKind
    message: str


@dataclass(frozen=True, slots=True)
class Pricing:
    """Who would write, and within what."""

    limits: Limits
    model: str
    price_of: PriceOf


@dataclass(frozen=True, slots=True)
class ProjectCheck:
    """``strays`` is None where the topics have no vectors, and ``rehearsal`` where nothing could be scored."""

    strays: Sequence[StrayExemplar] | None
    rehearsal: Rehearsal | None
    days: Sequence[DayCost]
    usd_a_day: float | None
    findings: Sequence[Finding]


def check_project(
    project: Project,
    embedder: UnsavedEmbedder,
    embedder_name: str,
    database: Database | None,
    hours: HourRange,
    pricing: Pricing,
    *,
    closer_look: CloserLook | None = None,
    on_hour: OnHour = lambda _done, _of: None,
) -> ProjectCheck:
    """Look at a project's topics, and at what it would choose of the tweets of ``hours``. Nothing is asked or written.

    Args:
        database: with the tweets; None where there is none yet.
        closer_look: where runs take one.
    """
    findings = [Finding("language", each) for each in language_warnings(project, embedder_name, embedder.languages)]
    days: list[DayCost] = []

    def on_day(day: date, chosen: Sequence[Opportunity]) -> None:
        if database is not None:
            with database.read() as connection:
                now = chosen[-1].window_start + HOUR
                chosen = with_nearest_edits(connection, chosen, {project.name: project}, now=now)
        days.append(
            cost_of_day(day, chosen, project, limits=pricing.limits, model=pricing.model, price_of=pricing.price_of)
        )

    try:
        embedder.embed([text for node in project.taxonomy for text in topic_texts(node)])
        unread = list(unread_texts(project, embedder.embed))
        strays = stray_exemplars(project, embedder.embed)
        resemblance = None if database is None else resemblance_of(embedder)
    except NotEmbeddedError as error:
        findings.append(Finding("embedder", _not_embedded(str(error))))
        return ProjectCheck(None, None, (), None, findings)
    findings += [*map(_about_unread, unread), *map(_about_stray, strays)]
    found = Rehearsal()
    if database is not None:
        found = rehearse(
            database,
            project,
            embedder,
            hours,
            resemblance=resemblance,
            closer_look=closer_look,
            on_day=on_day,
            on_hour=on_hour,
        )
    findings += about_rehearsal(project, found, hours)
    findings += [_about_deferred(each) for each in days if each.estimate.deferred]
    return ProjectCheck(strays, found, days, usd_a_day(days, len(found.days)), findings)


def about_rehearsal(project: Project, found: Rehearsal, hours: HourRange) -> list[Finding]:
    """What the choice of some hours says about the project."""
    findings = []
    span = f"the {len(hours):,} hours from {hours.start:%Y-%m-%dT%H:%M} (UTC)"
    if found.skipped:
        without = how_many(found.skipped, "hour has", "hours have")
        findings.append(Finding("embedder", _not_embedded(f"the tweets of {without} no vectors")))
    if not found.read:
        if not found.skipped:
            empty = (
                f"there are no tweets of {span} for this project; read some with `viral-assets ingest`, or try --days"
            )
            findings.append(Finding("tweets", empty))
        return findings
    if not found.chosen:
        most = ", ".join(
            f"{count:,} {DROP_REASONS.get(reason, reason)}" for reason, count in found.dropped.most_common(3)
        )
        none = f"none of the {found.read:,} tweets of {span} would be chosen; left out: {most}"
        findings.append(Finding("tweets", none))
    unsafe = Counter({category: found.dropped[category] for category in SENSITIVE_CATEGORIES})
    if 2 * unsafe.total() > found.read:
        ((most_often, _),) = unsafe.most_common(1)
        safety = (
            f"of {found.read:,} tweets {unsafe.total():,} are left out as not safe to answer, most of them for "
            f"{most_often}; if this project is about that, say `safety: {{{most_often}: flag}}` in its file"
        )
        findings.append(Finding("safety", safety))
    findings += [
        Finding(
            "topic",
            f"no tweet of {span} met the topic {node.label!r}; describe it as people write of it, or collect other "
            "tweets",
        )
        for node in project.taxonomy
        if not found.topics[node.label]
    ]
    return findings


def _about_stray(stray: StrayExemplar) -> Finding:
    return Finding(
        "exemplar",
        f"the exemplar {stray.exemplar!r} is nearer to {stray.nearest!r} (cosine {stray.cosine:.2f}) than to the rest "
        f"of its own topic {stray.topic!r} ({stray.own:.2f}); move it if it belongs there, or let the description of "
        "its own say what it stands for",
    )


def _about_unread(unread: UnreadText) -> Finding:
    return Finding(
        "exemplar", f"the embedder makes nothing of {unread.text!r} of {unread.topic!r}: nothing is near to it"
    )


def _about_deferred(day: DayCost) -> Finding:
    planned = day.estimate
    waiting = how_many(planned.deferred, "tweet")
    return Finding(
        "cost",
        f"of what {day.day} would choose, {waiting} would wait: {planned.deferred_because}; lower max_candidates, or "
        "raise the limits",
    )


def _not_embedded(what: str) -> str:
    return (
        f"{what}, and this command pays for none: `viral-assets generate-comments --dry-run` embeds what it needs, or "
        "set VIRAL_ASSETS_EMBEDDER=auto"
    )
