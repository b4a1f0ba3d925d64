"""The key ``notifications`` of a project file."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from viral_assets.errors import ProjectFileError
from viral_assets.projects.document import load_project

FILE = """name: mine
taxonomy: [{label: phones, description: Phones}]
voice: {persona: a friend}
engagement: {time_zone: Europe/Berlin}
notifications:
"""


def load(tmp_path: Path, *lines: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yml"
    path.write_text(FILE + "".join(f"  {line}\n" for line in lines))
    return load_project(path)


def test_a_file_says_who_is_told_of_what_and_when(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        "channels: [team, mail, team]",
        "label: yellow",
        "score: 0.7",
        "mode: each",
        'quiet_hours: "22:00-07:00"',
    )
    told = project.notifications
    assert (told.channels, told.labels, told.score, told.mode) == (("team", "mail"), ("green", "yellow"), 0.7, "each")
    assert told.quiet_hours is not None
    assert (told.quiet_hours.first, told.quiet_hours.last) == (22 * 60, 7 * 60)
    assert told.zone(project.engagement.zone) == ZoneInfo("Europe/Berlin")
    other = load(tmp_path, "time_zone: America/New_York").notifications
    assert (other.channels, other.zone(project.engagement.zone)) == ((), ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        (("channels: [team]", "quiet_hour: x"), 7, "did you mean quiet_hours"),
        (("channels:", "  - https://hooks.slack.com/services/T/B/X"), 7, "is no name of a channel"),
        (("label: grün",), 6, "should be 'green', 'yellow' or 'red'"),
        (("score: 70",), 6, "less than or equal to 1"),
        (("max_age_hours: 0",), 6, "greater than 0"),
        (("at_most: 50",), 6, "less than or equal to 20"),
        (("mode: loud",), 6, "should be 'digest' or 'each'"),
        (("quiet_hours: night",), 6, 'quiet hours are written like "22:00-07:00"'),
        (('quiet_hours: "07:00-07:00"',), 6, "quiet hours that end where they begin are none"),
        (("time_zone: Mars/Base",), 6, "is no time zone"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, lines: tuple[str, ...], line: int, problem: str) -> None:
    with pytest.raises(ProjectFileError) as raised:
        load(tmp_path, *lines)
    assert f"mine.yml:{line}" in str(raised.value)
    assert problem in str(raised.value)
