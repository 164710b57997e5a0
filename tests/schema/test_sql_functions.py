from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from schema.store.errors import QueryFailedError
from schema.store.sql_functions import TABLE_FUNCTIONS, is_allowed
from schema.store.statement_tree import _METADATA, _TAKING_FUNCTIONS, TABLES

if TYPE_CHECKING:
    from schema.store.store import Store

REFUSED = Path(__file__).parent.parent / "data" / "sql_functions_refused.txt"
MIGRATIONS = Path(__file__).parent.parent.parent / "schema" / "migrations"


def _refused() -> set[str]:
    lines = REFUSED.read_text(encoding="utf-8").splitlines()
    return {name for line in lines if not line.startswith("#") for name in line.split()}


def _functions(store: Store, *, aggregate: bool | None = None) -> set[str]:
    rows = store.query("SELECT name, is_aggregate FROM system.functions").to_pylist()
    return {row["name"] for row in rows if aggregate is None or bool(row["is_aggregate"]) is aggregate}


def test_every_function_of_the_engine_is_either_allowed_or_refused(store: Store) -> None:
    known = _functions(store)
    assert len(known) > 1800
    new = sorted(name for name in known if not is_allowed(name) and name not in _refused())
    assert new == [], (
        "look at each: does it read its arguments and nothing else? then allow it, else list it as refused"
    )


def test_no_function_is_both() -> None:
    assert sorted(filter(is_allowed, _refused())) == []


def test_the_list_of_refused_functions_names_what_reaches_further() -> None:
    reaching = {
        "file", "dictGet", "joinGet", "getSetting", "getMacro", "hostName", "FQDN", "currentUser", "serverUUID",
        "sleep", "sleepEachRow", "showCertificate", "filesystemAvailable", "evalMLMethod", "addressToLine", "tcpPort",
        "zookeeperSessionUptime", "regionToName", "aiGenerate", "hasColumnInTable", "arrayReduce",
    }  # fmt: skip
    assert reaching <= _refused()


def test_no_table_function_reaches_further(store: Store) -> None:
    known = {row["name"] for row in store.query("SELECT name FROM system.table_functions").to_pylist()}
    assert {name.lower() for name in known} >= TABLE_FUNCTIONS
    assert {"generateseries", "generate_series", "numbers", "values", "zeros"} == TABLE_FUNCTIONS


def test_the_tables_are_those_that_the_migrations_make() -> None:
    made = re.findall(
        r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", "".join(file.read_text() for file in MIGRATIONS.glob("*.sql"))
    )
    kept = {name for name in made if not name.endswith("_next")}  # a table of that name takes another's place
    assert {*kept, "schema_migrations"} == TABLES


def test_the_database_that_statements_run_in_holds_what_is_known_of_it(store: Store) -> None:
    rows = store.query("SELECT name FROM system.tables WHERE database = 'information_schema'").to_pylist()
    assert {row["name"].lower() for row in rows} == _METADATA


def test_no_other_function_takes_one_by_its_name(store: Store) -> None:
    for name in sorted(filter(is_allowed, _functions(store, aggregate=False))):
        more = ["hostName, map('k', 'x')", "hostName, 1, ['x']"] if name.startswith(("array", "map")) else []
        for arguments in ["hostName, ['x']", *more] if name.lower() not in _TAKING_FUNCTIONS else []:
            with pytest.raises(QueryFailedError) as refused:
                store.query(f"SELECT {name}({arguments})")
            assert "__function_ref" not in str(refused.value), name
