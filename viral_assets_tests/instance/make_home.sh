#!/bin/sh
# Makes home_of_1.tar.xz beside this script: a database and a DAGSTER_HOME as version 1 left them, before the package was
# laid out anew (commit f03fe25). Three hours of the bundled sample in two runs, with their checks, suggestions, ledger,
# and a person's decisions. Nothing in it names the machine or the person who made it.
#
#     viral_assets_tests/instance/make_home.sh [PYTHON]
set -eu
python=$(command -v "${1:-.venv/bin/python}")
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/code" "$work/home"
git -C "$here/../.." archive f03fe25 viral_assets dagster.yaml | tar -x -C "$work/code"
cd "$work/home"

# Links to digests are written instead of paths, and files are named from here.
env -i PATH="$PATH" HOME="$work" PYTHONPATH="$work/code" \
    VIRAL_ASSETS_HOME=. VIRAL_ASSETS_DATABASE_URL="sqlite:///viral_assets.db" \
    VIRAL_ASSETS_PROJECTS_DIR="$work/code/viral_assets/starter/projects" VIRAL_ASSETS_PROVIDER=offline \
    VIRAL_ASSETS_START=2026-03-02-06:00 VIRAL_ASSETS_DIGEST_URL=https://digests.example.com \
    "$python" -W ignore - "$work/code/dagster.yaml" <<'PYTHON'
import shutil
import socket
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path

socket.gethostname = lambda: "machine-of-1"

import sqlalchemy as sa

from viral_assets.automation.launch import materialize_windows, open_instance
from viral_assets.demo.sample import write_sample
from viral_assets.hours import HOUR, HourRange
from viral_assets.resources.run_options import RunOptions
from viral_assets.sources.ingest import ingest_file
from viral_assets.store import decisions
from viral_assets.store.engine import Database
from viral_assets.store.tables import comment_suggestions

FIRST = datetime(2026, 3, 2, 6, tzinfo=UTC)
hours = HourRange(FIRST, FIRST + 3 * HOUR)
now = hours.end

sample = Path("sample.jsonl")
write_sample(sample, hours.end)
database = Database("sqlite:///viral_assets.db")
ingest_file(database, sample, project="demo", now=now, window=hours)
Path("dagster").mkdir()
shutil.copy(sys.argv[1], "dagster")
with open_instance(Path("dagster").resolve()) as instance:
    for window in (HourRange(FIRST, FIRST + HOUR), HourRange(FIRST + HOUR, hours.end)):
        materialize_windows(instance, window, options=RunOptions(projects=["demo"]))

with database.begin() as connection:
    rows = connection.execute(sa.select(comment_suggestions).order_by("window_start", "tweet_id", "position")).all()
    first = rows[0].tweet_id
    mine = [row for row in rows if row.tweet_id == first]
    keys = [decisions.SuggestionKey(row.project, row.tweet_id, row.suggestion_type) for row in mine]
    decisions.decide(connection, keys[0], "approve", who="mara", at=now, version=mine[0].version)
    decisions.decide(connection, keys[1], "edit", who="mara", at=now, version=mine[1].version, text="Said in her own words.")
    decisions.decide(connection, keys[2], "reject", who="tom", at=now, version=mine[2].version, reason="too generic")
database.dispose()

sample.unlink()
shutil.rmtree("digests", ignore_errors=True)
(Path("dagster") / "first_start.lock").unlink()
for file in Path.cwd().rglob("*.db"):
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("VACUUM")
    connection.close()
PYTHON

find . -type f | sort
tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=ustar . | xz --extreme -9 > "$here/home_of_1.tar.xz"
wc -c "$here/home_of_1.tar.xz"
