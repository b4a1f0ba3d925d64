"""Whatever is wrong outside is told in one line, with the right exit code, and never with a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.text import Text

from viral_assets.cli import quota as quota_command
from viral_assets.errors import ProviderError
from viral_assets_tests.cli.conftest import CommandLine
from viral_assets_tests.waiting import PATIENCE


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("no-such-command",), ""),
        (("ingest",), "ingest "),
        (("ingest", "--no-such-flag", "x"), "ingest "),
        (("generate-comments", "--hours-back", "0"), "generate-comments "),
        (("generate-comments", "--hours-back", "many"), "generate-comments "),
        (("generate-comments", "--max-candidates", "0"), "generate-comments "),
        (("export-comments", "--sort-by", "beauty"), "export-comments "),
        (("export-comments", "--label", "blue"), "export-comments "),
        (("export-comments", "--limit", "0"), "export-comments "),
        (("export-comments", "--out"), "export-comments "),
        (("dev", "--port", "70000"), "dev "),
        (("db", "downgrade"), "db "),
        (("db", "upgrade", "--to"), "db upgrade "),
    ],
)
def test_wrong_arguments_are_refused_with_2(
    viral_assets: CommandLine, arguments: tuple[str, ...], command: str
) -> None:
    said = viral_assets(*arguments)
    assert said.code == 2
    assert said.err.startswith("viral-assets: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith(f"; see `viral-assets {command}--help`\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("generate-comments", "--from", "yesterday"), "--from: 'yesterday' is not an hour"),
        (("generate-comments", "--from", "2026-01-02", "--to", "2026-01-02"), "must lie after --from"),
        (("generate-comments", "--from", "0001-01-01T00:00+05:00"), "is not an hour of the years 1970 to 9899"),
        (("digest", "--to", "9999-12-31T23:00-05:00"), "--to: '9999-12-31T23:00-05:00' is not an hour of the years"),
        (("ingest", "x.jsonl", "--collected-at", "0001-01-01T00:00+05:00"), "--collected-at: "),
        (("ingest", ""), "a value of `viral-assets ingest` is empty"),
        (("export-comments", "--out="), "a value of `viral-assets export-comments` is empty"),
        (("export-comments", "--project=a="), "there is no project 'a='"),
        (("people", "add", ""), "a value of `viral-assets people add` is empty"),
        (("rejects", "--reason", "\udcff"), "--reason: '\\udcff' is no text in UTF-8"),
        (("rejects", "--id", "1", "--id", "9" * 25), "--id: 9999999999999999999999999 is too large"),
        (("more-like-this", "\udcff", "--project", "demo"), "TWEET: '\\udcff' is no text in UTF-8"),
        (("generate-comments", "--from", "2026-01-02", "--hours-back", "3"), "not both"),
        (("generate-comments", "--from", "2026-01-02", "--to", "2100-01-01"), "lies in the future"),
        (("generate-comments", "--batch-size", "lots"), "--batch-size: 'lots'"),
        (("generate-comments", "--batch-size", "0"), "--batch-size: '0'"),
        (("generate-comments", "--project", "dmeo"), "did you mean demo?"),
        (("export-comments", "--project", "nobody"), "known projects: demo"),
        (("review", "--project", "nobody"), "known projects: demo"),
        (("review", "--from", "yesterday"), "'yesterday' is not an hour"),
        (("review", "--from", "2026-01-02", "--to", "2026-01-02"), "has no hour in it"),
        (("ingest", "x.json", "--project", "nobody"), "known projects: demo"),
        (("ingest", "x.json", "--collected-at", "noon"), "--collected-at: 'noon' is not a time"),
        (("ingest", "x.json", "--collected-at", "2100-01-01"), "--collected-at: 2100-01-01 lies in the future"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(viral_assets: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    said = viral_assets(*arguments)
    assert said.code == 2
    assert told in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VIRAL_ASSETS_RPM", "fast"),
        ("VIRAL_ASSETS_RPM", "0"),
        ("VIRAL_ASSETS_PROVIDER", "somebody-else"),
        ("VIRAL_ASSETS_START", "tomorrow"),
        ("VIRAL_ASSETS_DATABASE_URL", "mysql://root:geheim@db/x"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "key-of-the-house")
    monkeypatch.setenv(name, value)
    said = viral_assets("quota")
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "geheim" not in said.err
    assert "key-of-the-house" not in said.err


def test_a_variable_that_is_set_to_nothing_is_not_set(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("VIRAL_ASSETS_RPM", "VIRAL_ASSETS_PROVIDER", "VIRAL_ASSETS_PROJECTS_DIR", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "")
    assert viral_assets("quota").code == 0
    assert viral_assets("ingest", "missing.json", "--project", "demo").code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_down_is_one_line_without_its_password(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", "postgresql://me:geheim@127.0.0.1:1/tweets")
    tweets = tmp_path / "tweets.json"
    for arguments in (
        ["ingest", tweets],
        ["quota"],
        ["export-comments"],
        ["review", "--no-open"],
        ["generate-comments"],
        ["db", "upgrade"],
    ):
        said = viral_assets(*arguments)
        assert said.code == 1, arguments
        assert said.err.count("\n") == 1
        assert "127.0.0.1:1" in said.err
        assert "geheim" not in said.err


def test_postgresql_without_tables_names_the_command_that_makes_them(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_DATABASE_URL", postgres_url)
    said = viral_assets("export-comments")
    assert said.code == 1
    assert "viral-assets db upgrade" in said.err


def test_a_home_that_cannot_be_written_is_one_line(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VIRAL_ASSETS_HOME", str(tmp_path / "file"))
    for arguments in (["quota"], ["generate-comments"], ["dev"]):
        said = viral_assets(*arguments)
        assert said.code in (1, 2)
        assert len(said.complaints) == 1
        assert str(tmp_path / "file") in said.err


def test_nobody_watches_a_log_that_wants_colours(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    viral_assets("export-comments")
    usual = viral_assets("export-comments")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = viral_assets("export-comments")
    assert (usual.code, usual.err) == (coloured.code, coloured.err) == (0, "")
    assert Text.from_ansi(coloured.out).plain.splitlines() == usual.out.splitlines()


def test_a_dagster_home_that_is_no_folder_is_named(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "relative/folder")
    said = viral_assets("generate-comments")
    assert said.code == 2
    assert "DAGSTER_HOME: relative/folder" in said.err


def test_nothing_a_message_carries_is_obeyed_by_the_terminal(viral_assets: CommandLine) -> None:
    said = viral_assets("ingest", "x.json", "--collected-at", "\x1b]0;owned\x07\u202enoon")
    assert said.code == 2
    assert "\x1b" not in said.err
    assert "\u202e" not in said.err


def test_an_interrupt_ends_with_130_and_one_line(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(quota_command, "print_json", interrupted)
    monkeypatch.setattr(quota_command, "say", lambda *_: interrupted())
    said = viral_assets("quota")
    assert said.code == 130
    assert said.err.count("\n") == 1


def test_a_failed_service_ends_with_1(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise ProviderError("the service did not answer\nat all")

    monkeypatch.setattr(quota_command, "say", failing)
    said = viral_assets("quota")
    assert (said.code, said.err) == (1, "viral-assets: the service did not answer at all\n")


def test_a_reader_that_goes_away_is_no_error_worth_a_traceback() -> None:
    ended = subprocess.run(
        f"{sys.executable} -m viral_assets.cli generate-comments --help | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_ctrl_c_ends_a_waiting_process_with_130(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a service that takes its time."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = (
        "import signal, sys\n"
        "from viral_assets.cli import main, quota\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"quota.say = lambda *_: (print('ready', flush=True), open({str(pipe)!r}).read())\n"
        "sys.argv = ['viral-assets', 'quota']\n"
        "main()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("viral-assets: interrupted")
    assert "Traceback" not in err


def test_of_two_different_keys_the_one_that_is_used_is_said_once_by_name(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIzaSyFirst-0123456789")
    monkeypatch.setenv("GOOGLE_API_KEY", "AQ.Second0123456789abcdef")
    said = viral_assets("quota", "--json")
    assert said.code == 0, said.err
    assert said.complaints == [
        "viral-assets: GEMINI_API_KEY and GOOGLE_API_KEY are set to different keys: GEMINI_API_KEY is used"
    ]
    assert "0123456789" not in said.err + said.out


def test_a_misspelt_limit_is_said_where_it_would_have_counted(
    viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRAL_ASSETS_RPMM", "7")
    said = viral_assets("quota")
    assert said.code == 0, said.err
    assert said.complaints == [
        "viral-assets: VIRAL_ASSETS_RPMM is no setting and changes nothing: is VIRAL_ASSETS_RPM meant?"
    ]


def test_a_secret_in_an_error_is_not_printed(viral_assets: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "open-sesame-and-more")
    said = viral_assets("generate-comments", "--project", "open-sesame-and-more AQ.Second0123456789abcdef")
    assert said.code != 0
    assert "[redacted]" in said.err
    assert not any(secret in said.err for secret in ("open-sesame", "AQ.Second"))


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [0.2, 0.6, 1.5])
def test_a_disk_that_is_full_is_told_in_one_line_whoever_notices(new_home: Path, megabytes: float) -> None:
    """Files that may not grow any more, ours or Dagster's."""
    ended = CommandLine(new_home).on_a_full_disk(int(megabytes * 2**20), "demo")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1].startswith("viral-assets: ")


def test_of_a_word_that_fills_the_screen_its_ends_are_shown(viral_assets: CommandLine) -> None:
    said = viral_assets("export-comments", "--project", "a" + "x" * 10_000 + "z")
    assert said.code == 2
    assert "x…x" in said.err
    assert len(said.err) < 600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
@pytest.mark.parametrize("arguments", [("--help",), ("ingest", "--help"), ("models",)])
def test_a_full_disk_behind_the_output_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "viral_assets.cli", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 1
    assert "free some space on the disk" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="this system has no devices with names")
@pytest.mark.parametrize(
    "arguments", [("import-decisions",), ("rejects", "--fixed"), ("forget", "--file"), ("ingest",), ("outcomes",)]
)
def test_a_device_is_not_read_as_some_never_end(viral_assets: CommandLine, arguments: tuple[str, ...]) -> None:
    said = viral_assets(*arguments, "/dev/null")
    assert said.code in (1, 2)
    assert "/dev/null" in said.err
    assert "it is a device" in said.err or "not a file" in said.err
