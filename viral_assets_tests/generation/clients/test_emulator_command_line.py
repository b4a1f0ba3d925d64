"""The emulator's command line: what Python can set, it can."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import fields
from urllib.parse import urlsplit

import pytest
import requests

from viral_assets_tests.gemini_emulator import BatchConfig, EmulatorConfig, FlexConfig
from viral_assets_tests.gemini_emulator.command_line import EXAMPLES, PROGRAM, parse
from viral_assets_tests.waiting import PATIENCE

EVERYTHING = (
    "--rpm 15 --tpm 250000 --rpd 200 --model-days gemini-3.6-flash=0,gemini-2.5-flash-lite=20 --window-seconds 2 "
    "--latency 0.5,0.1 --faults 503=0.1,finish_SPII=0.2 --model-faults gemini-4-argon=404 --tweet-faults 17=500 "
    "--latency-spread 0.5 --at-once 8 --input-limit 900 --seed 3 --thought-tokens 7 --thinking MEDIUM=1000,LOW=10 "
    "--least-level LOW --cached-tokens 5 --answered-by gemini-3.7-flash=gemini-3.8-flash --refusal 429_no_delay "
    "--models gemini-.* --slow-seconds 9 --dimensions 64 --flex-latency 60 --flex-shed 0.3 --flex-refusal 429 "
    "--batch-queued-seconds 1 --batch-seconds 2 --batch-ends EXPIRED --batch-kept 0.5 "
    "--batch-faults missing=0.1 --batch-most 7"
)


def test_without_arguments_it_is_the_service_that_python_has_by_default() -> None:
    assert parse([]) == EmulatorConfig()


def test_everything_can_be_set() -> None:
    config = parse(EVERYTHING.split())
    for given in (config, config.flex, config.batches):
        default = type(given)()
        same = [each.name for each in fields(given) if getattr(given, each.name) == getattr(default, each.name)]
        assert same == [], "each is set to something else"
    assert config.model_days == {"gemini-3.6-flash": 0, "gemini-2.5-flash-lite": 20}
    assert config.flex == FlexConfig((60.0, 0.0), 0.3, "429")
    assert config.batches == BatchConfig(1.0, 2.0, "EXPIRED", 0.5, {"missing": 0.1}, 7)
    assert parse(["--batch-never"]).batches.seconds is None


@pytest.mark.parametrize("line", re.findall(rf"^  {re.escape(PROGRAM)} (.*)$", EXAMPLES, re.MULTILINE))
def test_the_examples_of_its_help_can_be_given(line: str) -> None:
    assert parse(shlex.split(line)) != EmulatorConfig()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--faults 404040=1", "no such name: 404040"),
        ("--faults 503", "503: a name and a value are needed"),
        ("--faults 503=often", "could not convert"),
        ("--model-faults gemini-flash=nothing", "no such name: nothing"),
        ("--thinking A-LOT=3", "no such name: A-LOT"),
        ("--least-level NONE", "invalid choice"),
        ("--refusal 200", "invalid choice"),
        ("--batch-ends NEVER", "invalid choice"),
    ],
)
def test_what_cannot_be_is_refused(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(line.split())
    assert message in capsys.readouterr().err


def test_the_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    told = capsys.readouterr().out
    assert all(f"{name} " in told for name in EVERYTHING.split() if name.startswith("--"))


@pytest.mark.slow
def test_it_ends_when_it_is_told_to_although_a_request_hangs() -> None:
    command = [sys.executable, "-m", "viral_assets_tests.gemini_emulator", "--port", "0", "--script", "hang"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        address = urlsplit(emulator.stdout.readline().strip())
        assert address.hostname is not None
        with socket.create_connection((address.hostname, address.port or 0)) as connection:
            body = b'{"contents": [{"parts": [{"text": "-"}]}]}'
            connection.sendall(
                b"POST /v1beta/models/gemini-2.5-flash:generateContent HTTP/1.1\r\nHost: x\r\nx-goog-api-key: key\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            while requests.get(f"{address.geturl()}/_log", timeout=PATIENCE).json()["arrivals"] == []:
                pass
        emulator.terminate()
        assert emulator.wait(PATIENCE) in {0, -signal.SIGTERM}
