"""Numbers of hours that are added up once, and triggers that note when an hour has changed since."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NUMBERS, CHANGES = "hour_numbers", "hour_changes"
BY_HOUR = ("tweet_scores", "comment_opportunities", "comment_suggestions")
OF_REQUEST = "status, purpose, provider, project, model_version, counted_cost_usd, tweet_ids, granted_at"

# What was noted before and is committed goes, so that notes do not gather where nobody looks at numbers. A note that
# another transaction is about to take stays: nobody waits for anybody.
NOTE_HOURS = """CREATE FUNCTION note_hours(noted text[], hours timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE mine bigint := (random() * 4e18)::bigint;
BEGIN
    INSERT INTO hour_changes (about, window_start, change)
    SELECT DISTINCT a, h, mine FROM unnest(noted) AS a, unnest(hours) AS h ON CONFLICT DO NOTHING;
    DELETE FROM hour_changes WHERE ctid = ANY (ARRAY(
        SELECT old.ctid FROM hour_changes old
        WHERE old.about = ANY (noted) AND old.window_start = ANY (hours) AND old.change <> mine
        FOR UPDATE SKIP LOCKED));
END $$"""
NOTE_ROWS = """CREATE FUNCTION note_hours_of_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM note_hours(TG_ARGV, ARRAY(SELECT DISTINCT window_start FROM new_rows));
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM note_hours(TG_ARGV, ARRAY(SELECT DISTINCT window_start FROM old_rows));
    END IF;
    RETURN NULL;
END $$"""
NOTE_REQUEST = """CREATE FUNCTION note_hours_of_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM note_hours('{counts,costs}', ARRAY(SELECT DISTINCT tweets.window_start FROM tweets
            JOIN json_array_elements_text(NEW.tweet_ids) AS asked ON tweets.tweet_id = asked.value));
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM note_hours('{counts,costs}', ARRAY(SELECT DISTINCT tweets.window_start FROM tweets
            JOIN json_array_elements_text(OLD.tweet_ids) AS asked ON tweets.tweet_id = asked.value));
    END IF;
    RETURN NULL;
END $$"""


def upgrade() -> None:
    op.create_table(
        NUMBERS,
        sa.Column("about", sa.String(length=8), nullable=False, comment="counts, or costs"),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False, comment="JSON: what is counted, and how many"),
        sa.PrimaryKeyConstraint("about", "window_start", name=op.f("pk_hour_numbers")),
        comment="Numbers of an hour, added up once. They hold where hour_changes has nothing of the hour.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        CHANGES,
        sa.Column("about", sa.String(length=8), nullable=False, comment="which numbers"),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False, comment="on PostgreSQL each has its own; 0 on SQLite"),
        sa.PrimaryKeyConstraint("about", "window_start", "change", name=op.f("pk_hour_changes")),
        comment="Hours that have changed since they were added up.",
        sqlite_with_rowid=False,
    )
    for statement in _made():
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        made = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%INTO hour_changes %'")
        for name in connection.execute(made).scalars().all():
            op.execute(f"DROP TRIGGER {name}")
    else:
        for function in ("note_hours_of_rows()", "note_hours_of_request()", "note_hours(text[], timestamptz[])"):
            op.execute(sa.text(f"DROP FUNCTION {function} CASCADE"))
    op.drop_table(CHANGES)
    op.drop_table(NUMBERS)


def _made() -> Iterator[str]:
    if op.get_bind().dialect.name == "sqlite":
        yield from _on_sqlite()
        return
    yield from (NOTE_HOURS, NOTE_ROWS, NOTE_REQUEST)
    yield from _on_postgresql()


def _on_sqlite() -> Iterator[str]:
    note = (
        "INSERT INTO hour_changes (about, window_start, change) VALUES ('{about}', {row}.window_start, 0)"
        " ON CONFLICT DO NOTHING;"
    )
    note_of_request = (
        "INSERT INTO hour_changes (about, window_start, change) SELECT noted.value, tweets.window_start, 0"
        ' FROM json_each(\'["counts", "costs"]\') AS noted, json_each({row}.tweet_ids) AS asked'
        " JOIN tweets ON tweets.tweet_id = asked.value WHERE true ON CONFLICT DO NOTHING;"
    )
    trigger = "CREATE TRIGGER {0}_hours_{1} AFTER {2} ON {0} {4}BEGIN {3} END"
    for table in BY_HOUR:
        new, old = (note.format(about="counts", row=row) for row in ("NEW", "OLD"))
        yield trigger.format(table, "insert", "INSERT", new, "")
        yield trigger.format(table, "update", "UPDATE", new, "")
        yield trigger.format(table, "move", "UPDATE OF window_start", old, "WHEN NEW.window_start <> OLD.window_start ")
        yield trigger.format(table, "delete", "DELETE", old, "")
    gone = " ".join(note.format(about=about, row="OLD") for about in ("counts", "costs"))
    yield trigger.format("tweets", "delete", "DELETE", gone, "")
    new, old = (note_of_request.format(row=row) for row in ("NEW", "OLD"))
    answered, was = "NEW.status = 'answered'", "OLD.status = 'answered'"
    requests = "llm_requests"
    yield trigger.format(requests, "insert", "INSERT", new, f"WHEN {answered} ")
    yield trigger.format(requests, "update", f"UPDATE OF {OF_REQUEST}", f"{new} {old}", f"WHEN {answered} OR {was} ")
    yield trigger.format(requests, "delete", "DELETE", old, f"WHEN {was} ")


def _on_postgresql() -> Iterator[str]:
    rows = {
        "INSERT": "REFERENCING NEW TABLE AS new_rows",
        "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "DELETE": "REFERENCING OLD TABLE AS old_rows",
    }
    watched = [(table, event, "'counts'") for table in BY_HOUR for event in rows]
    for table, event, about in [*watched, ("tweets", "DELETE", "'counts', 'costs'")]:
        yield (
            f"CREATE TRIGGER {table}_hours_{event.lower()} AFTER {event} ON {table} {rows[event]} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION note_hours_of_rows({about})"
        )
    answered, was = "NEW.status = 'answered'", "OLD.status = 'answered'"
    of_requests = {
        "insert": ("INSERT", answered),
        "update": (f"UPDATE OF {OF_REQUEST}", f"{answered} OR {was}"),
        "delete": ("DELETE", was),
    }
    for name, (event, condition) in of_requests.items():
        yield (
            f"CREATE TRIGGER llm_requests_hours_{name} AFTER {event} ON llm_requests FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION note_hours_of_request()"
        )
