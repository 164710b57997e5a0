"""A process imports only what it needs, because imports take most of its start time."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from collector.api.contract import ARROW_STREAM

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
ENGINE = {"chdb", "clickhouse_connect", "schema.store.store"}
SERVERS = {"fastapi", "starlette", "uvicorn", "grpc", "streamlit", "prometheus_client"}
REDACTION = {"presidio_analyzer", "spacy", "onnxruntime", "phonenumbers", "hyperscan", "redaction.redactor"}
TOOLS = {"pandas", "faker", "plotly", "genai_prices"}
HEAVY = ENGINE | SERVERS | REDACTION | TOOLS | {"opentelemetry.proto", "cryptography"}
ARROW = {"pyarrow", "numpy"}

COMMANDS = """
import contextlib, io, sys
from collector.cli.main import main
for arguments in {commands!r}:
    sys.argv = ["spanledger", *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.suppress(SystemExit):
        main()
    assert output.getvalue() or arguments == ["ledger", "--since", "ever"], arguments
"""
WORKER = """
import multiprocessing, secrets
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from collector.pipeline.worker_process import worker
from collector.pipeline.watch import SharedStep
from schema.policy.policy import Policy
request = ExportTraceServiceRequest()
span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"1" * 16, span_id=b"2" * 8, name="call")
span.attributes.add(key="input.value").value.string_value = "Write to Marjolein Bakker, marjolein@example.com"
ours, theirs = multiprocessing.Pipe()
answers = []
ours.send((1, "traces", request.SerializeToString(), 1, None))
def ask():
    answers.extend((ours.recv(), ours.recv()))
    ours.close()
import threading
asking = threading.Thread(target=ask, daemon=True)
asking.start()
worker(theirs, Policy(), b"", SharedStep(), secrets.token_bytes(32), frozenset())
asking.join()
warm, rows = answers
assert warm is True and not rows.error and rows.count == 1, rows.error
assert b"marjolein@" not in rows.stream
"""


def loaded(code: str, **environment: str) -> set[str]:
    """Return the modules that a new process has loaded after this code."""
    look = f"{code}\nimport json, sys\nprint(json.dumps([name for name, there in sys.modules.items() if there]))"
    done = subprocess.run(
        [sys.executable, "-c", look],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


class Answering(BaseHTTPRequestHandler):
    """The API of an instance, as far as the commands below use it."""

    def do_GET(self) -> None:
        counts = dict.fromkeys(("accepted", "deduplicated", "stored", "waiting", "quarantined", "dropped", "lost"), 1)
        line = {f"{state}_{unit}": count for state, count in counts.items() for unit in ("requests", "spans")}
        request = {"id": 1, "signal": "traces", "key_name": "open", "received_at": 1, "spans": 1, "bytes": 1}
        content = {
            "/api/ledger": [line | {"uncounted_requests": 0, "unredacted_spans": 0}],
            "/api/holdings": [],
            "/api/quarantine": [request | {"attempts": 3, "reason": "ValueError"}],
        }.get(self.path.partition("?")[0], {})
        self.answer(json.dumps(content).encode(), "application/json")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        sink = io.BytesIO()
        rows = pa.table({"n": pa.array([1], pa.int64())})
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        self.answer(sink.getvalue(), ARROW_STREAM)

    def answer(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[str]:
    """The data directory of an instance that responds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        where = {"url": f"http://127.0.0.1:{server.server_port}", "token": "none", "pid": os.getpid()}
        (tmp_path / "api.json").write_text(json.dumps(where))
        descriptor = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield str(tmp_path)
        os.close(descriptor)
        server.shutdown()


def test_commands_load_no_engine_and_no_arrow(data_dir: str) -> None:
    commands = [["--help"], ["keys", "list"], ["ledger"], ["quarantine", "list"], ["ledger", "--since", "ever"]]
    modules = loaded(COMMANDS.format(commands=commands), SPANLEDGER_DATA_DIR=data_dir)
    assert "httpx" in modules, "they asked the instance"
    assert modules.isdisjoint(HEAVY | ARROW)


def test_sql_loads_arrow_and_nothing_else(data_dir: str) -> None:
    modules = loaded(COMMANDS.format(commands=[["sql", "SELECT 1"]]), SPANLEDGER_DATA_DIR=data_dir)
    assert "pyarrow" in modules
    assert modules.isdisjoint(HEAVY | {"yaml", "schema.policy.policy"})


def test_an_error_loads_nothing_more() -> None:
    code = COMMANDS.format(commands=[]) + (
        "from collector.cli.main import _expected\n"
        "from collector.settings import SettingsError\n"
        "assert issubclass(SettingsError, _expected())"
    )
    assert loaded(code).isdisjoint(HEAVY | ARROW)


def test_the_supervisor_loads_what_it_checks() -> None:
    modules = loaded("import collector.service.supervisor\nfrom redaction.models import require_model\nrequire_model()")
    assert modules.isdisjoint(HEAVY - {"cryptography"} | ARROW)


def test_the_receiver_loads_no_engine_and_no_arrow() -> None:
    assert loaded("import collector.service.receiver").isdisjoint(ENGINE | REDACTION | TOOLS | ARROW)


def test_the_server_loads_nothing_that_redacts() -> None:
    modules = loaded("import collector.service.server")
    assert "schema.store.store" in modules
    assert modules.isdisjoint(REDACTION | {"grpc", "faker", "collector.cli.main", "typer"})


def test_a_worker_loads_neither_engine_nor_pandas() -> None:
    assert not loaded(WORKER) & (ENGINE | SERVERS | {"pandas", "faker", "plotly", "collector.cli.main"})


def test_a_process_that_is_started_loads_no_command_line() -> None:
    """Spawn runs the command's file again in every process, including its module-level imports."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["spanledger"].partition(":")
    modules = loaded(f"from {module} import {name}\nimport collector.service.process_targets")
    assert modules.isdisjoint(HEAVY | ARROW | {"typer", "collector.cli.main", "pydantic"})
