"""A stand-in for a ClickHouse cluster of two shards: a process with one engine that reads as if it were two.

Distributed tables are the engine's own, over a cluster of two shards that are both this process; each shard sees the
rows that the sharding expression gives it. Inserts go through the engine's Distributed insert too, but over one shard:
both would share a table here, and with it the tokens of its blocks. The engine has neither a DDL queue nor replicas:
ON CLUSTER is parsed and left out, and Replicated tables are plain ones.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clickhouse_double import ClickHouseDouble

if TYPE_CHECKING:
    from collections.abc import Iterator

CLUSTER = "both"
DATABASE = "spanledger"
_REPLICA = "<replica><host>127.0.0.1</host><port>9000</port></replica>"
_SHARD = f"<shard><internal_replication>true</internal_replication>{_REPLICA}</shard>"
_CONFIG = (
    f"<clickhouse><tcp_port>9000</tcp_port><remote_servers><{CLUSTER}>{_SHARD}{_SHARD}</{CLUSTER}><one>{_SHARD}</one>"
    "</remote_servers></clickhouse>"
)
_ON_CLUSTER = re.compile(r" ON CLUSTER '\w+'")
_REPLICATED = re.compile(r"ENGINE = Replicated(\w+)\('[^']+', '[^']+'(?:, )?")
_DISTRIBUTED = re.compile(
    r"CREATE (?:OR REPLACE )?TABLE [\w ]*?(\w+)\.(\w+) AS (\S+)\s+ENGINE = Distributed\(.*?, (cityHash64.*)\)$"
)
_INSERT = re.compile(r"INSERT INTO `?(\w+)`?")


class ClusterDouble(ClickHouseDouble):
    """Both shards, and the load balancer in front of them."""

    def __init__(self, folder: Path) -> None:
        config = folder / "config.xml"
        config.write_text(_CONFIG, encoding="utf-8")
        super().__init__(f"{folder / 'store'}?config-file={config}")
        self._engine.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        self._sharded: dict[str, tuple[str, str]] = {}  # by Distributed table: the table of its rows, the expression

    def executed(self, statement: str, settings: dict[str, str]) -> str:
        if statement.startswith("SYSTEM SYNC REPLICA"):
            return ""
        if _ON_CLUSTER.search(statement):
            self._engine.query(f"SELECT formatQuery({quoted(statement)})")
        statement = _REPLICATED.sub(r"ENGINE = \1(", _ON_CLUSTER.sub("", statement))
        if created := _DISTRIBUTED.match(statement):
            self._sharded[created[2]] = (created[3], created[4])
        if "prefer_localhost_replica" in settings:
            settings["prefer_localhost_replica"] = "1"  # there is no other server to connect to
        into = _INSERT.match(statement)
        if into and into[1] in self._sharded:
            table, key = self._sharded[into[1]]
            return statement.replace(into[0], f"INSERT INTO FUNCTION cluster('one', {table}, {key})", 1)
        if not into:
            settings["additional_table_filters"] = f"{{{', '.join(map(_seen, self._sharded.values()))}}}"
        return statement


def _seen(sharded: tuple[str, str]) -> str:
    """Return the rows of a table that a shard sees; outside a distributed query, all of them."""
    table, key = sharded
    return f"{quoted(table)}: {quoted(f'shardNum() IN (0, 1 + {key} % 2)')}"


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a cluster until the block ends; the value is the URL of a store on it."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"clickhouse://default:secret@127.0.0.1:{port}/{DATABASE}?cluster={CLUSTER}"
        finally:
            process.kill()


if __name__ == "__main__":
    double = ClusterDouble(Path(sys.argv[1]))
    with double.up():
        sys.stdout.write(f"{double.port}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started this closes it or is gone
    double.close()
