"""What the environment says: when it is read, which key is used, and what must never be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from viral_assets.errors import ConfigurationError
from viral_assets.settings import known_secrets, load_settings, misspelt_variables
from viral_assets.text.secrets import redacted
from viral_assets_tests.home import clean_environment

FIRST, SECOND = "AIzaSyFirst-0123456789", "AQ.Second0123456789abcdef"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)


def key() -> str | None:
    found = load_settings().gemini_api_key
    return found.get_secret_value() if found else None


@pytest.mark.parametrize("blank", ["", " ", "\t \n"])
def test_a_blank_key_hides_no_good_one(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, other in (("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("GOOGLE_API_KEY", "GEMINI_API_KEY")):
        monkeypatch.setenv(name, blank)
        monkeypatch.setenv(other, SECOND)
        assert key() == SECOND
        assert load_settings().which_key == ""
    monkeypatch.setenv("GEMINI_API_KEY", blank)
    monkeypatch.setenv("GOOGLE_API_KEY", blank)
    assert key() is None


def test_of_two_keys_gemini_s_own_variable_is_used_and_said_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", FIRST)
    monkeypatch.setenv("GOOGLE_API_KEY", SECOND)
    settings = load_settings()

    assert key() == FIRST
    assert settings.which_key.endswith("GEMINI_API_KEY is used")
    assert "GOOGLE_API_KEY" in settings.which_key
    assert {FIRST, SECOND} <= set(settings.secrets), "the unused one too"
    assert not any(each in f"{settings!r} {settings.which_key}" for each in (FIRST, SECOND))

    monkeypatch.setenv("GOOGLE_API_KEY", f" {FIRST} ")
    assert load_settings().which_key == "", "the same key twice is one key"


@pytest.mark.parametrize(
    ("name", "value", "password"),
    [
        ("VIRAL_ASSETS_DATABASE_URL", "postgresql://me:pass-word@host/name", "pass-word"),
        ("VIRAL_ASSETS_DATABASE_URL", "postgresql://me:pass@word@host/name", "pass@word"),
        ("VIRAL_ASSETS_DATABASE_URL", "postgresql://me:pass/word@host/name", "pass/word"),
        ("GEMINI_API_ENDPOINT", "https://me:pass-word@proxy.example.com", "pass-word"),
        ("X_API_BASE_URL", "https://me:pass-word@proxy.example.com", "pass-word"),
    ],
)
def test_the_password_of_an_address_is_a_secret(
    name: str, value: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert password in load_settings().secrets


def test_an_environment_that_cannot_be_read_has_no_known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_ALERT_WEBHOOK", "no address")
    with pytest.raises(ConfigurationError):
        load_settings()
    assert known_secrets() == []


def test_the_environment_is_read_anew_where_it_has_changed_and_only_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = load_settings()
    assert load_settings() is before

    monkeypatch.setenv("VIRAL_ASSETS_RPM", "7")
    changed = load_settings()
    assert (changed.rpm, before.rpm) == (7, 15)
    monkeypatch.delenv("VIRAL_ASSETS_RPM")
    assert load_settings() == before

    (tmp_path / "workspace.yaml").touch()
    (tmp_path / "projects").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_settings().home == tmp_path / "data"
    assert load_settings().projects_dir == tmp_path / "projects"


def test_a_variable_counts_however_its_name_is_written_and_not_where_it_is_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("viral_assets_rpm", "7")
    monkeypatch.setenv("VIRAL_ASSETS_HOME", "")
    monkeypatch.setenv("GEMINI_MODEL", "a-model")
    settings = load_settings()
    assert (settings.rpm, settings.gemini_model) == (7, "a-model")
    assert settings.home.name == "data"


@pytest.mark.parametrize("name", ["VIRAL_ASSETS_RPM", "VIRAL_ASSETS_PROVIDER"])
def test_an_error_names_the_variable_and_not_its_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hunter2")
    with pytest.raises(ConfigurationError, match=f"^{name}: ") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["VIRAL_ASSETS_TPM", "VIRAL_ASSETS_RPD", "VIRAL_ASSETS_X_POSTS_PER_DAY", "VIRAL_ASSETS_KEEP_RUNS_DAYS"]
)
def test_a_thousand_with_a_point_is_not_read_as_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1.000")
    with pytest.raises(ConfigurationError, match=f"^{name}: has a point: write whole numbers without one"):
        load_settings()


def test_a_misspelt_variable_is_told_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRAL_ASSETS_RPD", "VIRAL_ASSETS_NOTIFY_TEAM", "VIRAL_ASSETS_CHROMIUM"):
        monkeypatch.setenv(name, "7")
    assert misspelt_variables() == []

    monkeypatch.setenv("VIRAL_ASSETS_RPMM", "7")
    monkeypatch.setenv("VIRAL_ASSETS_BUDGET_USD", "hunter2")
    assert misspelt_variables() == [
        "VIRAL_ASSETS_BUDGET_USD is no setting and changes nothing: is VIRAL_ASSETS_DAILY_BUDGET_USD meant?",
        "VIRAL_ASSETS_RPMM is no setting and changes nothing: is VIRAL_ASSETS_RPM meant?",
    ]


def test_what_is_no_whole_number_may_have_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DAILY_BUDGET_USD", "1.500")
    monkeypatch.setenv("VIRAL_ASSETS_X_USD_PER_POST", "0.005")
    monkeypatch.setenv("VIRAL_ASSETS_RPM", "15.0")
    settings = load_settings()
    assert (settings.daily_budget_usd, settings.x_usd_per_post, settings.rpm) == (1.5, 0.005, 15)


def test_every_variable_that_begins_so_is_a_channel_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_TEAM_2", " mailtos://me:hunter2hunter2@example.com?to=a@example.com ")
    monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_NOBODY", " ")
    monkeypatch.setenv("VIRAL_ASSETS_NOTIFY_CHAT", "https://hooks.slack.com/services/T1/B2/TIiajkdnlazkcOXrIdevi7FQ")
    settings = load_settings()
    assert settings.channels["team_2"] == "mailtos://me:hunter2hunter2@example.com?to=a@example.com"
    assert sorted(settings.channels) == ["chat", "team_2"]
    assert "hunter2hunter2" in settings.secrets
    assert "hunter2hunter2" not in repr(settings)
    assert "hunter2" not in redacted(f"failed: {settings.channels['team_2']}; password hunter2hunter2", known_secrets())
    assert redacted("POST /services/T1/B2/TIiajkdnlazkcOXrIdevi7FQ", known_secrets()).endswith("B2/[redacted]")
