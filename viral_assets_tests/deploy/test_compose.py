"""The compose file: what its format allows, and what this project asks of every service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema

from viral_assets import __version__
from viral_assets.settings import Settings
from viral_assets_tests.deploy import POSTGRES, ROOT

COMPOSE_FILE = POSTGRES / "compose.yaml"
COMPOSE: Mapping[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
ONE_SHOT = {"migrate"}
OURS = sorted(set(SERVICES) - {"postgres"})
EXAMPLE = (POSTGRES / ".env.example").read_text(encoding="utf-8")
EXAMPLE_VARIABLES = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, flags=re.MULTILINE))

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_the_format_is_that_of_the_compose_specification(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check_jsonschema(["--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)])
    assert ended.value.code == 0, capsys.readouterr()


@every_service
def test_a_service_stays_healthy_or_ends(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["healthcheck"] == {"disable": True}
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"][0] == "CMD"
        assert set(service["healthcheck"]) == {"test", "interval", "timeout", "retries", "start_period"}
        assert service["restart"] == "unless-stopped"


@every_service
def test_a_service_may_do_no_more_than_it_has_to(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    # Ours get their user from the image, see test_image.
    assert service.get("user", "") == ("postgres" if name == "postgres" else "")


@every_service
def test_images_have_a_version_and_no_registry(name: str) -> None:
    repository, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"[a-z-]+", repository)
    assert re.match(r"\d+\.\d+", tag)
    if name in OURS:
        assert (repository, tag) == ("viral-assets", __version__)


@every_service
def test_logs_do_not_fill_the_disk(name: str) -> None:
    assert SERVICES[name]["logging"]["options"]["max-size"]


def test_only_the_ui_can_be_reached_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["webserver"]
    assert [port.partition(":")[0] for port in published["webserver"]] == ["127.0.0.1"]


def test_everything_waits_for_what_it_needs() -> None:
    waits = {name: {on: how["condition"] for on, how in SERVICES[name].get("depends_on", {}).items()} for name in OURS}
    assert waits == {
        "migrate": {"postgres": "service_healthy"},
        "code-location": {"migrate": "service_completed_successfully"},
        "webserver": {"code-location": "service_healthy"},
        "daemon": {"code-location": "service_healthy"},
    }


def test_variables_are_all_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_FILE.read_text(encoding="utf-8")))
    assert used <= set(EXAMPLE_VARIABLES)


def test_the_example_holds_no_secret_and_no_unknown_variable() -> None:
    assert {EXAMPLE_VARIABLES[name] for name in ("POSTGRES_PASSWORD", "GEMINI_API_KEY")} == {""}
    known = {f"VIRAL_ASSETS_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in EXAMPLE_VARIABLES if name.startswith("VIRAL_ASSETS_")} <= known


def test_an_example_that_was_only_copied_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    # But for the password, which compose itself asks for. Empty is what `VARIABLE=` makes of a variable.
    for name, value in EXAMPLE_VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert Settings() == Settings(rpm=15)
    assert "${POSTGRES_PASSWORD:?" in COMPOSE_FILE.read_text(encoding="utf-8")


def test_the_key_goes_to_the_code_location_only() -> None:
    assert [name for name, service in SERVICES.items() if "env_file" in service] == ["code-location"]
    assert not any("GEMINI" in variable for service in SERVICES.values() for variable in service["environment"])


def test_all_of_dagster_has_the_same_databases() -> None:
    environments = [SERVICES[name]["environment"] for name in OURS]
    assert all(environment == environments[0] for environment in environments)
    # The driver that is installed; see deploy/postgres/dagster.yaml.
    assert environments[0]["DAGSTER_POSTGRES_URL"].startswith("postgresql+psycopg2://")


def test_files_and_folders_exist() -> None:
    build = SERVICES["code-location"]["build"]
    assert (POSTGRES / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert (POSTGRES / source).is_dir() if source.startswith(".") else source in COMPOSE["volumes"]


def test_volumes_are_mounted_where_the_image_writes() -> None:
    dockerfile = (POSTGRES / "Dockerfile").read_text(encoding="utf-8")
    made = re.search(r"install --directory --owner=viral --group=viral (.+)", dockerfile)
    assert made is not None
    for name in OURS:
        for volume in SERVICES[name].get("volumes", []):
            source, target, *mode = volume.split(":")
            assert mode == ["ro"] if source.startswith(".") else target in made[1].split()


def test_the_code_is_where_the_workspace_says() -> None:
    workspace = yaml.safe_load((POSTGRES / "workspace.yaml").read_text(encoding="utf-8"))
    (server,) = (entry["grpc_server"] for entry in workspace["load_from"])
    assert server["host"] in SERVICES
    health = SERVICES[server["host"]]["healthcheck"]["test"]
    assert health[-1] == str(server["port"])
    for name in ("webserver", "daemon"):
        path = SERVICES[name]["command"][-1]
        assert Path(path).name == "workspace.yaml"
