"""What the choice of some hours says about a project, in words."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from viral_assets.choosing.check import about_rehearsal
from viral_assets.choosing.rehearsal import Rehearsal
from viral_assets.hours import HOUR, HourRange
from viral_assets_tests.scoring.examples import project

START = datetime(2026, 11, 21, tzinfo=UTC)
HOURS = HourRange(START, START + 24 * HOUR)


def messages(found: Rehearsal) -> list[str]:
    topics = Counter({node.label: 1 for node in project().taxonomy})
    found.topics.update(topics)
    return [each.message for each in about_rehearsal(project(), found, HOURS)]


def test_hours_without_tweets_and_hours_of_which_everything_is_left_out_are_told_apart() -> None:
    (none,) = messages(Rehearsal())
    assert none.startswith("there are no tweets of the 24 hours from 2026-11-21T00:00 (UTC)")
    (refused,) = messages(Rehearsal(hours=2, read=9, dropped=Counter({"gate": 8, "label": 1})))
    assert refused.startswith("none of the 9 tweets of the 24 hours from 2026-11-21T00:00 (UTC) would be chosen")


def test_safety_that_leaves_everything_out_is_named_with_what_to_change() -> None:
    dropped = Counter({"grief": 3, "politics": 2, "gate": 1})
    none, safety = messages(Rehearsal(hours=1, read=6, dropped=dropped))
    assert "3 not safe to answer: grief and death" in none
    assert safety == (
        "of 6 tweets 5 are left out as not safe to answer, most of them for grief; if this project is about that, say "
        "`safety: {grief: flag}` in its file"
    )
    assert messages(Rehearsal(hours=1, read=60, chosen=3, dropped=dropped)) == []
