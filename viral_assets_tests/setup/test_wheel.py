"""The package as ``pip install`` brings it, used far from any checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from viral_assets.settings import checkout_root
from viral_assets_tests.deploy.services import free_port
from viral_assets_tests.setup.serving import Server, serving

pytestmark = pytest.mark.slow

OURS = ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_", "DAGSTER_", "PYTHONPATH")

ELSE = {"GEMINI_API_KEY": "not-used", "VIRAL_ASSETS_END": "2020-01-01"}
"""What an environment may say besides, which changes nothing of the demo."""

RUNS = """{
    runsOrError { ... on Runs { results { status } } }
    assetNodes(assetKeys: [{path: ["suggestion_digest"]}]) { partitionStats { numMaterialized } }
}"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment: our wheel in it, all other packages borrowed from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    _copy_what_is_packaged(source)
    built = f"import setuptools.build_meta as backend; backend.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", built], cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    target = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--python", str(python), str(wheel)], check=True)
    borrowed = folder / "borrowed"
    borrowed.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if "viral_assets" not in path.name and path.suffix != ".pth":
            (borrowed / path.name).symlink_to(path)
    (target / "borrowed.pth").write_text(f"{borrowed}\n")
    return folder / "venv" / "bin" / "viral-assets"


def _copy_what_is_packaged(to: Path) -> None:
    """As a clone has it: what git does not know is not in there."""
    listed = ["git", "-C", str(checkout_root()), "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.check_output([*listed, "viral_assets", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"])
    for name in filter(None, names.decode().split("\0")):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((checkout_root() / name).read_bytes())


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """An empty folder that is no checkout."""
    return tmp_path


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """That of the tests without the project's own settings, and with others."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | dict(more)


def run(command: Path, folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(command), *arguments], cwd=folder, env=environment(more), capture_output=True, text=True)


@dataclass(frozen=True)
class Filled:
    """A folder in which the demo has run, what it said in JSON and what for people."""

    folder: Path
    json: dict[str, Any]
    said: str


@pytest.fixture(scope="module")
def filled(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("elsewhere")
    ended = run(installed, folder, "demo", "--json", **ELSE)
    assert ended.returncode == 0, ended.stderr
    return Filled(folder, json.loads(ended.stdout.splitlines()[-1]), ended.stderr)


def test_it_is_not_the_checkout_that_runs(installed: Path, elsewhere: Path) -> None:
    python = installed.with_name("python")
    found = subprocess.check_output([python, "-c", "import viral_assets; print(viral_assets.__file__)"], cwd=elsewhere)
    assert str(installed.parent.parent) in found.decode()


def test_the_demo_fills_a_data_folder_where_it_was_started(filled: Filled) -> None:
    data = filled.folder / "data"
    assert (data / "viral_assets.db").is_file()
    assert (data / "dagster" / "dagster.yaml").read_text() == (checkout_root() / "dagster.yaml").read_text()
    assert list((data / "digests").glob("*.html"))


def test_the_demo_says_what_it_has_made(filled: Filled) -> None:
    told = filled.json
    assert told["tweets"] > 300
    assert all(number > 0 for number in told["labels"].values())
    assert told["gated"] > 0
    assert sum(told["labels"].values()) + told["gated"] == told["tweets"]
    assert told["suggestions"] == told["recorded"] == 3 * told["opportunities"] > 120
    assert f"{told['recorded']} recorded drafts, written beforehand" in filled.said
    page = Path(told["html"])
    assert page.read_text(encoding="utf-8").count("<article") == told["opportunities"]
    assert page.with_suffix(".csv").exists()


@contextmanager
def serving_here(filled: Filled, command: Path, *arguments: str) -> Iterator[Server]:
    port = free_port()
    with serving([str(command), *arguments, "--port", str(port)], filled.folder, port, environment({})) as server:
        yield server


@pytest.mark.e2e
def test_dev_shows_what_the_demo_has_filled(installed: Path, filled: Filled) -> None:
    with serving_here(filled, installed, "dev") as server:
        found = server.graphql(RUNS, "assetNodes")
        assert server.page()
    assert [run["status"] for run in found["runsOrError"]["results"]] == ["SUCCESS"]
    assert found["assetNodes"][0]["partitionStats"]["numMaterialized"] == 24


@pytest.mark.e2e
def test_the_review_page_comes_up(installed: Path, filled: Filled) -> None:
    with serving_here(filled, installed, "review", "--no-open") as server:
        assert server.page()


def test_tables_are_made_and_an_export_has_the_suggestions(installed: Path, filled: Filled) -> None:
    assert run(installed, filled.folder, "db", "upgrade").returncode == 0
    asked = ("export-comments", "--project", "demo", "--out", "replies.csv", "--no-mark")
    exported = run(installed, filled.folder, *asked)
    assert exported.returncode == 0, exported.stderr
    assert (filled.folder / "replies.csv").stat().st_size > 1_000


def test_a_folder_of_ones_own(installed: Path, elsewhere: Path) -> None:
    assert run(installed, elsewhere, "init", "mine").returncode == 0
    ended = run(installed, elsewhere / "mine", "generate-comments", "--project", "mine", "--hours-back", "1", "--json")
    assert ended.returncode == 0, ended.stderr
    assert (elsewhere / "mine" / "data" / "viral_assets.db").is_file()


def test_a_project_that_is_not_there_is_told_with_what_to_do(installed: Path, elsewhere: Path) -> None:
    ended = run(installed, elsewhere, "generate-comments", "--project", "mine")
    assert ended.returncode == 2
    assert "viral-assets init FOLDER" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
