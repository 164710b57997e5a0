-- One narrow row a run, recomputed when spans of its trace arrive; the newest version wins, so read it with FINAL.
CREATE TABLE IF NOT EXISTS runs
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
    INDEX by_session_id session_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_linked_traces linked_traces TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX by_first_trace_id first_trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY trace_id
TTL retain_until DELETE
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024;
