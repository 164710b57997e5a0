"""Where our tables lie: on one server, or on the shards and replicas of a ClickHouse cluster.

Migrations and statements are written for one server; what a cluster needs is derived here (docs/adr/0011-cluster.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_BY_TRACE: Final = "cityHash64(trace_id)"
_SHARDED_BY: Final = {
    "spans": _BY_TRACE,
    "runs": _BY_TRACE,
    # Records without a trace would all lie on one shard.
    "logs": "cityHash64(if(trace_id = '', toString(time), trace_id))",
    "metric_points": "cityHash64(service_name, name)",
}
"""The expression that gives the shard of a row, by table; all other tables have all rows on every server."""

_SCRATCH: Final = "span_update_"  # tables of schema.store.bulk_update; they lie where the spans lie
_ALTER: Final = re.compile(r"ALTER TABLE (\w+)")
_CREATE: Final = re.compile(
    r"(CREATE TABLE (?:IF NOT EXISTS )?)(\w+)\s*(\(.*\))\s*ENGINE = (\w+)(?:\((.*?)\))?(.*)", re.DOTALL
)
_DROP: Final = re.compile(r"DROP TABLE IF EXISTS (\w+)")
_EXCHANGE: Final = re.compile(r"EXCHANGE TABLES (\w+) AND (\w+)")
_INSERT: Final = re.compile(r"INSERT INTO \w+\s")
_UPDATE: Final = re.compile(r"UPDATE (\w+)(\s.*)", re.DOTALL)
_COMMENT: Final = re.compile(r"^--.*\n", re.MULTILINE)
_NEXT: Final = "_next"  # ends the name of a table that a migration makes to take another's place
_DATABASE: Final = re.compile(r"[A-Za-z_]\w*")
_CLUSTER: Final = re.compile(r"[\w.-]+")
_OPTIONS: Final = frozenset(
    {"ca_cert", "client_cert", "client_cert_key", "cluster", "compress", "connect_timeout", "http_proxy"}
    | {"https_proxy", "send_receive_timeout", "server_host_name", "verify"}
)
"""What may stand after ? in a server's URL: how it is reached. What the engine does is set by us, not by a URL."""

_SETTINGS: Final = {
    # An insert is answered when every shard has its rows, so that a repeated token finds what it inserted.
    "distributed_foreground_insert": 1,
    # All our subqueries with IN are about the same trace, whose rows lie on one shard.
    "distributed_product_mode": "local",
    # An UPDATE with a subquery is worked out on one replica; the others get its rows.
    "allow_nondeterministic_mutations": 1,
    # A server that is down catches up when it is back; nothing waits for it.
    "distributed_ddl_output_mode": "none_only_active",
    # All processes read from and write to the same replica of a shard, so that a read sees the last write.
    "load_balancing": "in_order",
    "prefer_localhost_replica": 0,
    "max_replica_delay_for_distributed_queries": 1,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """A database on one server, or on the servers of the named `cluster`."""

    database: str = ""
    cluster: str = ""

    @classmethod
    def of(cls, url: str) -> tuple[str, Self]:
        """Return the URL of a store without `?cluster=NAME`, and the layout that it names. Raises ValueError."""
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            parts.port  # noqa: B018 - reading it is the check
        except ValueError:
            raise ValueError("the port is a number: clickhouse://host:8123/database") from None
        unknown = sorted(options.keys() - _OPTIONS) if parts.scheme != "chdb" else []
        if unknown:
            raise ValueError(f"there is no option {unknown[0]}: of options there are {', '.join(sorted(_OPTIONS))}")
        if "cluster" not in options:
            return url, cls()
        layout = cls(parts.path.strip("/"), options.pop("cluster"))
        if parts.scheme == "chdb":
            raise ValueError("an embedded store has no cluster: write clickhouse://host:port/database?cluster=NAME")
        if not _DATABASE.fullmatch(layout.database) or not _CLUSTER.fullmatch(layout.cluster):
            raise ValueError("cluster=NAME and its database are names of letters, digits and _")
        return urlunsplit(parts._replace(query=urlencode(options))), layout

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of every connection."""
        return dict(_SETTINGS) if self.cluster else {}

    @property
    def reading(self) -> dict[str, Any]:
        """Further settings of a connection for users' queries: their subqueries may be about several traces."""
        return {"distributed_product_mode": "global"} if self.cluster else {}

    def rows(self, table: str) -> str:
        """Return the name of the table that holds the rows; on a cluster, those of one shard."""
        return f"{self.database}.{table}_local" if self.cluster else table

    def everywhere(self, table: str) -> str:
        """Return what a statement names to create, change or drop a table that is the same on every server."""
        return f"{self.database}.{table} ON CLUSTER '{self.cluster}'" if self.cluster else table

    def stored(self, table: str) -> str:
        """Return what ALTER, UPDATE and DELETE name: a Distributed table takes none of them."""
        return self.everywhere(f"{table}_local") if self.cluster else table

    def migration(self, statement: str) -> list[str]:
        """Return the statements that do what a statement of a migration does on one server.

        Raises ValueError for one that has no form for clusters yet.
        """
        bare = _COMMENT.sub("", statement).strip()
        if not self.cluster or _INSERT.match(bare):
            return [bare]
        if match := _DROP.fullmatch(bare):
            return self.drop(match[1])
        if match := _EXCHANGE.fullmatch(bare):
            return self._exchange(match[1], match[2])
        if match := _ALTER.match(bare):
            names = [self.stored(match[1])] if match[1] in _SHARDED_BY else []
            return [f"ALTER TABLE {name}{bare[match.end() :]}" for name in (*names, self.everywhere(match[1]))]
        if match := _UPDATE.fullmatch(bare):
            # Rows of one trace lie on one shard, and that is what our subqueries are about.
            where = re.sub(rf"\bFROM {match[1]}\b", f"FROM {self.rows(match[1])}", match[2])
            return [f"UPDATE {self.stored(match[1])}{where}"]
        return self.create(statement)

    def create(self, statement: str) -> list[str]:
        """Return the statements that do what `CREATE TABLE name (…) ENGINE = …` does on one server.

        Raises ValueError for another statement.
        """
        if not self.cluster:
            return [statement]
        match = _CREATE.search(statement)
        if match is None:
            raise ValueError(f"only CREATE TABLE has a form for clusters here: {statement[:60]}")
        create, table, columns, engine, arguments, rest = match.groups(default="")
        key = self._key(table)
        if engine.endswith("MergeTree"):
            arguments = ", ".join([*self._replica(table, sharded=key is not None), *filter(None, [arguments])])
            engine = f"Replicated{engine}"
        engine = f"{engine}({arguments})"
        target = self.everywhere(table) if key is None else self.stored(table)
        statements = [f"{create}{target}\n{columns}\nENGINE = {engine}{rest}"]
        if key is not None:
            statements.append(f"{create}{self._distributed(table, key)}")
        return statements

    def drop(self, table: str) -> list[str]:
        """Return the statements that drop a table of which rows lie on the shards."""
        names = [self.everywhere(table), self.stored(table)] if self.cluster else [table]
        return [f"DROP TABLE IF EXISTS {name}" for name in names]

    def _exchange(self, one: str, other: str) -> list[str]:
        """Return the statements that let the rows of a sharded table and of another change places.

        The Distributed table keeps the columns that it was created with, so it is created again.
        """
        rows = f"EXCHANGE TABLES {self.rows(one)} AND {self.rows(other)} ON CLUSTER '{self.cluster}'"
        return [rows, f"CREATE OR REPLACE TABLE {self._distributed(one, self._key(one))}"]

    def _distributed(self, table: str, key: str | None) -> str:
        engine = f"Distributed('{self.cluster}', '{self.database}', '{table}_local', {key})"
        return f"{self.everywhere(table)} AS {self.rows(table)}\nENGINE = {engine}"

    def _key(self, table: str) -> str | None:
        """Return what the rows of a table are shared among the shards by, None if every server has all of them."""
        return _BY_TRACE if table.startswith(_SCRATCH) else _SHARDED_BY.get(table.removesuffix(_NEXT))

    def _replica(self, table: str, *, sharded: bool) -> tuple[str, str]:
        """Return the path in Keeper that replicas share, and a replica's name; servers fill in what is in braces."""
        if table.endswith(_NEXT):  # its name is free again when it has taken the place, its path is not
            return f"'/clickhouse/tables/{{shard}}/{self.database}/{{uuid}}'", "'{replica}'"
        if sharded:
            return f"'/clickhouse/tables/{{shard}}/{self.database}/{table}'", "'{replica}'"
        return f"'/clickhouse/tables/all/{self.database}/{table}'", "'{shard}-{replica}'"
