"""The store on a cluster of two shards: what is sent to it, and the same answers as from one server."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cluster_double
import pyarrow as pa
import pytest
from sample_runs import fill, insert_logs, large_run, log_record, trace_of

from schema.copies import IDENTITY
from schema.drill_results import Result
from schema.maintenance.changes import Purged
from schema.maintenance.drills import record, remove
from schema.maintenance.purge import purge
from schema.maintenance.reprice import reprice
from schema.policy.policy import ModelPrice, Policy
from schema.pricing.prices import Prices
from schema.queries import costs, latency, ledger, logs, runs, sessions
from schema.queries.arrivals import last_arrival
from schema.queries.drills import last_drill
from schema.queries.filters import Filter, facets
from schema.queries.run import load_run, load_span, load_tree
from schema.queries.scope import EVERYTHING
from schema.queries.session_sizes import session_sizes
from schema.runs.closing import close_silent
from schema.runs.recompute import stale_traces
from schema.runs.refresh import refresh_runs
from schema.span import to_batch
from schema.store.bulk_update import sweep, update_spans
from schema.store.cluster import Layout
from schema.store.errors import StoreUnavailableError
from schema.store.migrate import migrate
from schema.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

SNAPSHOT = Path(__file__).parents[1] / "data" / "cluster.sql"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9
ALL = Filter(NOW - timedelta(days=2), NOW)
_CHANGES = ("UPDATE", "DELETE", "ALTER", "CREATE", "DROP", "SYSTEM", "INSERT", "EXCHANGE")


@pytest.fixture(scope="module")
def sent() -> list[str]:
    """The statements that changed something, in their order."""
    return []


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory, sent: list[str]) -> Iterator[Store]:
    class Recorded(Store):
        def command(self, sql: str, parameters: Any = None) -> Any:
            sent.extend([sql] if sql.startswith(_CHANGES) else [])
            return super().command(sql, parameters)

    with cluster_double.running(tmp_path_factory.mktemp("cluster")) as url, Recorded.open(url) as opened:
        yield opened


@pytest.fixture(scope="module")
def both(clustered: Store, store: Store) -> tuple[Store, Store]:
    """The cluster and a single server, with the same runs and log records."""
    for table in ("spans", "runs", "logs"):
        store.command(f"TRUNCATE TABLE {table}")
    for each in (clustered, store):
        fill(each, now=NOW_NS)
        records = [log_record(trace_of(number), at=NOW_NS - number * 10**9, body=f"{number}") for number in range(20)]
        insert_logs(each, [*records, log_record("", at=NOW_NS, body="of no run")])
    return clustered, store


def plain(value: Any) -> Any:
    """Return rows without what depends on when a test ran."""
    if isinstance(value, pa.Table):
        kept = [name for name in value.column_names if name not in {"updated_at", "inserted_at"}]
        return value.select(kept).to_pylist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__ if name != "updated_at"}
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != "inserted_at"}
    return value


def answers(store: Store) -> dict[str, Any]:
    """Ask every question that the dashboard asks, and those that the writer asks of what it wrote."""
    one = trace_of(7)
    first = store.query(
        "SELECT first_trace_id AS id, team, count() AS n FROM runs FINAL GROUP BY id, team ORDER BY n DESC, id"
    )
    session, team = first.column("id")[0].as_py(), first.column("team")[0].as_py()
    tree = load_tree(store, EVERYTHING, one)
    asked = {
        "list": runs.list_runs(store, EVERYTHING, ALL, limit=100),
        "summary": runs.summary(store, EVERYTHING, ALL),
        "facets": facets(store, EVERYTHING, ALL.start, ALL.end),
        "over time": costs.over_time(store, EVERYTHING, ALL, by="team"),
        **{f"costs {by}": costs.by_group(store, EVERYTHING, ALL, by=by) for by in ("team", "workflow", "model")},
        **{f"latency {by}": latency.percentiles(store, EVERYTHING, ALL, by=by) for by in ("workflow", "tool", "model")},
        "run": load_run(store, EVERYTHING, one),
        "tree": tree,
        "span": load_span(store, EVERYTHING, one, tree.column("span_id")[0].as_py()),
        "arrival": last_arrival(store, EVERYTHING, one, "payments"),
        "logs": logs.loose_logs(store, EVERYTHING, trace_of(6), "support", limit=10),
        "sessions": first,
        "session": sessions.load_session(store, EVERYTHING, session, team, limit=10),
        "sizes": session_sizes(store, EVERYTHING, [(session, team)]),
        "ledger": ledger.lines(store, EVERYTHING, ALL.start, ALL.end),
        "stale": stale_traces(store),
        "logs in all": store.query("SELECT trace_id, body FROM logs ORDER BY body"),
        "costs of calls": store.query("SELECT span_id, cost_usd, cost_source FROM spans ORDER BY trace_id, span_id"),
    }
    return {name: plain(answer) for name, answer in asked.items()}


def assert_same_answers(both: tuple[Store, Store]) -> None:
    found, expected = map(answers, both)
    assert expected["summary"]["runs"] > 0
    for name, answer in expected.items():
        assert found[name] == answer, name


def test_every_question_has_the_answer_of_one_server(both: tuple[Store, Store]) -> None:
    clustered, _ = both
    shards = clustered.query("SELECT shardNum() AS shard, count() AS n FROM spans GROUP BY shard ORDER BY shard")
    assert shards.column("shard").to_pylist() == [1, 2]
    assert clustered.query("SELECT uniqExact(shardNum()) AS n FROM spans GROUP BY trace_id HAVING n > 1").num_rows == 0
    assert_same_answers(both)


def test_what_comes_later_is_written_on_the_shard_of_its_run(both: tuple[Store, Store]) -> None:
    run = large_run(90, NOW_NS - 5 * 10**9, 40)
    parent = replace(
        run[0], context={"operator.team": "support"}, received_at=run[0].received_at + 1
    )  # another request
    late = [parent, *(replace(span, team="unassigned", context={}) for span in run[1:])]
    policy = Policy.model_validate({"retention": {"rules": [{"team": "support", "days": 170}]}})
    dearer = Prices(
        [ModelPrice(model="claude-sonnet-4-5", input_per_million=Decimal(30), output_per_million=Decimal(70))]
    )
    for each in both:
        each.insert("spans", to_batch(late), token=uuid4().hex)
        for index in (2, 1):
            insert_logs(each, [message_record(run[index].trace_id, run[index].span_id, f"What user {index} said.")])
        refresh_runs(each, [run[0].trace_id, trace_of(7)], policy)
        assert reprice(each, dearer, ALL.start, ALL.end, policy=policy).changed > 0
        assert close_silent(each, timedelta(seconds=0)) >= 0
        written = each.query(
            "SELECT countIf(input LIKE '%What user%') AS inputs, uniqExact(team) AS teams FROM spans"
            " WHERE trace_id = {t:String}",
            {"t": trace_of(90)},
        ).to_pylist()[0]
        assert written["inputs"] > 0
        assert written["teams"] == 1
    assert_same_answers(both)


def message_record(trace_id: str, span_id: str, content: str) -> dict[str, Any]:
    body = json.dumps({"content": content})
    return log_record(trace_id, at=NOW_NS, span_id=span_id, event_name="gen_ai.user.message", body=body)


def test_retention_follows_on_every_shard(clustered: Store, both: tuple[Store, Store]) -> None:
    """Statements that name a partition run on shards that may not have it."""
    kept = pa.array([1], pa.int32()).cast(pa.date32())
    identity = {name: ["none"] for name in IDENTITY} | {"trace_id": [trace_of(1)], "team": ["support"]}
    days = pa.table({**identity, "kept": kept})
    update_spans(clustered, days, {"retain_until": "{kept}"}, "true", {})
    for partition in ("20261116", "19700105"):
        clustered.command(
            f"ALTER TABLE {clustered.layout.stored('spans')} MATERIALIZE TTL IN PARTITION ID '{partition}'"
        )
    assert_same_answers(both)


def test_runs_are_purged_on_every_shard(both: tuple[Store, Store]) -> None:
    purged = [purge(each, "trace", trace_of(number)) for number in (3, 4) for each in both]
    assert purged[0] == purged[1] != Purged(0, 0, 0)
    assert purged[2] == purged[3]
    assert_same_answers(both)


def test_a_drill_takes_its_runs_away(both: tuple[Store, Store]) -> None:
    for each in both:
        record(each, NOW, 1, "1", [Result("EMAIL_ADDRESS", "input", 4, 4, 0, 0)])
        remove(each, [trace_of(5), trace_of(6)], "drill")
        found = last_drill(each)
        assert found is not None
        assert found.removed == 4
    assert_same_answers(both)


def test_what_a_killed_update_left_is_swept(clustered: Store) -> None:
    old = f"span_update_{int(time.time()) - 4_000}_{uuid4().hex}"
    clustered.create(f"CREATE TABLE {old} (span String, trace_id String) ENGINE = Join(ANY, LEFT, span)")
    clustered.command(f"DROP TABLE {clustered.layout.everywhere(old)}")  # killed between the two
    assert sweep(clustered) == 1
    assert clustered.query("SELECT name FROM system.tables WHERE startsWith(name, 'span_update')").num_rows == 0


def test_a_repeated_insert_is_dropped_behind_the_distributed_table(both: tuple[Store, Store]) -> None:
    spans, token = to_batch(large_run(91, NOW_NS, 30)), uuid4().hex
    for each in (*both, *both):
        each.insert("spans", spans, token=token)
        stored = each.query("SELECT count() AS n FROM spans WHERE trace_id = {t:String}", {"t": trace_of(91)})
        assert stored.to_pylist() == [{"n": 30}]


def test_somebodys_query_may_join_what_lies_on_different_shards(both: tuple[Store, Store]) -> None:
    sql = "SELECT count() AS n FROM runs FINAL WHERE team IN (SELECT team FROM spans WHERE trace_id = '{}')"
    found = [each.query_read_only(sql.format(trace_of(8))).to_pylist() for each in both]
    assert found[0] == found[1] != [{"n": 0}]


def test_it_is_migrated_once(clustered: Store) -> None:
    assert migrate(clustered) == []
    with Store.open(str(clustered._url) + f"?cluster={clustered.layout.cluster}") as other:
        assert migrate(other) == []


def test_what_is_sent_is_what_the_snapshot_says(clustered: Store, store: Store, sent: list[str]) -> None:
    """It comes last and has seen what the tests before it did; where a change is meant, the file is edited."""
    assert clustered.layout.cluster
    for statement in sent:
        store.query(f"SELECT formatQuery({cluster_double.quoted(statement)})")  # the engine reads it
    expected = list(dict.fromkeys(map(shortened, sent)))
    lines = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line in expected] == expected


def shortened(statement: str) -> str:
    """Return it without columns, which are those of the migrations, and what differs from time to time."""
    text = re.sub(r"\n\(.*\)\n(?=ENGINE)", " (…) ", statement, flags=re.DOTALL)
    text = re.sub(r"span_update_\w+?(?=_local\b|\b)", "span_update_…", text)
    text = re.sub(r"toInt64\(\d+\)", "toInt64(…)", text)
    return re.sub(r"\s+", " ", text) + ";"


@pytest.mark.parametrize(
    "bad",
    [
        "chdb:///tmp/x?cluster=both",
        "clickhouse://h/a-b?cluster=both",
        "clickhouse://h/a?cluster=",
        "clickhouse://h/a?cluster='",
    ],
)
def test_a_cluster_that_cannot_be_is_refused(bad: str) -> None:
    with pytest.raises(StoreUnavailableError, match="cluster"):
        Store(bad)


@pytest.mark.parametrize("option", ["readonly=0", "session_id=x", "query_limit=1", "settings=x&cluster=both"])
def test_a_url_sets_nothing_of_the_engine(option: str) -> None:
    with pytest.raises(StoreUnavailableError, match="SPANLEDGER_STORE: there is no option"):
        Store(f"clickhouse://h/a?{option}")


def test_a_port_is_a_number() -> None:
    with pytest.raises(StoreUnavailableError, match="SPANLEDGER_STORE: the port is a number"):
        Store("clickhouse://h:port/a")


def test_one_server_is_sent_what_the_migrations_say() -> None:
    url = "clickhouse://user:pw@host:8443/db?send_receive_timeout=10"
    assert Layout.of(url) == (url, Layout())
    layout = Layout()
    assert layout.create("CREATE TABLE a (b UInt8) ENGINE = Memory") == ["CREATE TABLE a (b UInt8) ENGINE = Memory"]
    assert (layout.rows("a"), layout.stored("a"), layout.everywhere("a"), layout.settings) == ("a", "a", "a", {})
    with pytest.raises(ValueError, match="only CREATE TABLE"):
        Layout("db", "both").create("ALTER TABLE spans ADD COLUMN new String")
