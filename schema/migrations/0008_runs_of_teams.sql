-- A run is all spans of one trace of one team (docs/adr/0017-a-run-is-of-one-team.md), so `runs` is sorted by both.
-- Whoever is killed half-way begins again: what is copied is `runs`, whichever of the two it is by then.
DROP TABLE IF EXISTS runs_next;
CREATE TABLE IF NOT EXISTS runs_next
(
    trace_id            String CODEC(ZSTD(1)),
    team                LowCardinality(String),
    workflow            LowCardinality(String),
    workflow_version    LowCardinality(String),
    session_id          String CODEC(ZSTD(1)),
    user_id             String CODEC(ZSTD(1)),
    environment         LowCardinality(String),
    service_name        LowCardinality(String),
    root_name           String CODEC(ZSTD(1)),
    start_time          DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns         UInt64 CODEC(ZSTD(1)),
    outcome             LowCardinality(String),
    error               Bool,
    model_calls         UInt32,
    model_errors        UInt32,
    tool_calls          UInt32,
    tool_errors         UInt32,
    input_tokens        Nullable(UInt64),
    output_tokens       Nullable(UInt64),
    cached_input_tokens Nullable(UInt64),
    cost_usd            Nullable(Decimal(38, 9)),
    unpriced_calls      UInt32,
    call_span_ids       Array(String) CODEC(ZSTD(1)),  -- the model calls that count, failed ones included
    models              Array(LowCardinality(String)),
    tools               Array(LowCardinality(String)),
    span_count          UInt32,
    linked_traces       Array(String) CODEC(ZSTD(1)),
    first_trace_id      String CODEC(ZSTD(1)),  -- the same for all runs of a session (schema/sessions.py)
    complete            Bool,
    closed              Bool,
    input_preview       String CODEC(ZSTD(1)),
    output_preview      String CODEC(ZSTD(1)),
    findings            Map(LowCardinality(String), UInt64),
    retain_until        Date,
    updated_at          DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    is_deleted          UInt8 DEFAULT 0,  -- 1: its spans are of other teams now; FINAL leaves it out
    INDEX by_session_id session_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_linked_traces linked_traces TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_first_trace_id first_trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(updated_at, is_deleted)
ORDER BY (trace_id, team)
TTL retain_until DELETE
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;
INSERT INTO runs_next
    (trace_id, team, workflow, workflow_version, session_id, user_id, environment, service_name, root_name,
    start_time, duration_ns, outcome, error, model_calls, model_errors, tool_calls, tool_errors, input_tokens,
    output_tokens, cached_input_tokens, cost_usd, unpriced_calls, call_span_ids, models, tools, span_count,
    linked_traces, first_trace_id, complete, closed, input_preview, output_preview, findings, retain_until,
    updated_at)
SELECT
    trace_id, team, workflow, workflow_version, session_id, user_id, environment, service_name, root_name,
    start_time, duration_ns, outcome, error, model_calls, model_errors, tool_calls, tool_errors, input_tokens,
    output_tokens, cached_input_tokens, cost_usd, unpriced_calls, call_span_ids, models, tools, span_count,
    linked_traces, first_trace_id, complete, closed, input_preview, output_preview, findings, retain_until,
    updated_at
FROM runs FINAL;
EXCHANGE TABLES runs AND runs_next;
DROP TABLE IF EXISTS runs_next;
-- A new inserted_at makes these traces stale: the writer divides their runs among the teams when it starts.
UPDATE spans SET inserted_at = now64(6)
WHERE trace_id IN (SELECT trace_id FROM spans GROUP BY trace_id HAVING min(team) < max(team));
