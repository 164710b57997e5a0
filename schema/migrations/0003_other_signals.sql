-- Log records and metric points, redacted. What log records know of a span is written to it (schema/log_content.py).
CREATE TABLE IF NOT EXISTS logs
(
    team                LowCardinality(String),
    service_name        LowCardinality(String),
    trace_id            String CODEC(ZSTD(1)),
    span_id             String CODEC(ZSTD(1)),
    time                DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    event_name          LowCardinality(String),
    severity            LowCardinality(String),
    body                String CODEC(ZSTD(1)),
    attributes          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    scope_name          LowCardinality(String),
    findings            Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    retain_until        Date,
    inserted_at         DateTime64(6, 'UTC') DEFAULT now64(6) CODEC(Delta, ZSTD(1)),
    INDEX by_trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(time)
ORDER BY (team, toStartOfHour(time), trace_id, time)
TTL retain_until DELETE
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS metric_points
(
    team                LowCardinality(String),
    service_name        LowCardinality(String),
    name                LowCardinality(String),
    unit                LowCardinality(String),
    type                LowCardinality(String),
    temporality         LowCardinality(String),
    start_time          DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    time                DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    value               Nullable(Float64) CODEC(ZSTD(1)),
    count               Nullable(UInt64) CODEC(ZSTD(1)),
    sum                 Nullable(Float64) CODEC(ZSTD(1)),
    attributes          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    scope_name          LowCardinality(String),
    findings            Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)),
    received_at         DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    retain_until        Date
)
ENGINE = MergeTree
PARTITION BY toMonday(time)
ORDER BY (team, name, time)
TTL retain_until DELETE
SETTINGS non_replicated_deduplication_window = 1000;
