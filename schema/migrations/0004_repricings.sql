-- One row a repricing: who reads a cost that changed finds here when, for which calls and under which prices.
CREATE TABLE IF NOT EXISTS repricings
(
    at          DateTime64(6, 'UTC'),
    start_time  DateTime64(9, 'UTC'),
    end_time    DateTime64(9, 'UTC'),
    team        String,
    calls       UInt64,
    changed     UInt64,
    before_usd  Nullable(Decimal(38, 9)),
    after_usd   Nullable(Decimal(38, 9)),
    price_list  LowCardinality(String),
    overrides   String CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY at
SETTINGS non_replicated_deduplication_window = 1000;
