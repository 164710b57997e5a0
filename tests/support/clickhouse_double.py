"""A stand-in for a ClickHouse server: its HTTP interface over a real socket, executed by the embedded engine.

The real client and the real engine; only the server between them is ours. It can be stopped and started.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
import socket
import tempfile
import threading
from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import chdb
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_TRANSPORT = {
    "query", "database", "session_id", "compress", "decompress", "client_protocol_version", "wait_end_of_query",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "buffer_size", "enable_http_compression",
    "default_format", "role", "query_id", "cancel_http_readonly_queries_on_client_close",
}  # fmt: skip


class ClickHouseDouble:
    """The server. Its databases are in the embedded store at `path`, which this process may have open as well."""

    def __init__(self, path: str) -> None:
        self._engine = chdb.connect(path)
        self._lock = threading.Lock()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.statements: list[str] = []

    @contextlib.contextmanager
    def up(self) -> Iterator[ClickHouseDouble]:
        """Answer on the port until the block ends."""
        config = uvicorn.Config(self._answer, port=self.port, log_level="error", lifespan="off", interface="asgi3")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            while not server.started:
                threading.Event().wait(0.02)
            yield self
        finally:
            server.should_exit = True
            thread.join()

    def close(self) -> None:
        self._engine.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = dict(scope["headers"])
        if headers.get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        options = dict(parse_qsl(scope["query_string"].decode()))
        kind = headers.get(b"content-type", b"")
        if kind.startswith(b"multipart/form-data"):  # how the client sends parameters that are long
            form = message_from_bytes(b"content-type: " + kind + b"\r\n\r\n" + body, policy=policy.HTTP)
            options |= {
                part.get_param("name", header="content-disposition"): part.get_content() for part in form.iter_parts()
            }
            body = b""
        try:
            status, content = 200, await asyncio.to_thread(self._run, options, body)
        except RuntimeError as error:
            status, content = 500, str(error).encode()
        answer = [
            (b"x-clickhouse-summary", b"{}"),
            (b"x-clickhouse-format", b"Native"),
            (b"x-clickhouse-query-id", b"1"),
        ]
        status, content, answer = self.answered(self.statements[-1], status, content, answer)
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": content})

    def _run(self, options: dict[str, str], body: bytes) -> bytes:
        statement = options.get("query", "")
        data = body if statement else b""
        statement = statement or body.decode()
        self.statements.append(statement)
        parameters = {
            name.removeprefix("param_"): value for name, value in options.items() if name.startswith("param_")
        }
        settings = {name: value for name, value in options.items() if name not in _TRANSPORT and "param_" not in name}
        statement = self.executed(statement, settings)
        if not statement:
            return b""
        clause = ", ".join(
            f"{name} = {value}" if value.startswith("{") else f"{name} = '{value}'" for name, value in settings.items()
        )
        with self._lock:
            self._engine.query(f"USE `{options.get('database', 'default')}`")
            if statement.upper().lstrip().startswith("INSERT") and data:
                return self._insert(statement, data, clause)
            found = _FORMAT.search(statement)
            text = statement[: found.start()] if found else statement
            if clause and re.match(r"\s*(SELECT|WITH)\b", text, re.IGNORECASE):
                text += f"\nSETTINGS {clause}"
            result = self._engine.query(text, found[1] if found else "TabSeparated", params=parameters)
            return bytes(result.bytes() or b"")

    def answered(
        self,
        statement: str,  # noqa: ARG002 - for servers that answer wrongly
        status: int,
        content: bytes,
        headers: list[tuple[bytes, bytes]],
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        """Return the response to a statement: status, body and headers."""
        return status, content, headers

    def executed(self, statement: str, settings: dict[str, str]) -> str:  # noqa: ARG002 - for servers of other kinds
        """Return the statement to run in the engine; may change `settings`."""
        return statement

    def _insert(self, statement: str, data: bytes, clause: str) -> bytes:
        found = _FORMAT.search(statement)
        assert found is not None
        with tempfile.NamedTemporaryFile(suffix=".data") as file:
            file.write(data)
            file.flush()
            setting = f" SETTINGS {clause}" if clause else ""
            self._engine.query(f"{statement[: found.start()]} FROM INFILE '{file.name}'{setting} FORMAT {found[1]}")
        return b""
