"""The key ``engagement`` of a project file."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from viral_assets.errors import ProjectFileError
from viral_assets.projects.engagement import Engagement
from viral_assets.projects.loader import load_project, load_projects
from viral_assets.projects.model import Project
from viral_assets_tests.projects.test_loader import BUNDLED, MINIMAL


def loaded(tmp_path: Path, engagement: str) -> Engagement:
    path = tmp_path / "small.yml"
    path.write_text(f"{MINIMAL}engagement: {{{engagement}}}\n")
    return load_project(path).engagement


def test_without_a_word_an_author_is_answered_once_a_week(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Engagement()
    assert (Engagement().replies_per_author, Engagement().author_days) == (1, 7)
    assert Engagement().one_per_conversation
    assert (Engagement().replies_per_day, Engagement().active_hours, Engagement().quiet_days) == (None, None, ())


def test_the_bundled_project_shows_every_key_with_its_default() -> None:
    shown = load_projects(BUNDLED)["demo"].engagement
    assert shown == Engagement()
    text = (BUNDLED / "demo.yml").read_text(encoding="utf-8")
    assert [name for name in Engagement.model_fields if f"  {name}: " not in text.replace("# ", "")] == []
    # Shown as examples: what is off by default.
    assert set(Engagement.model_fields) - shown.model_fields_set == {"replies_per_day", "active_hours"}


def test_hours_and_days_are_read_as_people_write_them(tmp_path: Path) -> None:
    said = loaded(
        tmp_path, "active_hours: 7:30 – 24:00, quiet_days: [Sat, sunday, 2026-12-24], time_zone: Europe/Berlin"
    )
    assert said.active_hours is not None
    assert [time(7, 29) in said.active_hours, time(7, 30) in said.active_hours, time(23, 59) in said.active_hours] == [
        False,
        True,
        True,
    ]
    assert said.quiet_days == ("saturday", "sunday", date(2026, 12, 24))
    assert said.is_quiet(date(2026, 12, 24))
    assert said.is_quiet(date(2026, 12, 26))
    assert not said.is_quiet(date(2026, 12, 25))
    assert said.zone.key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("engagement", "key", "says"),
    [
        ("reply_per_author: 1", "engagement.reply_per_author", "did you mean replies_per_author?"),
        ("replies_per_author: 0", "engagement.replies_per_author", "greater than or equal to 1, not 0"),
        ("author_days: 91", "engagement.author_days", "less than or equal to 90, not 91"),
        ("active_hours: 9-17", "engagement.active_hours", 'written like "07:00-22:00"'),
        ("active_hours: 700", "engagement.active_hours", 'written like "07:00-22:00"'),
        ("active_hours: 22:00-25:00", "engagement.active_hours", "from 00:00 to 24:00"),
        ("active_hours: 07:60-08:00", "engagement.active_hours", "from 00:00 to 24:00"),
        ("active_hours: 07:00-07:00", "engagement.active_hours", "leave the key out"),
        ("quiet_days: [funday]", "engagement.quiet_days.0", "'funday' is neither a day of the week nor a date"),
        ("quiet_days: [2026-12-24T10:00:00]", "engagement.quiet_days.0", "neither a day of the week nor a date"),
        ("quiet_days: sunday", "engagement.quiet_days", "needs a list"),
        ("time_zone: Berlin", "engagement.time_zone", "'Berlin' is no time zone; write it like Europe/Berlin"),
        ("time_zone: ../../etc/passwd", "engagement.time_zone", "is no time zone"),
        ("time_zone: ''", "engagement.time_zone", "is no time zone"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(tmp_path: Path, engagement: str, key: str, says: str) -> None:
    with pytest.raises(ProjectFileError) as error:
        loaded(tmp_path, engagement)
    assert key in str(error.value)
    assert "7" in str(error.value), "the line"
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_was_read_can_be_written_and_read_again() -> None:
    project = load_projects(BUNDLED)["demo"]
    said = project.engagement.model_copy(update={"active_hours": loadable("07:00-22:00")})
    again = Project.model_validate(project.model_copy(update={"engagement": said}).model_dump())
    assert again.engagement == said


def loadable(hours: str) -> object:
    return Engagement.model_validate({"active_hours": hours}).active_hours
