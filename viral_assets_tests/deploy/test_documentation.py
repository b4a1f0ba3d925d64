"""docs/deployment.md: what it points to exists, and what it says to copy can be used."""

from __future__ import annotations

import re

import dagster as dg
import yaml

from viral_assets import __version__
from viral_assets_tests.deploy import POSTGRES, ROOT

PAGE = ROOT / "docs" / "deployment.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.findall(r"```(\w+)\n(.*?)```", TEXT, flags=re.DOTALL)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert links
    assert all((PAGE.parent / link.partition("#")[0]).exists() for link in links)


def test_files_in_commands_exist() -> None:
    named = set(re.findall(r"(?<![/\w])(?:deploy|viral_assets)/[\w./-]+\w", TEXT))
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_services_are_those_of_the_compose_file() -> None:
    services = yaml.safe_load((POSTGRES / "compose.yaml").read_text(encoding="utf-8"))["services"]
    stopped = re.findall(r"docker compose stop (.+)", TEXT)
    used = re.findall(r"docker compose exec (?:-T )?(\S+)", TEXT)
    assert {name for line in stopped for name in line.split()} | set(used) <= set(services)
    # Nothing that could be at work on the tables goes on while they change.
    assert all(set(line.split()) == {"daemon", "webserver", "code-location"} for line in stopped)


def test_versions_are_those_of_the_project() -> None:
    assert re.findall(r"dagster/dagster --version (\S+)", TEXT) == [dg.__version__]
    assert re.findall(r"viral-assets:(\S+)", TEXT) == [__version__]


def test_the_yaml_can_be_read() -> None:
    (volume,) = (yaml.safe_load(code) for language, code in CODE if language == "yaml")
    assert volume["kind"] == "PersistentVolumeClaim"
    values = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "values.yaml").read_text(encoding="utf-8"))
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert deployment["volumes"][0]["persistentVolumeClaim"]["claimName"] == volume["metadata"]["name"]
