"""The package as ``pip install`` brings it, used far from any checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from viral_assets.settings import checkout_root
from viral_assets_tests.deploy.services import free_port

pytestmark = pytest.mark.slow

OURS = ("VIRAL_ASSETS_", "GEMINI_", "GOOGLE_", "DAGSTER_", "PYTHONPATH")


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


def run(command: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return subprocess.run([str(command), *arguments], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def filled(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run."""
    folder = tmp_path_factory.mktemp("elsewhere")
    ended = run(installed, folder, "demo", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["suggestions"] > 100
    return folder


def test_it_is_not_the_checkout_that_runs(installed: Path, elsewhere: Path) -> None:
    python = installed.with_name("python")
    found = subprocess.check_output([python, "-c", "import viral_assets; print(viral_assets.__file__)"], cwd=elsewhere)
    assert str(installed.parent.parent) in found.decode()


def test_the_demo_fills_a_data_folder_where_it_was_started(filled: Path) -> None:
    assert (filled / "data" / "viral_assets.db").is_file()
    instance = (filled / "data" / "dagster" / "dagster.yaml").read_text()
    assert instance == (checkout_root() / "dagster.yaml").read_text()
    assert list((filled / "data" / "digests").glob("*.html"))


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["dev", "review"])
def test_what_serves_comes_up(installed: Path, filled: Path, command: str) -> None:
    from viral_assets_tests.setup.serving import answers

    port = str(free_port())
    quiet = ["--no-open"] if command == "review" else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    with subprocess.Popen(
        [str(installed), command, "--port", port, *quiet],
        cwd=filled,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        answers(f"http://127.0.0.1:{port}/", process)


def test_tables_are_made_and_an_export_has_the_suggestions(installed: Path, filled: Path) -> None:
    assert run(installed, filled, "db", "upgrade").returncode == 0
    exported = run(installed, filled, "export-comments", "--project", "demo", "--out", "replies.csv", "--no-mark")
    assert exported.returncode == 0, exported.stderr
    assert (filled / "replies.csv").stat().st_size > 1_000


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
