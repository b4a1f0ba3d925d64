"""The goals of a run, measured: where things go wrong, where the quota is generous, and where nothing limits it.

Every run is a process of its own and speaks HTTP to an emulator in another one. With --against another commit is
measured too, in a tree of its own and in turns with this one, so that a busy machine is busy for both. Run from a
clone with the development dependencies:

    python benchmarks/goals.py
    python benchmarks/goals.py --only one-429 at-once
    python benchmarks/goals.py --only cpu --against HEAD~1
    python benchmarks/goals.py --only 15 --scale 1
"""

from __future__ import annotations

import argparse
import sys
import time

from _builds import builds, conclude
from _goal_bench import Bench, Line
from _goal_rows import ROWS


def table(lines: list[Line]) -> str:
    shown = [
        "| situation | build | measured | bound | ratio | goal | | |",
        "| :--- | :--- | ---: | ---: | ---: | :--- | :--- | :--- |",
    ]
    shown += [
        f"| {line.situation} | {line.build} | {line.value:.2f} {line.unit} | {line.bound:.2f} {line.unit} "
        f"| {line.ratio:.2f} | {line.goal} | {'met' if line.met else 'MISSED'} | {line.remark} |"
        for line in lines
    ]
    return "\n".join(shown)


def main() -> None:
    described = "\n".join(f"  {name:9} {(row.__doc__ or '').strip()}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        description=f"{__doc__}\nrows:\n{described}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW", help="these rows")
    parser.add_argument("--against", nargs="+", default=[], metavar="COMMIT", help="measure other builds as well")
    parser.add_argument("--scale", type=float, default=0.25, help="how much of a minute a window lasts (default: 0.25)")
    given = parser.parse_args()
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {words}", file=sys.stderr, flush=True)

    lines: list[Line] = []
    with builds(given.against) as found:
        bench = Bench(found, given.scale, say)
        for name in given.only:
            say(f"{name}: {ROWS[name].__doc__}")
            lines += ROWS[name](bench)
    print(f"A window is {60 * given.scale:g} s unless a row says otherwise; Python {sys.version.split()[0]}\n")
    print(table(lines))
    conclude(lines)


if __name__ == "__main__":
    main()
