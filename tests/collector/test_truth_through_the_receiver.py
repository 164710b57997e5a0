"""Every real export, received, redacted and stored: the store agrees with the ground truth."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from ground_truth import SOURCES, checker, differences, truth_of
from instance import Instance

from schema.span import SPAN_SCHEMA, Span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MONEY = ("cost_usd", "reported_cost_usd")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, exports: Path) -> Iterator[Instance]:
    started = Instance(tmp_path_factory.mktemp("truth") / "data").start("collect")
    for file in sorted(exports.glob("*/*.pb")):
        answer = started.send(file.read_bytes(), file.name.split(".")[1])
        assert answer.status_code == 200, file
    started.settled()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def stored(instance: Instance) -> dict[str, list[Span]]:
    """The spans of each source, as the store holds them."""
    columns = ["toUnixTimestamp64Nano(start_time) AS start_time" if n == "start_time" else n for n in SPAN_SCHEMA.names]
    rows = instance.sql(f"SELECT {', '.join(columns)} FROM spans ORDER BY start_time, span_id")
    spans = [Span(**row | {name: _money(row[name]) for name in _MONEY}) for row in rows]
    return {source: [span for span in spans if span.trace_id in truth_of(source)["traces"]] for source in SOURCES}


@pytest.fixture(scope="module")
def runs(instance: Instance) -> list[dict[str, Any]]:
    return instance.sql(
        "SELECT trace_id, model_calls, model_errors AS model_calls_failed, tool_errors, input_tokens, output_tokens,"
        " cached_input_tokens, toUInt8(error) AS errors, span_count AS spans, models,"
        " arrayFilter(x -> x != '', [session_id]) AS sessions, arrayFilter(x -> x != '', [user_id]) AS users,"
        " nullIf(team, 'unassigned') AS team, nullIf(workflow, 'unassigned') AS workflow, service_name AS service"
        " FROM runs FINAL"
    )


@pytest.fixture(scope="module")
def logs(instance: Instance) -> list[dict[str, Any]]:
    return instance.sql("SELECT * FROM logs")


def _money(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_shows_its_truth(stored: dict[str, list[Span]], source: str) -> None:
    assert differences(source, stored[source]) == {}


@pytest.mark.parametrize("source", SOURCES)
def test_runs_agree_with_their_spans(runs: list[dict[str, Any]], source: str) -> None:
    truth = truth_of(source)
    rows: list[tuple[Any, ...]] = []
    for run in runs:
        wanted = truth["traces"].get(run["trace_id"])
        if wanted:
            options = SimpleNamespace(missing=True, strict=False, fields=[name for name in run if name != "trace_id"])
            checker().compare(truth, f"traces.{run['trace_id']}", wanted, run, rows, options)
    assert [row[1:] for row in rows if row[-1] != "tolerated"] == []
    assert {run["trace_id"] for run in runs} >= set(truth["traces"])


@pytest.mark.parametrize("source", SOURCES)
def test_what_must_survive_redaction_does_and_what_must_not_does_not(
    logs: list[dict[str, Any]], stored: dict[str, list[Span]], source: str
) -> None:
    traces = tuple(truth_of(source)["traces"])
    text = "\n".join([repr(span) for span in stored[source]] + [repr(row) for row in logs if row["trace_id"] in traces])
    rows: list[tuple[Any, ...]] = []
    checker().check_text(truth_of(source), text.replace("\\'", "'").replace("\\\\", "\\"), rows)
    assert [row[1:] for row in rows] == []
