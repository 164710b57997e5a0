-- What became of all that arrived: one row an ingest key, signal and minute of one collector, as it stands at `version`.
-- Read it with FINAL. In every row accepted = stored + waiting + quarantined + dropped + lost (docs/schema.md).
CREATE TABLE IF NOT EXISTS ledger
(
    collector             LowCardinality(String),
    entry                 UInt64,
    key_name              LowCardinality(String),
    signal                LowCardinality(String),
    minute                DateTime('UTC') CODEC(Delta, ZSTD(1)),
    accepted_requests     UInt64 CODEC(ZSTD(1)),
    accepted_spans        UInt64 CODEC(ZSTD(1)),
    deduplicated_requests UInt64 CODEC(ZSTD(1)),
    deduplicated_spans    UInt64 CODEC(ZSTD(1)),
    stored_requests       UInt64 CODEC(ZSTD(1)),
    stored_spans          UInt64 CODEC(ZSTD(1)),
    waiting_requests      UInt64 CODEC(ZSTD(1)),
    waiting_spans         UInt64 CODEC(ZSTD(1)),
    quarantined_requests  UInt64 CODEC(ZSTD(1)),
    quarantined_spans     UInt64 CODEC(ZSTD(1)),
    dropped_requests      UInt64 CODEC(ZSTD(1)),
    dropped_spans         UInt64 CODEC(ZSTD(1)),
    lost_requests         UInt64 CODEC(ZSTD(1)),
    lost_spans            UInt64 CODEC(ZSTD(1)),
    uncounted_requests    UInt64 CODEC(ZSTD(1)),
    unredacted_spans      UInt64 CODEC(ZSTD(1)),
    rejected_requests     Map(LowCardinality(String), UInt64),
    rejected_spans        Map(LowCardinality(String), UInt64),
    version               UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (minute, key_name, signal, collector, entry)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000;
