"""What each person decided, by the day (UTC) of the decision, as the audit has it; what was undone is not counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields

import sqlalchemy as sa

from viral_assets.hours import HourRange
from viral_assets.store.conditions import FoundByHour
from viral_assets.store.tables import suggestion_events
from viral_assets.text.names import name_key
from viral_assets.vocabulary import APPROVE, EDIT, EXPORT_PROGRAM, POST, REJECT, REOPEN, UNDO


@dataclass(frozen=True, slots=True)
class PersonNumbers:
    """What somebody did with suggestions. Of a reply that took the approval of two people, both have one. A program
    that found replies posted is among those who marked some."""

    name: str
    approved: int = 0
    edited: int = 0
    rejected: int = 0
    posted: int = 0
    reopened: int = 0

    @property
    def decisions(self) -> int:
        return sum(getattr(self, each.name) for each in fields(self) if each.name != "name")


_COUNTED = {APPROVE: "approved", EDIT: "edited", REJECT: "rejected", POST: "posted", REOPEN: "reopened"}


def numbers_by_person(connection: sa.Connection, hours: HourRange, project: str | None) -> list[PersonNumbers]:
    """Everybody who decided something then, who did most first.

    Args:
        hours: when it was decided.
        project: only about its suggestions; None for all.
    """
    done, undo = suggestion_events, suggestion_events.alias("undo")
    then = [done.c.at >= hours.start, done.c.at < hours.end]
    if project is not None:
        then.append(FoundByHour(done.c.project) == project)
    grouped = sa.select(done.c.who, done.c.action, sa.func.count()).group_by(done.c.who, done.c.action)
    undone = grouped.join_from(undo, done, done.c.id == undo.c.undoes).where(
        *then, undo.c.at >= hours.start, undo.c.action == UNDO
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for sign, query in ((1, grouped.where(*then)), (-1, undone)):
        for who, action, count in connection.execute(query):
            if action in _COUNTED and who != EXPORT_PROGRAM:
                key = name_key(who)
                names[key] = min(who, names.get(key, who))
                counts[key][_COUNTED[action]] += sign * count
    return _most_first(PersonNumbers(names[key], **numbers) for key, numbers in counts.items())


def _most_first(found: Iterable[PersonNumbers]) -> list[PersonNumbers]:
    return sorted((each for each in found if each.decisions), key=lambda each: (-each.decisions, name_key(each.name)))
