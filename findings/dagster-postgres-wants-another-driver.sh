#!/usr/bin/env bash
# dagster-postgres 0.29.27 with SQLAlchemy 2.1.9: its own configuration by parts asks for a driver it does not bring.
#
# The package requires psycopg2-binary and accepts SQLAlchemy 2.1, so pip installs both. From host, user and name
# (postgres_db in dagster.yaml) it builds postgresql://..., which SQLAlchemy 2.1 takes for psycopg 3. The storage fails
# before any connection, with a module's name that stands in no requirement. A whole URL postgresql+psycopg2:// works.
#
# Seen: built postgresql://...; storage: ModuleNotFoundError No module named 'psycopg'; named driver: psycopg2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q dagster==1.13.27 dagster-postgres==0.29.27 sqlalchemy==2.1.9
"$work/venv/bin/pip" check
cat >"$work/open.py" <<'PY'
import sys

import sqlalchemy
from dagster_postgres import PostgresRunStorage
from dagster_postgres.utils import pg_url_from_config

parts = {"postgres_db": {"username": "me", "password": "secret", "hostname": "127.0.0.1", "db_name": "dagster"}}
url = pg_url_from_config(parts)
print("built:", url)
raised = ""
try:
    PostgresRunStorage(url, should_autocreate_tables=False)
except ModuleNotFoundError as error:
    raised = error.name
print("storage needs the missing module:", raised)
named = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg2://")).driver
print("with the driver named:", named)
sys.exit(0 if (url.split(":")[0], raised, named) == ("postgresql", "psycopg", "psycopg2") else "changed")
PY
DAGSTER_DISABLE_TELEMETRY=1 "$work/venv/bin/python" -W ignore "$work/open.py"
