-- One row a purge: that runs were deleted on somebody's word, when, by what and how many; not whose they were.
CREATE TABLE IF NOT EXISTS purges
(
    at          DateTime64(6, 'UTC'),
    by          LowCardinality(String),
    runs        UInt64,
    spans       UInt64,
    log_records UInt64
)
ENGINE = MergeTree
ORDER BY at
SETTINGS non_replicated_deduplication_window = 1000;
