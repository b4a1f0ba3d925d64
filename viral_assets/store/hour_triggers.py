"""What notes the hours that change, in SQLite's words; PostgreSQL has the same from migration 0032. Statements only."""

from __future__ import annotations

from collections.abc import Iterator

BY_HOUR = ("tweet_scores", "comment_opportunities", "comment_suggestions")
"""Tables whose rows belong to an hour and are counted."""

_NOTE = (
    "INSERT INTO hour_changes (about, window_start, change) VALUES ('{about}', {row}.window_start, 0)"
    " ON CONFLICT DO NOTHING;"
)
_NOTE_OF_REQUEST = (
    "INSERT INTO hour_changes (about, window_start, change) SELECT noted.value, tweets.window_start, 0"
    ' FROM json_each(\'["counts", "costs"]\') AS noted, json_each({row}.tweet_ids) AS asked'
    " JOIN tweets ON tweets.tweet_id = asked.value WHERE true ON CONFLICT DO NOTHING;"
)
_OF_REQUEST = "status, purpose, provider, project, model_version, counted_cost_usd, tweet_ids, granted_at"


def sqlite_triggers() -> Iterator[str]:
    """The statements that make them."""
    for table in BY_HOUR:
        yield _trigger(table, "insert", "INSERT", _NOTE.format(about="counts", row="NEW"))
        yield _trigger(table, "update", "UPDATE", _NOTE.format(about="counts", row="NEW"))
        # Upserts name the hour too, and leave it as it is.
        moved = _NOTE.format(about="counts", row="OLD")
        yield _trigger(table, "move", "UPDATE OF window_start", moved, "NEW.window_start <> OLD.window_start")
        yield _trigger(table, "delete", "DELETE", _NOTE.format(about="counts", row="OLD"))
    gone = " ".join(_NOTE.format(about=about, row="OLD") for about in ("counts", "costs"))
    yield _trigger("tweets", "delete", "DELETE", gone)
    new, old = (_NOTE_OF_REQUEST.format(row=row) for row in ("NEW", "OLD"))
    answered = "NEW.status = 'answered'"
    yield _trigger("llm_requests", "insert", "INSERT", new, answered)
    yield _trigger(
        "llm_requests", "update", f"UPDATE OF {_OF_REQUEST}", f"{new} {old}", f"{answered} OR OLD.status = 'answered'"
    )
    yield _trigger("llm_requests", "delete", "DELETE", old, "OLD.status = 'answered'")


def _trigger(table: str, name: str, event: str, notes: str, when: str = "") -> str:
    condition = f"WHEN {when} " if when else ""
    return f"CREATE TRIGGER {table}_hours_{name} AFTER {event} ON {table} {condition}BEGIN {notes} END"
