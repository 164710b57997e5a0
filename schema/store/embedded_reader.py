"""A connection to the embedded engine for one statement of a user; nothing that is set on it outlives it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schema.store.read_only import Ask


@contextmanager
def embedded_reader(path: str, options: Mapping[str, Any], settings: Mapping[str, Any], database: str) -> Iterator[Ask]:
    """Open a connection of its own to the engine that this process holds at `path`, and close it afterwards.

    It is the engine's own interface: the client library would ask for all settings first, 45 ms of CPU a statement.
    What goes wrong is a RuntimeError with the engine's message.
    """
    import chdb  # noqa: PLC0415 - 350 MB that a store on a server does without

    connection = chdb.connect(f"{os.path.realpath(path)}?{urlencode(options)}")  # type: ignore[no-untyped-call]
    try:
        connection.query(f"USE {database}")
        connection.query("SET " + ", ".join(f"{name} = '{value}'" for name, value in settings.items()))

        def ask(sql: str, parameters: Mapping[str, str]) -> pa.Table:
            result = connection.query(sql, "Arrow", params={name: _bound(value) for name, value in parameters.items()})
            return pa.ipc.open_file(pa.py_buffer(result.bytes())).read_all()

        yield ask
    finally:
        connection.close()


def _bound(value: str) -> str:
    """Return a string as the engine reads a parameter: as a field of a tab-separated file."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
