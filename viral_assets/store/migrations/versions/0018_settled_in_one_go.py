"""Answers are settled by one call of PostgreSQL; and what a model takes in one request is remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATE = "quota_state"

# As `quota.settling.settle` does it, for requests that are under way and were granted on a day that is told: their ids
# are returned. Whoever waits for the lock does not wait for the disk: what was settled is visible at once, and the
# caller has its answer when it is on the disk, which it is when a later commit is that waits for it.
SETTLE = """
CREATE PROCEDURE settle_requests(shared jsonb, ended jsonb, INOUT settled text[])
LANGUAGE plpgsql AS $body$
DECLARE
    v_now double precision;
    v_tokens bigint; v_cost double precision; v_spared double precision; v_given_back bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock((shared->>'lock')::bigint);
    v_now := coalesce((shared->>'now')::double precision,
                      extract(epoch FROM clock_timestamp())::double precision);
    WITH changed AS (
        UPDATE llm_requests AS r
        SET status = e.status, finished_at = v_now,
            counted_tokens = coalesce(e.tokens, was.counted_tokens),
            counted_cost_usd = coalesce(e.cost_usd, was.counted_cost_usd),
            input_tokens = e.input_tokens, output_tokens = e.output_tokens, thought_tokens = e.thought_tokens,
            cached_tokens = e.cached_tokens, model_version = e.model_version,
            service_tier = coalesce(e.tier, was.service_tier), spared_usd = e.spared_usd,
            finish_reason = e.finish_reason, http_status = e.http_status, error = e.error, raw_answer = e.raw_answer
        FROM jsonb_to_recordset(ended) AS e(
                id text, status text, tokens integer, cost_usd double precision, input_tokens integer,
                output_tokens integer, thought_tokens integer, cached_tokens integer, tier text,
                spared_usd double precision, model_version text, http_status integer, finish_reason text, error text,
                raw_answer text)
        JOIN llm_requests AS was ON was.id = e.id
        WHERE r.id = e.id AND was.status = 'granted' AND was.quota_key = shared->>'key'
          AND was.granted_at >= (shared->>'day_start')::double precision
          AND was.granted_at < (shared->>'day_end')::double precision
        RETURNING r.id, r.counted_tokens - was.counted_tokens AS tokens,
                  coalesce(r.counted_cost_usd, 0) - coalesce(was.counted_cost_usd, 0) AS cost_usd,
                  coalesce(r.spared_usd, 0) - coalesce(was.spared_usd, 0) AS spared_usd,
                  (r.status = 'unsent')::integer AS given_back
    )
    SELECT coalesce(array_agg(c.id), '{}'), sum(c.tokens), sum(c.cost_usd), sum(c.spared_usd), sum(c.given_back)
    INTO settled, v_tokens, v_cost, v_spared, v_given_back
    FROM changed AS c;
    IF settled <> '{}' THEN
        UPDATE quota_days
        SET requests = requests - v_given_back, tokens = tokens + v_tokens, cost_usd = cost_usd + v_cost,
            spared_usd = spared_usd + v_spared
        WHERE quota_key = shared->>'key' AND day = shared->>'day';
    END IF;
    COMMIT;
    -- Writes what says nothing to anybody, so that its own commit waits for the disk, without the lock.
    PERFORM pg_logical_emit_message(true, 'viral_assets', '');
END
$body$
"""


def upgrade() -> None:
    for column in _columns():
        op.add_column(STATE, column)
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(SETTLE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP PROCEDURE settle_requests(jsonb, jsonb, text[])"))
    for column in reversed(_columns()):
        op.drop_column(STATE, column.name)


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("input_limit", sa.Integer(), nullable=True, comment="tokens that the model takes in one request"),
        sa.Column("input_limit_with_output", sa.Boolean(), nullable=True, comment="whether its answer counts for that"),
        sa.Column("input_limit_until", sa.Double(), nullable=True, comment="then a larger request is tried again"),
    ]
