"""The values for the Helm chart: only keys that the chart knows (it does not complain about others), and the same
settings as the instance files.

The chart itself is not here. What it knows was read off its documented values and their schema, for the version that
requirements.lock has of Dagster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pytest
import yaml

from viral_assets import __version__
from viral_assets.settings import Settings
from viral_assets_tests.deploy import DEPLOY, POSTGRES, ROOT

FILE = DEPLOY / "kubernetes" / "values.yaml"
VALUES: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SHARED: Mapping[str, Any] = yaml.safe_load((POSTGRES / "dagster.yaml").read_text(encoding="utf-8"))
(CODE,) = VALUES["dagster-user-deployments"]["deployments"]

POD = {
    "image": {"repository", "tag", "pullPolicy"},
    **dict.fromkeys(("env", "envConfigMaps", "envSecrets", "volumes", "volumeMounts", "labels", "annotations")),
    **dict.fromkeys(("nodeSelector", "affinity", "tolerations", "resources", "podSecurityContext", "securityContext")),
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe", "schedulerName")),
}
"""Keys of everything that is a deployment; None where Kubernetes says what may follow."""

KNOWN: Mapping[str, Any] = {
    "global": {"postgresqlSecretName", "dagsterHome", "serviceAccountName", "celeryConfigSecretName"},
    "dagsterWebserver": {
        **POD,
        "service": {"type", "port", "annotations"},
        **dict.fromkeys(("replicaCount", "nameOverride", "pathPrefix", "enableReadOnly", "workspace", "logLevel")),
        **dict.fromkeys(("dbStatementTimeout", "dbPoolRecycle", "deploymentLabels")),
    },
    "dagster-user-deployments": {
        **dict.fromkeys(("enabled", "enableSubchart", "imagePullSecrets")),
        "deployments": {
            **POD,
            **dict.fromkeys(("name", "port", "dagsterApiGrpcArgs", "codeServerArgs", "service")),
            "includeConfigInLaunchedRuns": {"enabled"},
        },
    },
    "runLauncher": {
        "type": None,
        "config": {
            "k8sRunLauncher": {
                **dict.fromkeys(("image", "imagePullPolicy", "jobNamespace", "loadInclusterConfig", "kubeconfigFile")),
                **dict.fromkeys(("envConfigMaps", "envSecrets", "envVars", "volumes", "volumeMounts", "labels")),
                **dict.fromkeys(("resources", "schedulerName", "securityContext", "failPodOnRunFailure")),
                "runK8sConfig": dict.fromkeys(
                    ("containerConfig", "podSpecConfig", "podTemplateSpecMetadata", "jobSpecConfig", "jobMetadata")
                ),
            }
        },
    },
    "postgresql": {
        **dict.fromkeys(("enabled", "image", "postgresqlHost", "postgresqlUsername", "postgresqlPassword")),
        **dict.fromkeys(("postgresqlDatabase", "postgresqlParams", "postgresqlScheme")),
        "service": {"port"},
    },
    "generatePostgresqlPasswordSecret": None,
    "concurrency": {
        "enabled": None,
        "runs": {"maxConcurrentRuns", "tagConcurrencyLimits"},
        "pools": {"defaultLimit", "granularity", "opGranularityRunBuffer"},
    },
    "dagsterDaemon": {
        **POD,
        **dict.fromkeys(("enabled", "heartbeatTolerance", "deploymentLabels", "sensors", "schedules", "backfills")),
        "runCoordinator": {
            **dict.fromkeys(("enabled", "type")),
            "config": {
                "queuedRunCoordinator": {
                    *("maxConcurrentRuns", "tagConcurrencyLimits", "dequeueIntervalSeconds", "dequeueUseThreads"),
                    *("dequeueNumWorkers", "blockOpConcurrencyLimitedRuns"),
                }
            },
        },
        "runMonitoring": {
            *("enabled", "startTimeoutSeconds", "cancelTimeoutSeconds", "pollIntervalSeconds"),
            *("maxResumeRunAttempts", "freeSlotsAfterRunEndSeconds"),
        },
        "runRetries": {"enabled", "maxRetries", "retryOnAssetOrOpFailure"},
    },
    "telemetry": {"enabled"},
    "retention": {
        "enabled": None,
        "schedule": {"purgeAfterDays"},
        "sensor": {"purgeAfterDays": {"skipped", "failure", "success", "started"}},
        "autoMaterialize": {"purgeAfterDays"},
    },
    "extraManifests": None,
}


def unknown(values: Mapping[str, Any], known: Any, path: str = "") -> Iterator[str]:
    """Keys of ``values`` that are not in ``known``, by path."""
    for key, value in values.items():
        if key not in known:
            yield f"{path}{key}"
        elif isinstance(known, Mapping) and known[key] is not None:
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Mapping):
                    yield from unknown(item, known[key], f"{path}{key}.")


def test_every_key_is_one_of_the_chart() -> None:
    assert not list(unknown(VALUES, KNOWN))


def test_a_misspelt_key_is_found() -> None:
    misspelt = {"concurrency": {"pools": {"default_limit": 2}}, "daemon": {}}
    assert list(unknown(misspelt, KNOWN)) == ["concurrency.pools.default_limit", "daemon"]


def test_the_version_is_that_of_dagster() -> None:
    assert dg.__version__ in FILE.read_text(encoding="utf-8")


def test_everything_runs_the_same_image() -> None:
    (migration,) = VALUES["extraManifests"]
    (container,) = migration["spec"]["template"]["spec"]["containers"]
    images = [VALUES["dagsterWebserver"]["image"], VALUES["dagsterDaemon"]["image"], CODE["image"]]
    names = {f"{image['repository']}:{image['tag']}" for image in images} | {container["image"]}
    assert names == {f"viral-assets:{__version__}"}


@pytest.mark.parametrize("pod", [VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], CODE])
def test_nothing_runs_as_root(pod: Mapping[str, Any]) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", (POSTGRES / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert user is not None
    assert pod["podSecurityContext"]["runAsNonRoot"]
    assert pod["podSecurityContext"]["runAsUser"] == int(user[1])
    assert pod["podSecurityContext"]["fsGroup"] == int(user[2])
    assert pod["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    launcher = VALUES["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
    assert launcher["podSpecConfig"]["securityContext"] == pod["podSecurityContext"]
    assert launcher["containerConfig"]["securityContext"] == pod["securityContext"]


def test_secrets_are_named_and_not_held() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert "postgresqlPassword" not in text
    assert not VALUES["generatePostgresqlPasswordSecret"]
    assert [secret["name"] for secret in CODE["envSecrets"]] == ["viral-assets"]
    assert not [variable for variable in CODE["env"] if re.search("KEY|PASSWORD|URL", variable["name"])]


def test_runs_get_what_the_code_location_has() -> None:
    assert VALUES["runLauncher"]["type"] == "K8sRunLauncher"
    assert CODE["includeConfigInLaunchedRuns"] == {"enabled": True}
    known = {f"VIRAL_ASSETS_{name.upper()}" for name in Settings.model_fields}
    assert {variable["name"] for variable in CODE["env"]} <= known
    assert [mount["mountPath"] for mount in CODE["volumeMounts"]] == ["/data"]


def test_the_driver_is_named() -> None:
    assert VALUES["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


def test_the_settings_are_those_of_the_instance_files() -> None:
    concurrency, daemon = VALUES["concurrency"], VALUES["dagsterDaemon"]
    coordinator = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    assert {
        "telemetry": VALUES["telemetry"],
        "concurrency": {
            "runs": {"max_concurrent_runs": concurrency["runs"]["maxConcurrentRuns"]},
            "pools": {
                "default_limit": concurrency["pools"]["defaultLimit"],
                "granularity": concurrency["pools"]["granularity"],
            },
        },
        "run_queue": {"dequeue_interval_seconds": coordinator["dequeueIntervalSeconds"]},
        "run_retries": {
            "enabled": daemon["runRetries"]["enabled"],
            "max_retries": daemon["runRetries"]["maxRetries"],
            "retry_on_asset_or_op_failure": daemon["runRetries"]["retryOnAssetOrOpFailure"],
        },
    } == {name: SHARED[name] for name in ("telemetry", "concurrency", "run_queue", "run_retries")}
    # The chart refuses a number of runs in both places.
    assert "maxConcurrentRuns" not in coordinator
    assert daemon["runMonitoring"]["startTimeoutSeconds"] == SHARED["run_monitoring"]["start_timeout_seconds"]
    days = VALUES["retention"]["sensor"]["purgeAfterDays"]
    assert SHARED["retention"]["sensor"]["purge_after_days"].items() <= days.items()
    assert VALUES["retention"]["schedule"]["purgeAfterDays"] == SHARED["retention"]["schedule"]["purge_after_days"]


def test_the_tables_are_upgraded_before_the_new_code_starts() -> None:
    (migration,) = VALUES["extraManifests"]
    assert migration["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = migration["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["viral-assets", "db", "upgrade"]


def test_the_lock_has_the_launcher() -> None:
    assert "dagster-k8s==" in (POSTGRES / "requirements.lock").read_text(encoding="utf-8")
    assert f"dagster=={dg.__version__}" in (ROOT / "requirements.lock").read_text(encoding="utf-8")
