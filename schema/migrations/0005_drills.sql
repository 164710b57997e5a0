-- What drills proved: one row for each entity and place of one drill. The planted text itself is nowhere.
CREATE TABLE IF NOT EXISTS drills
(
    at            DateTime64(6, 'UTC'),
    drill_id      String,
    seed          UInt64,
    rules_version LowCardinality(String),
    entity        LowCardinality(String),  -- what was planted; IDENTIFIER is no secret and must survive
    place         LowCardinality(String),  -- where in a run it was planted
    planted       UInt64,
    removed       UInt64,                  -- nothing of it was found in the store afterwards
    left_in_part  UInt64,                  -- some words of it were
    left_whole    UInt64                   -- all of it was
)
ENGINE = MergeTree
ORDER BY (at, drill_id, entity, place)
SETTINGS non_replicated_deduplication_window = 1000;
