"""The SQL of grants and settlements, one text for both databases. What is decided from it is in ``sql``.

These statements run for every request, most of them while everybody else waits for the lock.
"""

from __future__ import annotations

from typing import NamedTuple

from viral_assets.quota.script import Script

LOCK_KEY = 0x7669_7262
"""Of the PostgreSQL advisory lock under which is granted. One for all quotas: two of them can meet at one tweet."""

LOCK = {"lock": LOCK_KEY}

POSTGRES_CLOCK = Script("SELECT CAST(extract(epoch FROM clock_timestamp()) AS double precision)")

# The select list is evaluated from left to right: the clock is read once the lock is held.
_LOCK_AND_CLOCK = "SELECT pg_advisory_xact_lock(:lock), CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
POSTGRES_LOCK_AND_CLOCK = Script(_LOCK_AND_CLOCK)
POSTGRES_LOCK_AND_CLOCK_FOR_GRANT = Script(
    # Everybody waits for the lock, so a grant does not wait for the disk: should the server's machine fail, the grants
    # of its last half second are forgotten, as they are on SQLite. Answers wait for the disk.
    "SET LOCAL synchronous_commit TO off",
    _LOCK_AND_CLOCK,
)

# Who is in front is what `priority.place_in_queue` says.
_USAGE = """
    SELECT ahead.requests AS ahead_requests, ahead.tokens AS ahead_tokens, ahead.mine AS asked_at,
           s.blocked_until, s.reason, s.learned_requests, s.learned_until,
           d.requests AS day_requests, d.tokens AS day_tokens, d.cost_usd AS day_own_cost_usd,
           {cost} AS day_cost_usd, {taken} AS taken
    FROM (SELECT count(r.runner) AS requests, coalesce(sum(r.asked_tokens), 0) AS tokens, mine.asked_at AS mine
          FROM (SELECT max(asked_at) AS asked_at FROM quota_runners WHERE runner = :runner) AS mine
          LEFT JOIN quota_runners AS r
            ON r.quota_key = :key AND r.runner <> :runner AND r.asked_at IS NOT NULL
               AND r.wake_at > :late AND r.seen_at > :expired
               AND (CASE WHEN r.asked_at <= :aged THEN 0 ELSE r.priority END, r.asked_at)
                 < (CASE WHEN mine.asked_at <= :aged THEN 0 ELSE CAST(:priority AS integer) END,
                    coalesce(mine.asked_at, :now + 1))
          GROUP BY mine.asked_at
         ) AS ahead
    LEFT JOIN quota_state AS s ON s.quota_key = :key
    LEFT JOIN quota_days AS d ON d.quota_key = :key AND d.day = :day
"""
# As `store.standing.Writer` has it: drafts of the offline provider are finished for that provider alone, which
# asks again about nothing that a model wrote, and a forced run does not ask twice about what it has ended itself.
_FINISHED = """
    SELECT o.tweet_id, 1 AS finished FROM generation_outcomes AS o
    WHERE o.project = :project AND o.tweet_id {one_of_tweets} AND o.outcome <> 'deferred'
      AND (o.provider <> 'offline' OR CAST(:provider AS text) = 'offline')
      AND (NOT :again OR (o.provider <> 'offline' AND CAST(:provider AS text) = 'offline')
           OR o.run_id IN (SELECT f.run_id FROM forced_runs AS f JOIN forced_runs AS mine
                           ON mine.forced_by = f.forced_by WHERE mine.run_id = :run_id))
"""
_IN_FLIGHT = """
    SELECT c.tweet_id, 0 AS finished FROM generation_claims AS c JOIN quota_runners AS r ON r.runner = c.runner
    WHERE c.project = :project AND c.tweet_id {one_of_tweets} AND c.runner <> :runner AND r.seen_at > :expired
      AND (NOT :takes_over OR r.priority <= CAST(:priority AS integer)
           OR EXISTS (SELECT 1 FROM llm_requests AS q WHERE q.id = c.request_id AND q.status = 'granted'))
"""
_IN_BATCH = """
    SELECT c.tweet_id, -1 AS finished FROM generation_claims AS c JOIN llm_requests AS q ON q.id = c.request_id
    JOIN generation_batches AS b ON b.id = q.batch_id
    WHERE c.project = :project AND c.tweet_id {one_of_tweets} AND c.runner <> :runner AND NOT :again
      AND q.status = 'granted' AND b.deadline > :overdue
"""

_ACCOUNT_COST = """(
    SELECT sum(cost_usd) FROM quota_days
    WHERE day = :day AND (quota_key = :account OR substr(quota_key, 1, length(:account_prefix)) = :account_prefix)
)"""


class UsageQueries(NamedTuple):
    """What counts besides the window: those in front, blocks, the day."""

    usage: Script
    usage_and_taken: Script
    """And whether some of the tweets are taken."""

    @classmethod
    def with_cost(cls, cost: str) -> UsageQueries:
        """Queries in which the day's cost is this SQL expression."""
        usage = _USAGE.replace("{cost}", cost)
        taken = f"EXISTS ({_FINISHED}) OR EXISTS ({_IN_FLIGHT}) OR EXISTS ({_IN_BATCH})"
        return cls(Script(usage.replace("{taken}", "0")), Script(usage.replace("{taken}", taken)))


OF_THE_QUOTA = UsageQueries.with_cost("d.cost_usd")
"""Where no budget has to hold: everybody waits meanwhile."""

OF_THE_ACCOUNT = UsageQueries.with_cost(_ACCOUNT_COST)
"""With what all quotas that are paid together have cost."""

TAKEN = Script(f"{_FINISHED} UNION ALL {_IN_FLIGHT} UNION ALL {_IN_BATCH}")
"""Those of some tweets that are finished (1), that an active runner has claimed (0), and that are in a batch (-1)."""

_GRANT = (
    """
    INSERT INTO llm_requests (id, quota_key, purpose, project, provider, model, run_id, status, granted_at,
                              counted_tokens, counted_cost_usd, tweet_ids, service_tier, batch_id)
    VALUES (:id, :key, :purpose, :project, :provider, :model, :run_id, 'granted', :now,
            :tokens, :cost_usd, :tweets_json, :tier, :batch_id)
    """,
    """
    INSERT INTO quota_days (quota_key, day, requests, tokens, cost_usd)
    VALUES (:key, :day, :requests, :tokens, :known_cost_usd)
    ON CONFLICT (quota_key, day) DO UPDATE
    SET requests = quota_days.requests + excluded.requests, tokens = quota_days.tokens + excluded.tokens,
        cost_usd = quota_days.cost_usd + excluded.cost_usd
    """,
    """
    INSERT INTO quota_runners (runner, quota_key, host, pid, joined_at, seen_at, tweets, priority, asked_tokens,
                               began_at)
    VALUES (:runner, :key, :host, :pid, :now, :now, :tweets, :priority, 0, :now)
    ON CONFLICT (runner) DO UPDATE
    SET asked_at = NULL, wake_at = NULL, seen_at = excluded.seen_at, tweets = excluded.tweets,
        priority = excluded.priority, began_at = coalesce(quota_runners.began_at, excluded.began_at)
    """,
)
_CLAIM = """
    INSERT INTO generation_claims (project, tweet_id, runner, request_id)
    SELECT :project, tweet_id, :runner, :id FROM {each_tweet} AS asked WHERE true
    ON CONFLICT (project, tweet_id) DO UPDATE SET runner = excluded.runner, request_id = excluded.request_id
"""

GRANT = Script(*_GRANT)
GRANT_LOST = Script(*_GRANT[:2])
"""Of which the answer is there, and the row is not."""

GRANT_ROW, COUNT_GRANTS, GRANTED_TO, CLAIM = (Script(each) for each in (*_GRANT, _CLAIM))
"""The same one by one, where several are granted at once."""

GRANT_AND_CLAIM = Script(*_GRANT, _CLAIM)
"""A claim left by a runner that has expired, or that is taken over, passes to this one."""

# Ledgers that know of it find it among what is new (see `recent`), so it has to be dated now, and under the lock.
REDATE = Script(
    """
    UPDATE llm_requests SET granted_at = :now
    WHERE id = :id AND status = 'granted' AND granted_at > :since AND granted_at >= :day_start AND granted_at <= :now
    """
)

QUEUE = Script(
    """
    INSERT INTO quota_runners (runner, quota_key, host, pid, joined_at, seen_at, tweets, priority,
                               asked_at, asked_tokens, wake_at)
    VALUES (:runner, :key, :host, :pid, :now, :now, :tweets, :priority, :now, :tokens, :wake_at)
    ON CONFLICT (runner) DO UPDATE
    SET asked_at = coalesce(quota_runners.asked_at, excluded.asked_at), asked_tokens = excluded.asked_tokens,
        wake_at = excluded.wake_at, seen_at = excluded.seen_at, priority = excluded.priority
    """
)

WITHDRAW = Script("UPDATE quota_runners SET asked_at = NULL, wake_at = NULL WHERE runner = :runner")

SET_CLOCK_BACK = Script(
    "UPDATE llm_requests SET granted_at = :now WHERE quota_key = :key AND granted_at > :now",
    "UPDATE llm_requests SET finished_at = :now WHERE quota_key = :key AND finished_at > :now",
)

MOVE_REQUESTS_AND_RUNNERS = Script(
    """
    UPDATE llm_requests SET granted_at = granted_at + :seconds, finished_at = finished_at + :seconds
    WHERE granted_at > :since
    """,
    """
    UPDATE quota_runners SET joined_at = joined_at + :seconds, seen_at = seen_at + :seconds,
                             asked_at = asked_at + :seconds, wake_at = wake_at + :seconds,
                             began_at = began_at + :seconds
    """,
    "UPDATE quota_arrivals SET joined_at = joined_at + :seconds, began_at = began_at + :seconds",
)

KNOWN_BOOT = Script("SELECT boot, started_at FROM quota_clock")

GRANTS_SINCE = Script(
    """
    SELECT id, granted_at, counted_tokens, finished_at FROM llm_requests
    WHERE quota_key = :key AND granted_at >= :since AND status <> 'unsent' ORDER BY granted_at
    """
)

GRANTS_AND_ANSWERS_SINCE = Script(
    """
    SELECT id, granted_at, counted_tokens, finished_at FROM llm_requests
    WHERE quota_key = :key AND granted_at >= :since AND status <> 'unsent'
    UNION
    SELECT id, granted_at, counted_tokens, finished_at FROM llm_requests
    WHERE quota_key = :key AND finished_at >= :answered_since AND status <> 'unsent'
    ORDER BY granted_at
    """
)

JOIN = Script(
    """
    INSERT INTO quota_runners (runner, quota_key, host, pid, joined_at, seen_at, tweets, priority, sharing,
                               asked_tokens)
    VALUES (:runner, :key, :host, :pid, :now, :now, :tweets, :priority, :sharing, 0)
    ON CONFLICT (runner) DO UPDATE
    SET quota_key = excluded.quota_key, seen_at = excluded.seen_at, tweets = excluded.tweets,
        priority = excluded.priority, sharing = excluded.sharing
    """
)

RUNNERS = Script("SELECT runner, host, pid, seen_at FROM quota_runners")

# Offers first, as who takes one has it before the runner; then in the order in which a grant writes: so no two can wait
# for each other. What is in a batch stays claimed until the batch is closed, whoever waits for it.
FORGET = Script(
    "DELETE FROM tweet_offers WHERE runner {one_of_runners}",
    "DELETE FROM quota_runners WHERE runner {one_of_runners}",
    """
    DELETE FROM generation_claims WHERE runner {one_of_runners}
      AND NOT EXISTS (SELECT 1 FROM llm_requests AS q WHERE q.id = generation_claims.request_id
                      AND q.batch_id IS NOT NULL AND q.status = 'granted')
    """,
)

# Generators of one process are used one after the other, as a rule: what it has announced itself is no newcomer.
DEMAND = Script(
    """
    SELECT runner, tweets, priority, sharing FROM quota_runners WHERE quota_key = :key AND seen_at > :expired
      AND (tweets > 0 OR tweets = :unknown AND joined_at > :announced AND NOT (host = :host AND pid = :pid))
    ORDER BY joined_at, runner
    """
)

REMEMBER_ARRIVAL = Script(
    """
    INSERT INTO quota_arrivals (runner, quota_key, host, pid, joined_at, began_at)
    SELECT runner, quota_key, host, pid, joined_at, began_at FROM quota_runners
    WHERE runner = :runner AND began_at IS NOT NULL
    ON CONFLICT (runner) DO NOTHING
    """,
    """
    DELETE FROM quota_arrivals
    WHERE quota_key = (SELECT quota_key FROM quota_runners WHERE runner = :runner)
      AND began_at < (SELECT seen_at - :kept_seconds FROM quota_runners WHERE runner = :runner)
    """,
)

# Those of the last three hours at about this time tell what is usual, see `late_starters`. Who came too late for a
# window began in the next one.
ARRIVALS = Script(
    """
    SELECT runner, host, pid, joined_at, began_at FROM quota_runners WHERE quota_key = :key AND seen_at > :expired
    UNION ALL
    SELECT runner, host, pid, joined_at, began_at FROM quota_arrivals
    WHERE quota_key = :key AND began_at > :now - 10800 - :around
      AND (began_at > :now - :around OR began_at BETWEEN :now - 3600 - :around AND :now - 3600 + 2 * :around
           OR began_at BETWEEN :now - 7200 - :around AND :now - 7200 + 2 * :around
           OR began_at < :now - 10800 + 2 * :around)
    ORDER BY joined_at, runner
    """
)

INPUT_LIMIT = Script(
    "SELECT input_limit, input_limit_with_output FROM quota_state WHERE quota_key = :key AND input_limit_until > :now"
)

UNPARSED = Script(
    """
    SELECT id, project, provider, model, CAST(tweet_ids AS text) AS tweet_ids, raw_answer, finish_reason, run_id
    FROM llm_requests
    WHERE project = :project AND status = 'answered' AND parsed_at IS NULL AND purpose = :purpose
      AND raw_answer IS NOT NULL
    ORDER BY granted_at
    """
)

# Those of the purposes whose requests take about as long as the next draft will.
LATENCIES = Script(
    """
    SELECT CAST(tweet_ids AS text) AS tweet_ids, finished_at - granted_at AS seconds FROM llm_requests
    WHERE quota_key = :key AND status = 'answered' AND purpose IN ('generate', 'revise') AND service_tier = :tier
    ORDER BY granted_at DESC LIMIT :count
    """
)

ENDED = Script(
    """
    SELECT status = 'failed' OR left_work AS left_work FROM llm_requests
    WHERE quota_key = :key AND purpose IN ('generate', 'revise') AND batch_id IS NULL
      AND status IN ('answered', 'failed')
    ORDER BY granted_at DESC LIMIT :count
    """
)

WAITING = Script(
    """
    SELECT priority, count(*) AS runners FROM quota_runners
    WHERE quota_key = :key AND asked_at IS NOT NULL AND wake_at > :late AND seen_at > :expired
    GROUP BY priority ORDER BY priority
    """
)

GRANTED = Script(
    """
    SELECT id, status, granted_at, counted_tokens, counted_cost_usd, spared_usd FROM llm_requests
    WHERE id {one_of_requests}
    """
)

SETTLE = Script(
    """
    UPDATE llm_requests
    SET status = :status, finished_at = :now, counted_tokens = :tokens, counted_cost_usd = :cost_usd,
        input_tokens = :input_tokens, output_tokens = :output_tokens, thought_tokens = :thought_tokens,
        cached_tokens = :cached_tokens, model_version = :model_version,
        service_tier = coalesce(:tier, service_tier), spared_usd = :spared_usd,
        finish_reason = :finish_reason, http_status = :http_status, error = :error, raw_answer = :raw_answer
    WHERE id = :id
    """
)

LEFT_WORK = Script("UPDATE llm_requests SET left_work = true WHERE id {one_of_requests}")

COUNT_SETTLED = Script(
    """
    UPDATE quota_days SET requests = requests - :given_back, tokens = tokens + :more_tokens,
                          cost_usd = cost_usd + :more_cost_usd, spared_usd = spared_usd + :more_spared_usd
    WHERE quota_key = :key AND day = :day
    """
)
