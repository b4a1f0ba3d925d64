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
    v_each record;
    v_was record;
    v_tokens bigint := 0; v_cost double precision := 0; v_spared double precision := 0; v_given_back integer := 0;
BEGIN
    settled := '{}';
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock((shared->>'lock')::bigint);
    v_now := coalesce((shared->>'now')::double precision,
                      extract(epoch FROM clock_timestamp())::double precision);
    FOR v_each IN
        SELECT * FROM jsonb_to_recordset(ended) AS e(
            id text, status text, tokens integer, cost_usd double precision, input_tokens integer,
            output_tokens integer, thought_tokens integer, cached_tokens integer, tier text,
            spared_usd double precision, model_version text, http_status integer, finish_reason text, error text,
            raw_answer text)
    LOOP
        SELECT status, quota_key, granted_at, counted_tokens, counted_cost_usd, spared_usd INTO v_was
        FROM llm_requests WHERE id = v_each.id;
        CONTINUE WHEN v_was.status IS DISTINCT FROM 'granted' OR v_was.quota_key <> shared->>'key'
                      OR v_was.granted_at < (shared->>'day_start')::double precision
                      OR v_was.granted_at >= (shared->>'day_end')::double precision;
        UPDATE llm_requests
        SET status = v_each.status, finished_at = v_now,
            counted_tokens = coalesce(v_each.tokens, v_was.counted_tokens),
            counted_cost_usd = coalesce(v_each.cost_usd, v_was.counted_cost_usd),
            input_tokens = v_each.input_tokens, output_tokens = v_each.output_tokens,
            thought_tokens = v_each.thought_tokens, cached_tokens = v_each.cached_tokens,
            model_version = v_each.model_version, service_tier = coalesce(v_each.tier, service_tier),
            spared_usd = v_each.spared_usd, finish_reason = v_each.finish_reason, http_status = v_each.http_status,
            error = v_each.error, raw_answer = v_each.raw_answer
        WHERE id = v_each.id;
        settled := settled || v_each.id;
        v_tokens := v_tokens + coalesce(v_each.tokens, v_was.counted_tokens) - v_was.counted_tokens;
        v_cost := v_cost + coalesce(v_each.cost_usd, v_was.counted_cost_usd, 0) - coalesce(v_was.counted_cost_usd, 0);
        v_spared := v_spared + coalesce(v_each.spared_usd, 0) - coalesce(v_was.spared_usd, 0);
        v_given_back := v_given_back + (v_each.status = 'unsent')::integer;
    END LOOP;
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
