"""A grant is one call of PostgreSQL; SQLite's ledger notices a clock that was set; and who came late is remembered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RUNNERS = "quota_runners"
ARRIVALS = "quota_arrivals"
CLOCK = "quota_clock"

# Grants as long as `quota.decision.decide` would, and never where it would not. What that says of anything else is
# asked there: this returns how many were granted, and what has changed since the caller looked. What the caller knows
# of the window may have left it and counts all the same, which is the safe side.
GRANT = """
CREATE FUNCTION grant_requests(shared jsonb, asks jsonb)
RETURNS TABLE (now double precision, granted integer, ids text[], moments double precision[], tokens integer[],
               answered double precision[])
LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
    v_key text := shared->>'key';
    v_runner text := shared->>'runner';
    v_last double precision := (shared->>'last_at')::double precision;
    v_requests bigint := (shared->>'window_requests')::bigint;
    v_tokens bigint := (shared->>'window_tokens')::bigint;
    v_max_tokens bigint := (shared->>'max_tokens')::bigint;
    v_now double precision;
    v_granted integer := 0;
    v_ids text[]; v_moments double precision[]; v_counted integer[]; v_answered double precision[];
    v_fresh bigint; v_fresh_tokens bigint; v_newest double precision; v_found boolean;
    v_allowed bigint;
    v_usage record;
    v_ask record;
    v_ahead record;
BEGIN
    -- Everybody waits for the lock, so a grant does not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock((shared->>'lock')::bigint);
    v_now := coalesce((shared->>'now')::double precision,
                      extract(epoch FROM clock_timestamp())::double precision);

    SELECT array_agg(f.id), array_agg(f.granted_at), array_agg(f.counted_tokens), array_agg(f.finished_at),
           count(*) FILTER (WHERE f.granted_at >= v_last), coalesce(sum(f.counted_tokens), 0),
           max(greatest(f.granted_at, coalesce(f.finished_at, 0))),
           coalesce(bool_or(f.id = shared->>'last_id' AND f.granted_at = v_last), false)
    INTO v_ids, v_moments, v_counted, v_answered, v_fresh, v_fresh_tokens, v_newest, v_found
    FROM (SELECT id, granted_at, counted_tokens, finished_at FROM llm_requests
          WHERE quota_key = v_key AND granted_at >= v_last AND status <> 'unsent'
          UNION
          SELECT id, granted_at, counted_tokens, finished_at FROM llm_requests
          WHERE v_max_tokens IS NOT NULL AND quota_key = v_key AND status <> 'unsent'
            AND finished_at >= (shared->>'last_answer')::double precision
          ORDER BY granted_at) AS f;

    IF v_found AND v_newest <= v_now AND v_now >= (shared->>'day_start')::double precision
       AND v_now < (shared->>'day_end')::double precision THEN
        v_requests := v_requests + v_fresh - 1;
        v_tokens := v_tokens + v_fresh_tokens - (shared->>'last_tokens')::bigint;
        SELECT s.blocked_until, s.learned_requests, s.learned_until, d.requests, d.cost_usd INTO v_usage
        FROM (SELECT 1) AS one LEFT JOIN quota_state AS s ON s.quota_key = v_key
        LEFT JOIN quota_days AS d ON d.quota_key = v_key AND d.day = shared->>'day';
        v_usage.requests := coalesce(v_usage.requests, 0);
        v_usage.cost_usd := coalesce(v_usage.cost_usd, 0);
        IF shared->>'daily_budget_usd' IS NOT NULL THEN
            v_usage.cost_usd := (
                SELECT coalesce(sum(cost_usd), 0) FROM quota_days
                WHERE day = shared->>'day' AND (quota_key = shared->>'account'
                  OR substr(quota_key, 1, length(shared->>'account_prefix')) = shared->>'account_prefix'));
        END IF;
        v_allowed := (shared->>'max_requests')::bigint;
        IF v_usage.learned_requests IS NOT NULL AND v_usage.learned_until > v_now THEN
            v_allowed := least(v_allowed, v_usage.learned_requests);
        END IF;

        FOR v_ask IN
            SELECT * FROM jsonb_to_recordset(asks) AS a(
                id text, purpose text, project text, provider text, model text, run_id text, tier text, batch_id text,
                tokens integer, cost_usd double precision, tweet_ids jsonb, claim boolean, again boolean,
                takes_over boolean, priority integer, tweets integer)
        LOOP
            EXIT WHEN v_usage.blocked_until > v_now;
            EXIT WHEN v_usage.requests + 1 > (shared->>'requests_per_day')::bigint;
            EXIT WHEN v_usage.cost_usd + coalesce(v_ask.cost_usd, 0) > (shared->>'daily_budget_usd')::double precision;
            -- Who is in front is what `quota.priority.place_in_queue` says.
            SELECT count(r.runner) AS requests, coalesce(sum(r.asked_tokens), 0) AS tokens INTO v_ahead
            FROM (SELECT max(asked_at) AS asked_at FROM quota_runners WHERE runner = v_runner) AS mine
            JOIN quota_runners AS r
              ON r.quota_key = v_key AND r.runner <> v_runner AND r.asked_at IS NOT NULL
                 AND r.wake_at > v_now - (shared->>'late')::double precision
                 AND r.seen_at > v_now - (shared->>'expired')::double precision
                 AND (CASE WHEN r.asked_at <= v_now - (shared->>'aged')::double precision THEN 0
                      ELSE r.priority END, r.asked_at)
                   < (CASE WHEN mine.asked_at <= v_now - (shared->>'aged')::double precision THEN 0
                      ELSE v_ask.priority END, coalesce(mine.asked_at, v_now + 1));
            EXIT WHEN v_requests + v_ahead.requests + 1 > v_allowed;
            EXIT WHEN v_tokens + v_ahead.tokens + v_ask.tokens > v_max_tokens;
            EXIT WHEN v_ask.claim AND (
                EXISTS (SELECT 1 FROM generation_outcomes AS o
                        WHERE o.project = v_ask.project AND o.outcome <> 'deferred'
                          AND o.tweet_id = ANY (ARRAY(SELECT jsonb_array_elements_text(v_ask.tweet_ids)))
                          AND (o.provider <> 'offline' OR v_ask.provider = 'offline')
                          AND (NOT v_ask.again OR (o.provider <> 'offline' AND v_ask.provider = 'offline')
                               OR o.run_id IN (SELECT f.run_id FROM forced_runs AS f JOIN forced_runs AS mine
                                               ON mine.forced_by = f.forced_by WHERE mine.run_id = v_ask.run_id)))
                OR EXISTS (SELECT 1 FROM generation_claims AS c JOIN quota_runners AS r ON r.runner = c.runner
                           WHERE c.project = v_ask.project AND c.runner <> v_runner
                             AND c.tweet_id = ANY (ARRAY(SELECT jsonb_array_elements_text(v_ask.tweet_ids)))
                             AND r.seen_at > v_now - (shared->>'expired')::double precision
                             AND (NOT v_ask.takes_over OR r.priority <= v_ask.priority
                                  OR EXISTS (SELECT 1 FROM llm_requests AS q
                                             WHERE q.id = c.request_id AND q.status = 'granted')))
                OR EXISTS (SELECT 1 FROM generation_claims AS c JOIN llm_requests AS q ON q.id = c.request_id
                           JOIN generation_batches AS b ON b.id = q.batch_id
                           WHERE c.project = v_ask.project AND c.runner <> v_runner AND NOT v_ask.again
                             AND c.tweet_id = ANY (ARRAY(SELECT jsonb_array_elements_text(v_ask.tweet_ids)))
                             AND q.status = 'granted'
                             AND b.deadline > v_now - (shared->>'overdue')::double precision));

            INSERT INTO llm_requests (id, quota_key, purpose, project, provider, model, run_id, status, granted_at,
                                      counted_tokens, counted_cost_usd, tweet_ids, service_tier, batch_id)
            VALUES (v_ask.id, v_key, v_ask.purpose, v_ask.project, v_ask.provider, v_ask.model, v_ask.run_id,
                    'granted', v_now, v_ask.tokens, v_ask.cost_usd, v_ask.tweet_ids::json, v_ask.tier,
                    v_ask.batch_id);
            INSERT INTO quota_days (quota_key, day, requests, tokens, cost_usd)
            VALUES (v_key, shared->>'day', 1, v_ask.tokens, coalesce(v_ask.cost_usd, 0))
            ON CONFLICT (quota_key, day) DO UPDATE
            SET requests = quota_days.requests + 1, tokens = quota_days.tokens + excluded.tokens,
                cost_usd = quota_days.cost_usd + excluded.cost_usd;
            INSERT INTO quota_runners (runner, quota_key, host, pid, joined_at, seen_at, tweets, priority,
                                       asked_tokens, began_at)
            VALUES (v_runner, v_key, shared->>'host', (shared->>'pid')::integer, v_now, v_now, v_ask.tweets,
                    v_ask.priority, 0, v_now)
            ON CONFLICT (runner) DO UPDATE
            SET asked_at = NULL, wake_at = NULL, seen_at = excluded.seen_at, tweets = excluded.tweets,
                priority = excluded.priority, began_at = coalesce(quota_runners.began_at, excluded.began_at);
            IF v_ask.claim THEN
                INSERT INTO generation_claims (project, tweet_id, runner, request_id)
                SELECT DISTINCT v_ask.project, tweet_id, v_runner, v_ask.id
                FROM jsonb_array_elements_text(v_ask.tweet_ids) AS asked(tweet_id)
                ON CONFLICT (project, tweet_id) DO UPDATE
                SET runner = excluded.runner, request_id = excluded.request_id;
            END IF;
            v_granted := v_granted + 1;
            v_requests := v_requests + 1;
            v_tokens := v_tokens + v_ask.tokens;
            v_usage.requests := v_usage.requests + 1;
            v_usage.cost_usd := v_usage.cost_usd + coalesce(v_ask.cost_usd, 0);
        END LOOP;
    END IF;
    RETURN QUERY SELECT v_now, v_granted, v_ids, v_moments, v_counted, v_answered;
END
$body$
"""


def upgrade() -> None:
    op.add_column(RUNNERS, sa.Column("began_at", sa.Double(), nullable=True, comment="its first grant"))
    op.create_table(
        ARRIVALS,
        sa.Column("runner", sa.String(length=32), nullable=False),
        sa.Column("quota_key", sa.String(length=128), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.Double(), nullable=False),
        sa.Column("began_at", sa.Double(), nullable=False, comment="its first grant"),
        sa.PrimaryKeyConstraint("runner", name=op.f("pk_quota_arrivals")),
        comment="Who has shared a quota in the last hours: who came late lets others expect who comes late.",
    )
    op.create_index(op.f("ix_quota_arrivals_quota_key_began_at"), ARRIVALS, ["quota_key", "began_at"], unique=False)
    op.create_table(
        CLOCK,
        sa.Column("boot", sa.String(length=128), nullable=False, comment="the machine's last start; SQLite only"),
        sa.Column("started_at", sa.Double(), nullable=False, comment="when that was, by the clock as it was last seen"),
        sa.PrimaryKeyConstraint("boot", name=op.f("pk_quota_clock")),
        comment="One row: tells whether somebody has set the clock by which quotas are measured.",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql(GRANT)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("DROP FUNCTION grant_requests(jsonb, jsonb)"))
    op.drop_table(CLOCK)
    op.drop_index(op.f("ix_quota_arrivals_quota_key_began_at"), table_name=ARRIVALS)
    op.drop_table(ARRIVALS)
    op.drop_column(RUNNERS, "began_at")
