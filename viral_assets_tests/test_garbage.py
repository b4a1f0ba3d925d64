"""When Python looks for garbage: counted, in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest

_WATCHED = """
import atexit, gc, json, sys
searches = []
# Python 3.12 begins with some hundred that are kept.
kept_before = gc.get_freeze_count()

def tell():
    looked_through = sum(map(len, map(gc.get_objects, range(3))))
    kept = gc.get_freeze_count() - kept_before
    print(json.dumps({"searches": len(searches), "looked_through": looked_through, "kept": kept}))

atexit.register(tell)
"""
# Who registers first is called last: after whatever the command leaves for the end.


@dataclass(frozen=True)
class Ended:
    """How often a process looked for garbage, of how many objects it does at its end, and how many more it keeps than
    at its beginning."""

    searches: int
    looked_through: int
    kept: int


def ended(code: str, *arguments: str) -> Ended:
    """A process with this code, in which ``searches`` may be added to."""
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED + code, *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(**json.loads(done.stdout.splitlines()[-1]))


_COMMAND = """
from viral_assets.cli import main
gc.set_threshold(700, 10, 10)
gc.collect()
gc.callbacks.append(lambda phase, _: phase == "start" and searches.append(phase))
main()
"""


@pytest.mark.parametrize("arguments", [["--help"], ["models"], ["generate-comments", "--from", "2999-01-01T00:00"]])
def test_a_command_looks_for_no_garbage_as_it_begins_nor_as_it_ends(arguments: list[str]) -> None:
    of_command = ended(_COMMAND, *arguments)
    assert of_command.searches == 0
    assert 0 <= 100 * of_command.looked_through < of_command.kept


_LOADING = """
from viral_assets.garbage import loading
with loading():
    assert not gc.isenabled()
    {}
assert gc.isenabled()
"""


def test_what_is_loaded_is_kept_out_of_the_search() -> None:
    loaded = ended(_LOADING.format("import decimal, email.message"))
    assert loaded.kept > 1000


def test_where_nothing_is_loaded_nothing_is_kept() -> None:
    assert ended(_LOADING.format("import sys")).kept == 0


def test_python_looks_again_after_what_could_not_be_loaded() -> None:
    code = (
        "try:\n    with loading(): import viral_assets.no_such_module\nexcept ImportError: pass\nassert gc.isenabled()"
    )
    assert ended(f"from viral_assets.garbage import loading\n{code}").kept == 0
