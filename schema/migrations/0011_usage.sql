-- What a call counts beside its tokens, its tier, what was corrected, and why it has no price; docs/schema.md.
ALTER TABLE spans ADD COLUMN IF NOT EXISTS trace_state String CODEC(ZSTD(1)) AFTER parent_span_id;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS span_kind LowCardinality(String) AFTER kind;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS canonical_model LowCardinality(String) AFTER model;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS usage_units Map(LowCardinality(String), UInt64) CODEC(ZSTD(1)) AFTER reasoning_tokens;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS usage_note LowCardinality(String) AFTER usage_units;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS service_tier LowCardinality(String) AFTER usage_note;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS unpriced_reason LowCardinality(String) AFTER cost_source;
ALTER TABLE runs ADD COLUMN IF NOT EXISTS unpriced_reasons Map(LowCardinality(String), UInt32) AFTER unpriced_calls;
ALTER TABLE runs ADD COLUMN IF NOT EXISTS reported_cost_usd Nullable(Decimal(38, 9)) AFTER unpriced_reasons;
