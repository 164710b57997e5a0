from __future__ import annotations

import csv
import gzip
import io
import json
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from agent_runs import run_request
from google.protobuf import json_format
from instance import Instance, command
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = ["up", "collect", "dashboard", "demo", "ingest", "sql", "reprice", "redact", "doctor", "keys"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which nothing runs, with one run of three spans stored."""
    folder = tmp_path_factory.mktemp("alone")
    body, _ = run_request(["What is new?", "Thank you"])
    (folder / "one.traces.pb").write_bytes(body)
    done = command(folder / "data", "ingest", str(folder / "one.traces.pb"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "3 spans, 0 log records, 0 metric points from 1 requests in 1 files are stored.\n"
    return folder / "data"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("running") / "data").start("collect")
    yield started
    started.stop()


def test_help_names_every_command_and_every_command_has_help(tmp_path: Path) -> None:
    overview = command(tmp_path / "data", "--help").stdout
    for name in COMMANDS:
        assert f" {name} " in overview
        done = command(tmp_path / "data", name, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 200


def test_rows_are_printed_as_json_csv_and_table(alone: Path) -> None:
    sql = "SELECT team, kind, input_tokens, cached_input_tokens, cost_usd, findings FROM spans ORDER BY start_time"
    rows = json.loads(command(alone, "sql", sql, "--format", "json").stdout)
    assert [row["kind"] for row in rows] == ["agent", "llm", "llm"]
    assert (rows[0]["input_tokens"], rows[1]["input_tokens"], rows[1]["cached_input_tokens"]) == (None, 1000, None)
    assert rows[1]["cost_usd"] == pytest.approx(0.00021)  # 1,000 at $0.15 and 100 at $0.60 a million
    cells = list(csv.DictReader(io.StringIO(command(alone, "sql", sql, "--format", "csv").stdout)))
    assert (cells[0]["input_tokens"], cells[1]["cost_usd"], cells[1]["findings"]) == ("", "0.00021", "{}")
    assert "—" in command(alone, "sql", sql).stdout
    assert command(alone, "sql", "-", stdin="SELECT 1 AS one").stdout.split() == ["one", "───", "1"]


def test_a_refused_statement_is_one_sentence(alone: Path) -> None:
    for statement in ("DROP TABLE spans", "SELECT nonsense FROM spans", "SELECT file('/etc/passwd')"):
        done = command(alone, "sql", statement)
        assert done.returncode == 1
        assert done.stderr.startswith("spanledger: ")
        assert "Traceback" not in done.stderr
    assert command(alone, "sql", "SELECT count() FROM spans", "--format", "csv").stdout.split() == ["count()", "3"]


def test_files_go_through_a_running_instance_too(instance: Instance, tmp_path: Path) -> None:
    traces, as_json = (run_request([f"Number {number}"])[0] for number in range(2))
    (tmp_path / "a.traces.pb").write_bytes(gzip.compress(traces))
    hexed = json_format.MessageToDict(ExportTraceServiceRequest.FromString(as_json))
    for span in hexed["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = json_format.base64.b64decode(span[name]).hex()
    (tmp_path / "b.json").write_text(json.dumps(hexed))
    (tmp_path / "c.jsonl").write_text(json.dumps(hexed) + "\n\n")
    (tmp_path / "broken.traces.pb").write_bytes(b"no protobuf")
    (tmp_path / "what.txt").write_text("?")
    done = command(instance.data_dir, "ingest", *map(str, sorted(tmp_path.glob("*.*"))))
    assert done.returncode == 1  # for two files are no requests; the others are stored all the same
    assert done.stdout.splitlines() == [
        "6 spans, 0 log records, 0 metric points from 3 requests in 3 files are stored.",
        "1 of the requests were sent before within a day and were not stored again.",
    ]
    reasons = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert [reason[:20] for reason in reasons] == ["Nothing in the body ", "expected a file name"]
    assert instance.sql("SELECT count() AS spans, uniqExact(trace_id) AS runs FROM spans") == [{"spans": 4, "runs": 2}]


def test_redact_prints_the_text_and_where_each_finding_was(tmp_path: Path) -> None:
    text = "Card 4111 1111 1111 1111 of jane.doe@example.com, order ORD-77193"
    done = command(tmp_path / "data", "redact", text)
    assert done.stdout == "Card <CREDIT_CARD> of <EMAIL_ADDRESS>, order ORD-77193\n"
    assert "CREDIT_CARD at 5-24 by" in done.stderr
    assert "1111" not in done.stderr
    lines = "".join(json.dumps({"text": each}) + "\n" for each in (text, "nothing here"))
    done = command(tmp_path / "data", "redact", "--jsonl", stdin=lines)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["redacted"] == "Card <CREDIT_CARD> of <EMAIL_ADDRESS>, order ORD-77193"
    assert {(found["entity"], text[found["start"] : found["end"]]) for found in answers[0]["findings"]} == {
        ("CREDIT_CARD", "4111 1111 1111 1111"),
        ("EMAIL_ADDRESS", "jane.doe@example.com"),
    }
    assert answers[1] == {"redacted": "nothing here", "findings": []}
    file = tmp_path / "texts.jsonl"
    file.write_text(lines)
    assert command(tmp_path / "data", "redact", "--jsonl", "--file", str(file)).stdout == done.stdout
    refused = command(tmp_path / "data", "redact", "--file", str(file), "a text")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "a text does not go with --file" in refused.stderr


def test_doctor_is_content_with_what_works_and_names_what_does_not(alone: Path, tmp_path: Path) -> None:
    done = command(alone, "doctor")
    assert done.returncode == 0, done.stdout
    assert "1 runs, 3 spans" in done.stdout
    assert f"version: {version('spanledger')}" in done.stdout
    policy = tmp_path / "spanledger.yaml"
    policy.write_text("redaction: {teams: {payments: {model: rampart}}}", encoding="utf-8")
    missing = {"SPANLEDGER_MODEL_DIR": str(tmp_path), "SPANLEDGER_CONFIG": str(policy)}
    done = command(tmp_path / "data", "doctor", SPANLEDGER_HOST="0.0.0.0", **missing)
    assert done.returncode == 1
    assert "✗ redaction model" in done.stdout
    assert "✗ settings" in done.stdout
    assert done.stdout.count("→") == 2


def test_the_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert command(tmp_path / "data", "--version").stdout == f"spanledger {version('spanledger')}\n"


def test_a_setting_that_cannot_be_is_named_and_not_repeated(tmp_path: Path) -> None:
    done = command(tmp_path / "data", "doctor", SPANLEDGER_WORKERS="many", SPANLEDGER_SPOOL_MAX_BYTES="-1")
    assert done.returncode == 1
    assert "SPANLEDGER_WORKERS" in done.stderr
    assert "SPANLEDGER_SPOOL_MAX_BYTES" in done.stderr
    assert "many" not in done.stderr


def test_a_full_spool_is_one_sentence_whether_an_instance_runs_or_not(tmp_path: Path) -> None:
    file = tmp_path / "one.traces.pb"
    file.write_bytes(run_request()[0])
    full = {"SPANLEDGER_SPOOL_MAX_BYTES": "1"}
    alone = command(tmp_path / "data", "ingest", str(file), **full)
    started = Instance(tmp_path / "data", full).start("collect")
    try:
        answer = started.send(file.read_bytes())
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        through = command(tmp_path / "data", "ingest", str(file), **full)
    finally:
        started.stop()
    for done in (alone, through):
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith("spanledger: ")
        assert "The spool holds 0 of 1 bytes" in done.stderr
        assert done.stderr.count("\n") == 1
