"""Answers of a language model as they were stored, whether anybody has parsed them or not."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from viral_assets.store.tables import llm_requests


def answers_of_run(connection: sa.Connection, run_id: str) -> list[tuple[tuple[str, ...], str]]:
    """What each of the run's requests was about, and the raw answer, as long as it is kept; the newest first."""
    asked = llm_requests.c
    query = (
        sa.select(asked.tweet_ids, asked.raw_answer)
        .where(asked.run_id == run_id, asked.status == "answered", asked.raw_answer.is_not(None))
        .order_by(asked.granted_at.desc(), asked.id)
    )
    return [(tuple(ids), raw) for ids, raw in connection.execute(query)]


def mark_run_parsed(connection: sa.Connection, run_id: str, at: datetime) -> None:
    """Nothing of the run's answers is left to be taken in."""
    asked = llm_requests.c
    these = sa.and_(asked.run_id == run_id, asked.status == "answered", asked.parsed_at.is_(None))
    connection.execute(sa.update(llm_requests).where(these).values(parsed_at=at.timestamp()))
