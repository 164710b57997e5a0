"""A store of a version that had one run a trace: it opens, shows the same runs, and divides those of several teams."""

from __future__ import annotations

import re
import time
from importlib import resources
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from otlp_requests import LLM, PRICES, request

from schema.normalise.traces import normalise
from schema.policy.policy import Policy
from schema.runs.recompute import stale_traces
from schema.runs.refresh import refresh_runs
from schema.span import to_batch
from schema.store.migrate import migrate

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from schema.store.store import Store

ONE, SEVERAL = bytes([1] * 16), bytes([2] * 16)
MIGRATIONS = ["0008_runs_of_teams.sql", "0011_usage.sql"]  # those that change the table
RUNS = "SELECT * EXCEPT is_deleted FROM runs FINAL WHERE trace_id = '{}' ORDER BY team"


def sent(trace: bytes, span: dict[str, Any], team: str) -> ExportTraceServiceRequest:
    now = time.time_ns()
    times = {"trace": trace, "start": now, "end": now + 10}
    return request({"attributes": LLM, **times, **span}, resource={"spanledger.team": team})


def rows_of(store: Store, trace: bytes) -> list[dict[str, Any]]:
    return [row | {"start_time": 0, "updated_at": 0} for row in store.query(RUNS.format(trace.hex())).to_pylist()]


def as_before(store: Store) -> None:
    """Give the store the table `runs` of the version before, with what it held: one run a trace, of its root's team."""
    former = (resources.files("schema") / "migrations" / "0002_runs.sql").read_text(encoding="utf-8").split(";\n")[0]
    columns = ", ".join(re.findall(r"^    ([a-z]\w+) +[A-Z]", former, re.MULTILINE))
    store.command("RENAME TABLE runs TO runs_of_now")
    store.command(former.rstrip().rstrip(";"))
    store.command(f"INSERT INTO runs ({columns}) SELECT {columns} FROM runs_of_now FINAL WHERE team != 'support'")
    store.command("DROP TABLE runs_of_now")
    store.command("CREATE TABLE runs_next (left_by_a_killed_migration UInt8) ENGINE = MergeTree ORDER BY tuple()")
    store.command("DELETE FROM schema_migrations WHERE name IN {names:Array(String)}", {"names": MIGRATIONS})


def test_it_shows_the_same_runs_and_divides_those_of_several_teams(empty_store: Store) -> None:
    bodies = [
        sent(ONE, {"id": 1}, "payments"),
        sent(SEVERAL, {"id": 1}, "payments"),
        sent(SEVERAL, {"id": 2, "parent": 1}, "support"),
    ]
    traces = [ONE.hex(), SEVERAL.hex()]
    for at, body in enumerate(bodies, time.time_ns()):
        spans = normalise(body, received_at=at, policy=Policy(), prices=PRICES)
        empty_store.insert("spans", to_batch(spans), token=uuid4().hex)
    refresh_runs(empty_store, traces, Policy())
    one, several = rows_of(empty_store, ONE), rows_of(empty_store, SEVERAL)
    assert [len(one), [row["team"] for row in several]] == [1, ["payments", "support"]]
    as_before(empty_store)
    assert empty_store.command("SELECT count() FROM runs FINAL") == 2
    assert migrate(empty_store) == MIGRATIONS
    assert rows_of(empty_store, ONE) == one
    assert stale_traces(empty_store) == [SEVERAL.hex()]
    refresh_runs(empty_store, stale_traces(empty_store), Policy())
    assert rows_of(empty_store, SEVERAL) == several
    assert rows_of(empty_store, ONE) == one
    assert stale_traces(empty_store) == []
    assert empty_store.query("SELECT name FROM system.tables WHERE name = 'runs_next'").num_rows == 0
