"""Project files, and what their authors are told when one is wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viral_assets.errors import ProjectFileError, UnknownProjectError
from viral_assets.projects.loader import load_project, load_projects, select_projects
from viral_assets.projects.model import BUILT_IN_TYPES

BUNDLED = Path(__file__).parents[2] / "projects"

MINIMAL = """\
name: small
taxonomy:
  - label: screen time
    description: hours in front of screens
voice:
  persona: a friendly parent
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "small.yml"


def problem(path: Path, content: str | bytes) -> ProjectFileError:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ProjectFileError) as error:
        load_project(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return error.value


class TestGoodFiles:
    def test_a_minimal_project_gets_defaults(self, path: Path) -> None:
        path.write_text(MINIMAL)
        project = load_project(path)
        assert (project.name, project.minima.followers, project.max_candidates) == ("small", 1000, 150)
        assert [kind.name for kind in project.suggestion_types] == ["add_value", "ask_question", "mirror_reframe"]

    def test_a_file_is_parsed_again_once_it_says_something_else(self, path: Path) -> None:
        path.write_text(MINIMAL)
        before = path.stat()
        project = load_project(path)
        assert load_project(path) is project
        # As large as it was, and as old.
        path.write_text(MINIMAL.replace("small", "large"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert load_project(path).name == "large"

    def test_a_byte_order_mark_and_windows_line_endings(self, path: Path) -> None:
        path.write_bytes(MINIMAL.replace("\n", "\r\n").encode("utf-8-sig"))
        assert load_project(path).name == "small"

    def test_anchors_and_types_of_ones_own(self, path: Path) -> None:
        path.write_text(
            MINIMAL
            + "suggestion_types: [funny, {name: book_tip, instruction: &text Recommend a book.}]\ntitle: *text\n"
        )
        project = load_project(path)
        assert project.suggestion_types[0] == BUILT_IN_TYPES["funny"]
        assert project.suggestion_types[1].instruction == project.title == "Recommend a book."

    def test_the_bundled_project_shows_every_key(self) -> None:
        project = load_projects(BUNDLED)["demo"]
        assert len(project.taxonomy) == 5
        assert all(3 <= len(node.exemplars) <= 5 for node in project.taxonomy)
        assert project.model_fields_set == set(type(project).model_fields)


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("change", "key", "line", "says"),
        [
            (("voice:", "voices:"), "voices", 5, "did you mean voice?"),
            (("label:", "lable:"), "taxonomy.0.lable", 3, "did you mean label?"),
            (("    description: hours in front of screens\n", ""), "taxonomy.0.description", 3, "is missing"),
            (("a friendly parent", "12"), "voice.persona", 6, "needs text, and this is 12; put it in quotes"),
            (("a friendly parent", "yes"), "voice.persona", 6, "and this is true; put it in quotes"),
            (("name: small", "name: Big Name"), "name", 1, "lower-case letters"),
            (("name: small", "name: all"), "", 1, "stands for every project"),
            (
                ("name: small", "name: small\nmax_candidates: many"),
                "max_candidates",
                2,
                "needs a whole number, not 'many'",
            ),
            (("name: small", "name: small\nweights: 3"), "weights", 2, "needs keys and values of its own"),
            (("name: small", "name: small\nthresholds: {green: 0.1}"), "thresholds", 2, "green must be above yellow"),
            (
                ("name: small", "name: small\nsuggestion_types: [mirror]"),
                "suggestion_types",
                2,
                "'mirror' is not built in",
            ),
            (("name: small", "name: small\nsuggestion_types: funny"), "suggestion_types", 2, "needs a list"),
            (("name: small", "name: small\nname: other"), "name", 2, "a second time (first on line 1)"),
            (("name: small", "name: small\ngeneration:\n  temperature: .nan"), "generation.temperature", 3, "finite"),
            (("name: small", "name: small\nminima: {followers: 1.000}"), "minima.followers", 2, "a thousand as 1000"),
            (
                ("name: small", "name: small\nengagement: {replies_per_day: 1.000}"),
                "engagement.replies_per_day",
                2,
                "a thousand as 1000",
            ),
            (
                ("name: small", "name: small\nsources: {block_handles: ['https://x.com/somebody']}"),
                "sources.block_handles",
                2,
                "'https://x.com/somebody' is no handle; write it like @somebody",
            ),
            (("name: small", "name: [small"), "", 2, "is not YAML"),
            (("name: small", "name: \tsmall: x"), "", 1, "is not YAML"),
        ],
    )
    def test_the_message_names_key_and_line(
        self, path: Path, change: tuple[str, str], key: str, line: int, says: str
    ) -> None:
        error = problem(path, MINIMAL.replace(*change, 1))
        assert (error.key, error.line) == (key, line)
        assert says in error.problem

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "is empty"),
            (b"# nothing but a remark\n", "is empty"),
            (b"- a list\n", "needs keys and values"),
            (b"just text\n", "needs keys and values"),
            (b"name: caf\xe9\n", "is not UTF-8 (byte 0xe9)"),
            (b"name: \x01\n", "control character 0x1"),
            (b"name: 2026-13-45\n", "month must be in 1..12"),
            (b"name: &a [*a]\n", "an alias contains itself"),
            (b"name: !!python/object:os.system x\n", "could not determine a constructor"),
            (b"? [a, b]\n: 1\n", "unhashable"),
            (b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
                b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(7)
            ), "more than 100,000 keys"),
        ],
    )  # fmt: skip
    def test_what_is_no_project_at_all(self, path: Path, content: bytes, says: str) -> None:
        assert says in problem(path, content).problem

    def test_a_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectFileError, match="No such file"):
            load_project(tmp_path / "none.yml")
        (tmp_path / "folder.yml").mkdir()
        with pytest.raises(ProjectFileError, match="Is a directory"):
            load_projects(tmp_path)

    @given(data=st.data())
    def test_any_damage_is_a_project_or_one_line(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "damaged.yml"
        content = bytearray(MINIMAL.encode())
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        path.write_bytes(bytes(content))
        try:
            load_project(path)
        except ProjectFileError as error:
            assert "\n" not in str(error)  # noqa: PT017 - an error is as good as a project


class TestFolders:
    def test_all_projects_by_name(self, tmp_path: Path) -> None:
        for file, name in (("1.yml", "zebra"), ("2.yaml", "ant"), (".hidden.yml", "x"), ("notes.txt", "y")):
            (tmp_path / file).write_text(MINIMAL.replace("small", name))
        assert list(load_projects(tmp_path)) == ["ant", "zebra"]

    @pytest.mark.parametrize("damage", ["", "voices: 3\n", "title: [\n"])
    def test_of_two_with_one_name_neither_is_used_and_both_are_told(self, tmp_path: Path, damage: str) -> None:
        (tmp_path / "1.yml").write_text(MINIMAL)
        (tmp_path / "2.yml").write_text(MINIMAL + damage)
        (tmp_path / "3.yml").write_text(MINIMAL.replace("small", "other"))
        projects = load_projects(tmp_path)
        assert list(projects) == ["other"]
        assert [error.path.name for error in projects.unusable] == ["1.yml", "2.yml"]
        assert "1.yml:1: name: 'small' is the name in 2.yml too, so neither is used" in projects.warnings[0]
        if not damage:
            assert "2.yml:1: name: 'small' is the name in 1.yml too, so neither is used" in projects.warnings[1]
        with pytest.raises(ProjectFileError, match=r"1\.yml:1: name: 'small'"):
            select_projects(projects, ["small"])

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"name: bad\nvoices: 3\n", r"bad-one\.yml:2: voices: is not a known key"),
            (b"name: bad\nvoice: [\n", r"bad-one\.yml:3: is not YAML"),
            (b"name: bad\ntitle: caf\xe9\n", r"bad-one\.yml:2: is not UTF-8"),
        ],
    )
    def test_a_wrong_file_stops_its_own_project_only(self, tmp_path: Path, content: bytes, says: str) -> None:
        (tmp_path / "bad-one.yml").write_bytes(content)
        (tmp_path / "good.yml").write_text(MINIMAL)
        projects = load_projects(tmp_path)
        assert list(projects) == list(select_projects(projects, None)) == list(select_projects(projects, ["small"]))
        assert list(projects) == ["small"]
        (warning,) = projects.warnings
        assert re.search(says, warning)
        assert "\n" not in warning
        with pytest.raises(ProjectFileError, match=says):
            select_projects(projects, ["bad"])
        with pytest.raises(UnknownProjectError, match=r"known projects: small; not usable: bad-one\.yml"):
            select_projects(projects, ["another"])

    def test_a_file_whose_name_cannot_be_read_goes_by_what_it_is_called(self, tmp_path: Path) -> None:
        (tmp_path / "bad.yml").mkdir()
        (tmp_path / "good.yml").write_text(MINIMAL)
        with pytest.raises(ProjectFileError, match="Is a directory"):
            select_projects(load_projects(tmp_path), ["bad"])

    def test_where_none_can_be_used_it_is_an_error_that_names_some(self, tmp_path: Path) -> None:
        for number in range(5):
            (tmp_path / f"{number}.yml").write_text(MINIMAL.replace("small", f"p{number}") + "voices: 3\n")
        with pytest.raises(ProjectFileError, match="none of its 5 project files can be used: ") as caught:
            load_projects(tmp_path)
        assert str(caught.value).count("is not a known key") == 3
        assert str(caught.value).endswith("; and 2 more")

    def test_no_folder_and_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ProjectFileError, match="no such folder"):
            load_projects(tmp_path / "none")
        with pytest.raises(ProjectFileError, match="copy the demo project"):
            load_projects(tmp_path)


class TestSelection:
    def test_by_name_and_all(self, tmp_path: Path) -> None:
        for name in ("one", "two", "three"):
            (tmp_path / f"{name}.yml").write_text(MINIMAL.replace("small", name))
        projects = load_projects(tmp_path)
        assert list(select_projects(projects, None)) == ["one", "three", "two"]
        assert list(select_projects(projects, ["two", "one"])) == ["one", "two"]
        with pytest.raises(
            UnknownProjectError, match=r"no project 'on'; did you mean one\? known projects: one, three, two"
        ):
            select_projects(projects, ["on"])
