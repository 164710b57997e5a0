"""One day of runs of three teams, as OTLP requests: workflows, start times and releases."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.demo import logistics, payments, support
from collector.demo.genai import GenAI
from collector.demo.openinference import OpenInference
from collector.demo.people import PEOPLE, Person
from collector.demo.trace import Trace, attributes_of

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.demo.recorder import Recorder

_HOUR = 3_600_000_000_000
_RUNS_A_REQUEST = 8
_FOLLOW_UPS = 0.2


@dataclass(frozen=True, slots=True)
class Workflow:
    """One workflow of one team. `new_release`, if there is one, replaced `release` so many hours ago."""

    team: str
    name: str
    service: str
    record: Callable[..., None]
    convention: type[Recorder]
    runs: int
    release: str
    new_release: str = ""
    released_hours_ago: float = 0

    def release_at(self, age: int) -> str:
        """Return the release that ran `age` ns ago."""
        return self.new_release if age < self.released_hours_ago * _HOUR else self.release


WORKFLOWS = (
    Workflow("payments", "refunds", "refund-agent", payments.refund, GenAI, 56, "2.3.1", "2.4.0", 9),
    Workflow("support", "triage", "ticket-triage", support.triage, GenAI, 60, "5.1.0", "5.2.0", 15),
    Workflow("support", "help-center", "help-center", support.help_center, GenAI, 36, "1.9.2"),
    Workflow(
        "logistics", "shipment-tracking", "shipment-tracker", logistics.track, OpenInference, 44, "0.8.0", "0.9.0", 5
    ),
    Workflow("logistics", "customs-papers", "customs-agents", logistics.file_papers, OpenInference, 14, "3.0.4"),
)


def demo_requests(now: int, rng: random.Random) -> Iterator[ExportTraceServiceRequest]:
    """Yield about 200 runs of the 24 hours before `now` (ns since 1970), oldest first, several per request.

    The same seed gives the same runs, but with new ids, so that a second demo adds to the first.
    """
    runs = [(_age(rng), workflow) for workflow in WORKFLOWS for _ in range(workflow.runs)]
    runs.sort(key=lambda run: run[0], reverse=True)
    waiting: dict[tuple[Workflow, str], list[list[Span]]] = {}
    sessions: dict[Workflow, tuple[str, Person]] = {}
    for age, workflow in runs:
        release = workflow.release_at(age)
        if workflow not in sessions or rng.random() > _FOLLOW_UPS:
            sessions[workflow] = (f"session-{secrets.token_hex(6)}", rng.choice(PEOPLE))
        session, person = sessions[workflow]
        recorder = workflow.convention(Trace(rng), session, person.user)
        workflow.record(recorder, person, new=release == workflow.new_release)
        recorded = waiting.setdefault((workflow, release), [])
        recorded.append(recorder.trace.place(now - age))
        if len(recorded) == _RUNS_A_REQUEST:
            yield _request(workflow, release, waiting.pop((workflow, release)))
    for (workflow, release), recorded in waiting.items():
        yield _request(workflow, release, recorded)


def _age(rng: random.Random) -> int:
    """Return the age of a run's end in ns: within the day, recent ones more likely."""
    return int((rng.random() ** 1.7 * 23.5 + 0.01) * _HOUR)


def _request(workflow: Workflow, release: str, runs: list[list[Span]]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    process = request.resource_spans.add()
    process.resource.attributes.extend(
        attributes_of(
            {
                "service.name": workflow.service,
                "service.version": release,
                "deployment.environment.name": "production",
                "spanledger.team": workflow.team,
                "spanledger.workflow": workflow.name,
                "spanledger.workflow.version": release,
            }
        )
    )
    scope = process.scope_spans.add()
    scope.scope.name = "spanledger.demo"
    for spans in runs:
        scope.spans.extend(spans)
    return request
