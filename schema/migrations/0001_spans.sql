-- One row a span, written once; what arrives or is decided later (content of logs, prices) comes as a light UPDATE.
-- docs/schema.md says what each column means; docs/adr/0003-store.md why it is laid out so.
CREATE TABLE IF NOT EXISTS spans
(
    team                LowCardinality(String),
    workflow            LowCardinality(String),
    workflow_version    LowCardinality(String),
    service_name        LowCardinality(String),
    environment         LowCardinality(String),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    parent_span_id      String CODEC(ZSTD(1)),
    session_id          String CODEC(ZSTD(1)),
    user_id             String CODEC(ZSTD(1)),
    agent_name          LowCardinality(String),
    kind                LowCardinality(String),
    name                String CODEC(ZSTD(1)),
    start_time          DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    duration_ns         UInt64 CODEC(ZSTD(1)),
    status              LowCardinality(String),
    status_message      String CODEC(ZSTD(1)),
    error_type          LowCardinality(String),
    provider            LowCardinality(String),
    model               LowCardinality(String),
    tool_name           LowCardinality(String),
    tool_call_id        String CODEC(ZSTD(1)),
    input_tokens        Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens       Nullable(UInt64) CODEC(ZSTD(1)),
    cached_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_tokens  Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens    Nullable(UInt64) CODEC(ZSTD(1)),
    cost_usd            Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    cost_source         LowCardinality(String),
    reported_cost_usd   Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    prompt_name         LowCardinality(String),
    prompt_version      LowCardinality(String),
    prompt_hash         String CODEC(ZSTD(1)),
    policy_name         LowCardinality(String),
    policy_decision     LowCardinality(String),
    approval_status     LowCardinality(String),
    approval_by         String CODEC(ZSTD(1)),
    outcome             LowCardinality(String),
    evaluation          LowCardinality(String),
    input               String CODEC(ZSTD(1)),
    output              String CODEC(ZSTD(1)),
    input_preview       String CODEC(ZSTD(1)),
    output_preview      String CODEC(ZSTD(1)),
    attributes          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    context             Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    events              String CODEC(ZSTD(1)),
    links               String CODEC(ZSTD(1)),
    scope_name          LowCardinality(String),
    response_id         String CODEC(ZSTD(1)),
    dialect             LowCardinality(String),
    findings            Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)),
    redaction_version   LowCardinality(String),
    truncated           Bool,
    received_at         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    retain_until        Date,
    inserted_at         DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD(1)),
    -- where the row lies: the sort key cannot change, and a parent that comes later may name another team
    arrival_team        LowCardinality(String) DEFAULT team,
    INDEX by_team team TYPE set(16) GRANULARITY 1,
    INDEX by_trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(start_time)
ORDER BY (arrival_team, toStartOfHour(start_time), trace_id, start_time, span_id)
TTL retain_until DELETE
-- Light updates need the block-number columns. Whoever updates retain_until has the parts' TTL computed again.
-- Blocks of 4,000 spans stay in one file until they are merged: a file a column costs twice the CPU to write.
SETTINGS non_replicated_deduplication_window = 1000, enable_block_number_column = 1, enable_block_offset_column = 1,
    materialize_ttl_recalculate_only = 1, min_bytes_for_wide_part = 134217728;
