"""Tables of the spool's SQLite file, and triggers that count every request that is added, moved or deleted.

Counters change in the transaction that changes the queue, so that at any moment, also after a kill,
accepted = stored + waiting + quarantined + dropped + lost holds for every ingest key, signal and minute.
"""

from __future__ import annotations

from typing import Final

# ruff: noqa: S608 - the only names in these statements are our own

MINUTE_NS: Final = 60 * 10**9

STATES: Final = ("accepted", "deduplicated", "stored", "waiting", "quarantined", "dropped", "lost")
"""States of a request that arrived completely; each is counted in requests and in spans."""

COUNTS: Final = tuple(f"{state}_{unit}" for state in STATES for unit in ("requests", "spans"))
"""The columns of `ledger` that are counted by request and by span."""

TABLES: Final = (
    """create table request (
        id integer primary key autoincrement,
        digest blob not null,
        signal text not null,
        key_name text not null,
        sender text not null,
        received_at integer not null,
        spans integer not null,
        bytes integer not null,
        attempts integer not null default 0,
        reason text not null default '',
        state text not null default 'waiting' check (state in ('waiting', 'quarantined')),
        batch text,
        unredacted integer not null default 0,
        sealed_by integer not null,
        sealed blob not null
    ) strict""",
    "create index request_batch on request (batch) where batch is not null",
    # Has every column needed to choose the next request: the cost does not grow with the queue.
    "create index request_queue on request (state, key_name, id, batch)",
    """create table seen (digest blob primary key, request_id integer not null, received_at integer not null)
    strict, without rowid""",
    "create index seen_received_at on seen (received_at)",
    """create table total (
        state text primary key, requests integer not null, spans integer not null, bytes integer not null
    ) strict, without rowid""",
    "insert into total values ('waiting', 0, 0, 0), ('quarantined', 0, 0, 0)",
    # `minute` is the minute of receipt since 1970; -1 holds the sums of forgotten minutes.
    f"""create table ledger (
        id integer primary key autoincrement, key_name text not null, signal text not null, minute integer not null,
        {", ".join(f"{name} integer not null default 0" for name in COUNTS)},
        uncounted_requests integer not null default 0,
        unredacted_spans integer not null default 0,
        uncounted_losses integer not null default 0,
        version integer not null default 1,
        copied integer not null default 0,
        unique (key_name, signal, minute)
    ) strict""",
    "create index ledger_changed on ledger (id) where copied <> version",
    """create table refusal (entry integer not null, reason text not null, requests integer not null,
    spans integer not null, primary key (entry, reason)) strict, without rowid""",
    "create table figure (name text primary key, value real not null) strict, without rowid",
    "create table collector (id text not null) strict",
    "create table seal (id integer primary key autoincrement, fingerprint blob not null unique) strict",
)

_ITS_ENTRY: Final = f"key_name = old.key_name and signal = old.signal and minute = old.received_at / {MINUTE_NS}"

TRIGGERS: Final = (
    f"""create trigger request_added after insert on request begin
        update total set requests = requests + 1, spans = spans + new.spans, bytes = bytes + new.bytes
        where state = new.state;
        insert into ledger
            (key_name, signal, minute, accepted_requests, accepted_spans, waiting_requests, waiting_spans)
        values (new.key_name, new.signal, new.received_at / {MINUTE_NS}, 1, new.spans, 1, new.spans)
        on conflict (key_name, signal, minute) do update set version = version + 1,
            accepted_requests = accepted_requests + 1, accepted_spans = accepted_spans + new.spans,
            waiting_requests = waiting_requests + 1, waiting_spans = waiting_spans + new.spans;
    end""",
    # A waiting request is deleted when it is stored, a quarantined one when an operator drops it.
    f"""create trigger request_stored after delete on request when old.state = 'waiting' begin
        update total set requests = requests - 1, spans = spans - old.spans, bytes = bytes - old.bytes
        where state = old.state;
        update ledger set version = version + 1, unredacted_spans = unredacted_spans + old.unredacted,
            waiting_requests = waiting_requests - 1, waiting_spans = waiting_spans - old.spans,
            stored_requests = stored_requests + 1, stored_spans = stored_spans + old.spans
        where {_ITS_ENTRY};
    end""",
    f"""create trigger request_dropped after delete on request when old.state = 'quarantined' begin
        update total set requests = requests - 1, spans = spans - old.spans, bytes = bytes - old.bytes
        where state = old.state;
        update ledger set version = version + 1,
            quarantined_requests = quarantined_requests - 1, quarantined_spans = quarantined_spans - old.spans,
            dropped_requests = dropped_requests + 1, dropped_spans = dropped_spans + old.spans
        where {_ITS_ENTRY};
    end""",
    f"""create trigger request_moved after update of state on request when old.state <> new.state begin
        update total set requests = requests - 1, spans = spans - old.spans, bytes = bytes - old.bytes
        where state = old.state;
        update total set requests = requests + 1, spans = spans + new.spans, bytes = bytes + new.bytes
        where state = new.state;
        update ledger set version = version + 1,
            waiting_requests = waiting_requests + iif(new.state = 'waiting', 1, -1),
            waiting_spans = waiting_spans + iif(new.state = 'waiting', new.spans, -new.spans),
            quarantined_requests = quarantined_requests + iif(new.state = 'quarantined', 1, -1),
            quarantined_spans = quarantined_spans + iif(new.state = 'quarantined', new.spans, -new.spans)
        where {_ITS_ENTRY};
    end""",
)
