"""The lock files: whatever is published later, they stay the whole truth."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from viral_assets.settings import checkout_root
from viral_assets_tests.proxies import PROXIES

LOCKS = ("requirements.lock", "requirements-lowest.lock", "deploy/postgres/requirements.lock")
# Those before 23.1.2 do not run on Python 3.12, which came with this one.
OLDEST_PIP = "22.3" if sys.version_info < (3, 12) else "23.2.1"


def pins(name: str) -> dict[NormalizedName, list[Requirement]]:
    """Requirements by package; more than one where the version depends on the Python."""
    found: dict[NormalizedName, list[Requirement]] = {}
    for line in (checkout_root() / name).read_text().splitlines():
        if line and not line.startswith((" ", "#")):
            pin = Requirement(line.removesuffix("\\").strip())
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_stands_without_extras_at_one_version_with_hashes(name: str) -> None:
    text = (checkout_root() / name).read_text()
    for package, found in pins(name).items():
        for pin in found:
            assert not pin.extras, f"pip before 23.3 does not take a pin of {package}[extra] for one of {package}"
            assert [each.operator for each in pin.specifier] == ["=="]
    blocks = re.split(r"^(?=[^\s#])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


@pytest.mark.parametrize("name", LOCKS)
def test_no_address_of_a_registry_is_in_it(name: str) -> None:
    assert "://" not in (checkout_root() / name).read_text()


def test_it_names_all_that_anything_installed_wants() -> None:
    """What ``--no-deps`` leaves out would be missing only when it is imported."""
    locked = pins("requirements.lock")
    installed = {canonicalize_name(each.metadata["Name"]): each for each in distributions()}
    ours = _of_setup_cfg("dev", "docs", "genai", "openai", "xlsx")
    wanted: list[tuple[str, str]] = [("viral_assets", text) for text in ours]
    for name in locked:
        # In an environment of other versions, of theirs nothing is known.
        if name in installed and any(pin.specifier.contains(installed[name].version) for pin in locked[name]):
            wanted += [(name, text) for text in installed[name].requires or ()]
    for by, text in wanted:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            assert canonicalize_name(requirement.name) in locked, f"{by} wants {text}"


def test_the_lowest_versions_are_the_lower_bounds_of_setup_cfg() -> None:
    locked = pins("requirements-lowest.lock")
    for text in _of_setup_cfg("dev", "genai", "openai", "xlsx"):
        requirement = Requirement(text)
        versions = [pin.specifier.__iter__().__next__().version for pin in locked[canonicalize_name(requirement.name)]]
        assert any(requirement.specifier.contains(version) for version in versions), text


def _of_setup_cfg(*extras: str) -> list[str]:
    config = configparser.ConfigParser()
    config.read(checkout_root() / "setup.cfg")
    lists = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    return [line for each in lists for line in each.splitlines() if line and not line.startswith("#")]


def _applies(pin: Requirement) -> bool:
    return pin.marker is None or pin.marker.evaluate()


@pytest.mark.registry
@pytest.mark.timeout(3600)
def test_the_oldest_pip_installs_it_and_asks_for_nothing_else(tmp_path: Path) -> None:
    """Older pips resolve differently; what they would look up beyond the lock could change under a clone.

    It speaks to the package index that pip is set up for, like the set-up itself.
    """
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    pip = [str(tmp_path / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    settings = PROXIES | {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*pip, *arguments], env=settings, capture_output=True, text=True)

    older = call("install", "--quiet", f"pip=={OLDEST_PIP}")
    assert older.returncode == 0, older.stderr
    flags = ("--no-deps", "--require-hashes", "--only-binary", ":all:", "--no-compile")
    report, lock = tmp_path / "report.json", str(checkout_root() / "requirements.lock")

    done = call("install", "--quiet", *flags, "--report", str(report), "-r", lock)

    assert done.returncode == 0, done.stderr[-2_000:]
    made = json.loads(report.read_text())
    assert made["pip_version"] == OLDEST_PIP
    installed = {canonicalize_name(each["metadata"]["name"]) for each in made["install"]}
    assert installed == {
        name for name, found in pins("requirements.lock").items() if any(_applies(pin) for pin in found)
    }
    complete = call("check")
    assert complete.returncode == 0, complete.stdout
    shutil.rmtree(tmp_path / "venv")
