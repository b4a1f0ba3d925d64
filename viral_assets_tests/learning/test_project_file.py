"""A project file is changed where it has to be, and nowhere else."""

from __future__ import annotations

import stat
from difflib import unified_diff
from pathlib import Path

import pytest

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.learning.project_file import Line, ProjectFolder, Proposal, propose, tuning_changes
from viral_assets.projects.edits import Add, Change, Put, changed
from viral_assets.projects.loader import load_project, load_projects
from viral_assets.projects.model import Thresholds, Weights
from viral_assets.settings import checkout_root

WEIGHTS = Weights(velocity=0.1, relevance=0.2, openness=0.3, author_quality=0.4)
THRESHOLDS = Thresholds(yellow=0.33, green=0.66)
LEAST = "name: least\ntaxonomy: [{label: bread, description: Bread}]\nvoice: {persona: A baker}\n"

DASHES = """name: least
taxonomy:
- label: bread
  description: |
    Two
    lines
voice:
    persona: >-
        A
        baker
    good_examples:
    - 'one: two'   # not a mapping
    # before
title: 'yes'
"""


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    path = tmp_path / "demo.yml"
    path.write_bytes((checkout_root() / "projects" / "demo.yml").read_bytes())
    return path


def write(path: Path, *examples: str) -> Path:
    wanted = tuning_changes(load_project(path), weights=WEIGHTS, thresholds=THRESHOLDS, examples=examples)
    return propose(path, wanted).write()


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def changes(old: str, new: str) -> list[str]:
    lines = unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_only_the_lines_of_what_changes_change_and_comments_stay(demo: Path) -> None:
    old = demo.read_text(encoding="utf-8")
    backup = write(demo, 'Which page: the first, or #2? "That" one: mine.')
    new = demo.read_text(encoding="utf-8")
    found = changes(old, new)
    assert [line.split("#")[0].split()[-1] for line in found if line[0] == "+" and "example" not in line][1:] == [
        *("0.1", "0.2", "0.3", "0.4"),
        *("0.33", "0.66"),
    ]
    assert sum(line[0] == "-" for line in found) == 6
    assert new.count("#") == old.count("#") + 1
    assert backup.read_text(encoding="utf-8") == old
    after = load_project(demo)
    assert (after.weights, after.thresholds) == (WEIGHTS, THRESHOLDS)
    assert after.voice.good_examples[-1] == 'Which page: the first, or #2? "That" one: mine.'
    assert list(load_projects(demo.parent)) == ["demo"]


@pytest.mark.parametrize(
    "text",
    [
        LEAST,
        LEAST + "weights: {velocity: 0.5}\nthresholds:\n    green: 0.9   # picky\n",
        LEAST.replace("\n", "\r\n"),
        "\ufeff" + LEAST,
        "---\n" + LEAST,
        DASHES,
    ],
    ids=["least", "flow", "windows", "mark", "start", "dashes"],
)
def test_every_way_of_writing_a_project_is_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "least.yml"
    path.write_bytes(text.encode("utf-8"))
    write(path, "An example")
    content = path.read_bytes()
    assert content.count(b"\r\n") == (content.count(b"\n") if "\r\n" in text else 0)
    assert content.startswith(b"\xef\xbb\xbf") == text.startswith("\ufeff")
    assert load_project(path).weights == WEIGHTS
    kept = [line for line in text.splitlines() if "least" in line or "#" in line]
    assert all(line.partition("  #")[2] in content.decode() for line in kept)


def test_a_cap_changes_its_own_line_or_joins_the_file(demo: Path, tmp_path: Path) -> None:
    old = demo.read_text(encoding="utf-8")
    propose(demo, tuning_changes(load_project(demo), max_tweets_per_request=6)).write()
    assert [line.split() for line in changes(old, demo.read_text(encoding="utf-8"))] == [
        ["+", "max_tweets_per_request:", "6"],
    ]
    propose(demo, tuning_changes(load_project(demo), max_tweets_per_request=5)).write()
    assert [line.split() for line in changes(old, demo.read_text(encoding="utf-8"))] == [
        ["+", "max_tweets_per_request:", "5"],
    ]
    least = tmp_path / "least.yml"
    least.write_text(LEAST, encoding="utf-8")
    before = load_project(least)
    propose(least, tuning_changes(before, max_tweets_per_request=3)).write()
    assert load_project(least) == changed(before, [Put(("generation", "max_tweets_per_request"), 3)])
    assert least.read_text(encoding="utf-8") == LEAST + "generation:\n  max_tweets_per_request: 3\n"


def test_the_mode_stays_and_a_link_is_followed(demo: Path) -> None:
    demo.chmod(0o640)
    link = demo.parent / "there" / "demo.yml"
    link.parent.mkdir()
    link.symlink_to(demo)
    write(link)
    assert link.is_symlink()
    assert stat.S_IMODE(demo.stat().st_mode) == 0o640
    assert load_project(demo).weights == WEIGHTS
    assert names(demo.parent) == ["demo.yml", "demo.yml.bak", "there"]


def test_a_file_that_changed_meanwhile_is_left_alone(demo: Path) -> None:
    before = load_project(demo)
    newer = demo.read_text(encoding="utf-8").replace("max_candidates: 150", "max_candidates: 20")
    demo.write_text(newer, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="changed meanwhile"):
        propose(demo, tuning_changes(before, weights=WEIGHTS), expected=before)
    proposal = propose(demo, tuning_changes(before, weights=WEIGHTS))
    newer += "# later\n"
    demo.write_text(newer, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="changed meanwhile"):
        proposal.write()
    assert demo.read_text(encoding="utf-8") == newer
    assert names(demo.parent) == ["demo.yml"]


def test_a_change_that_would_reach_other_keys_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "least.yml"
    text = LEAST.replace("persona: A baker", "persona: A baker, good_examples: &same [One], constraints: *same")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProjectFileError, match="change it by hand"):
        write(path, "Two")
    assert path.read_text(encoding="utf-8") == text
    assert names(tmp_path) == ["least.yml"]


def test_a_project_is_found_by_its_name_whatever_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(LEAST, encoding="utf-8")
    (tmp_path / "a.yml").write_text(LEAST.replace("name: least", "name: other"), encoding="utf-8")
    folder = ProjectFolder(tmp_path)
    assert folder.find("least").name == "b.yaml"
    with pytest.raises(UnknownProjectError):
        folder.find("../b")


def test_files_of_the_package_and_read_only_ones_are_not_changed(demo: Path) -> None:
    assert ProjectFolder(demo.parent, demo.parent.parent).find_changeable("demo") == demo
    with pytest.raises(ProjectFileError, match=r"part of the package.*viral-assets init"):
        ProjectFolder(demo.parent, demo.parent).find_changeable("demo")
    demo.chmod(0o444)
    with pytest.raises(ProjectFileError, match="read-only here"):
        ProjectFolder(demo.parent).find_changeable("demo")


UNUSUAL = r"""# of a hand that likes its own way
name:   least
taxonomy:
    -   label:  "bread \u0026 butter"   # an escape, and two blanks
        description: >
            Two
            lines

        exemplars: [ 'one',
                     "two" ]     # over two lines
    -   {label: rolls, description: Rolls, exemplars: []}
    - label: cake
      description: Cake
voice:
      persona: &who A baker
      constraints:
      -   'Never: shout'

      # before
      - >-
        The last
        one
sources: {languages: [de, en], blocked_keywords: ["a, b", c]}
weights: {velocity: 0.50, relevance: 1.0e-1}   # kept as it is written


# the end"""

ADDED = Add(("taxonomy", 0, "exemplars"), ("and {more}: of #it",))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (ADDED, r"""                     "two", "and {more}: of #it" ]     # over two lines"""),
        (
            Add(("taxonomy", 1, "exemplars"), (r'says "no" \ - *so*',)),
            r"""    -   {label: rolls, description: Rolls, exemplars: ["says \"no\" \\ - *so*"]}""",
        ),
        (Add(("taxonomy", 2, "exemplars"), ("🥐\u200d \u2028 & ",)), r"""        - "🥐\u200D \u2028 & " """[:-1]),
        (Add(("voice", "constraints"), ("'",)), """      - "'" """[:-1]),
        (Add(("voice", "good_examples"), ("'",)), """        - "'" """[:-1]),
        (
            Add(("sources", "blocked_keywords"), ("'",)),
            """sources: {languages: [de, en], blocked_keywords: ["a, b", c, "'"]}""",
        ),
        (
            Put(("weights", "velocity"), 0.25),
            "weights: {velocity: 0.25, relevance: 1.0e-1}   # kept as it is written",
        ),
        (
            Put(("weights", "openness"), 0.25),
            "weights: {velocity: 0.50, relevance: 1.0e-1, openness: 0.25}   # kept as it is written",
        ),
        (Put(("thresholds", "green"), 0.75), "  green: 0.75"),
    ],
    ids=lambda value: ".".join(map(str, value.key)) if isinstance(value, Add | Put) else "",
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
def test_no_other_character_changes_however_the_file_is_written(
    tmp_path: Path, change: Change, line: str, newline: str
) -> None:
    path = tmp_path / "least.yml"
    path.write_bytes(UNUSUAL.replace("\n", newline).encode())
    before = load_project(path)
    propose(path, [change]).write()
    assert load_project(path) == changed(before, [change])
    written = path.read_bytes().decode()
    found = changes(UNUSUAL, written.replace("\r\n", "\n"))
    assert f"+{line}" in found
    assert len(found) <= 2
    assert written.count("\r\n") == (written.count("\n") if newline == "\r\n" else 0)


HOSTILE = (
    "x\nname: other",
    '"\nvoice: {persona: me}\n#',
    "!!python/object/apply:os.system ['id']",
    "*alias &anchor <<: {}",
    "- - ? : | > % @ `",
    "\x00\x1b[2J\x85\x7f\ud7ff\ufeff\ufffe",
    "'' \"\" \\",
    "yes",
    "12:30:45",
    " ",
    "\U0001f600\U000e0041",
    "{{ 7 * 7 }}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_is_one_text_in_the_file_and_nothing_else(tmp_path: Path, text: str) -> None:
    path = tmp_path / "least.yml"
    path.write_text(UNUSUAL, encoding="utf-8")
    before = load_project(path)
    added = [Add(("taxonomy", place, "exemplars"), (text,)) for place in range(3)]
    propose(path, added).write()
    after = load_project(path)
    for old, new in zip(before.taxonomy, after.taxonomy, strict=True):
        assert new.exemplars == (*old.exemplars, text)
    assert after.name == "least"


def test_what_a_program_cannot_change_is_said_with_what_to_paste(tmp_path: Path) -> None:
    path = tmp_path / "least.yml"
    path.write_text(LEAST.replace("A baker}", "&a A baker, good_examples: [One, *a]}"), encoding="utf-8")
    with pytest.raises(ProjectFileError, match=r'by hand: put "Two" in voice.good_examples'):
        propose(path, [Add(("voice", "good_examples"), ("Two",))])


def test_a_proposal_shows_its_lines_and_knows_the_file_that_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "least.yml"
    path.write_text(DASHES, encoding="utf-8")
    proposal = propose(path, [Add(("voice", "good_examples"), ("Two",)), Add(("taxonomy", 0, "exemplars"), ("Rye",))])
    assert list(proposal.lines(0)) == [
        Line("+", 7, "  exemplars:"),
        Line("+", 8, '    - "Rye"'),
        Line("+", 15, '    - "Two"'),
    ]
    assert path.read_text(encoding="utf-8") == DASHES
    version = proposal.version
    path.write_text(DASHES + "# x\n", encoding="utf-8")
    assert propose(path, []).version != version


def test_a_place_where_nothing_can_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    proposal = Proposal(tmp_path / "file" / "demo.yml", b"old", b"new")
    with pytest.raises(ProjectFileError, match=r"cannot be written \(\w"):
        proposal.write()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
