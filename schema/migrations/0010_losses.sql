-- `uncounted_losses`: the spool was damaged and its last counts are gone with it (docs/operations.md).
ALTER TABLE ledger ADD COLUMN IF NOT EXISTS uncounted_losses UInt64 CODEC(ZSTD(1)) AFTER unredacted_spans;

-- Rows that were deleted on somebody's word, by the day they were received: what else is missing was lost.
CREATE TABLE IF NOT EXISTS removals
(
    at   DateTime64(6, 'UTC'),
    name LowCardinality(String),
    day  Date,
    rows UInt64
)
ENGINE = MergeTree
ORDER BY at
TTL toDate(at) + INTERVAL 400 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000;
