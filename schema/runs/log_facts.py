"""What log records add to spans and runs: the records, and the facts that they add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from schema.pricing.usage import count

if TYPE_CHECKING:
    from decimal import Decimal

    from schema.otlp.attributes import Plain

DETAILS: Final = "gen_ai.client.inference.operation.details"
"""The event that holds a whole conversation; the others hold one message each."""
MESSAGES: Final = (
    *("gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message"),
    *("gen_ai.choice", DETAILS),
)
"""Events of the GenAI convention that hold messages, in the order of a conversation."""
CLAUDE_CODE: Final = "claude_code."
"""What the names of Claude Code's records begin with."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row of `logs` that belongs to a span."""

    trace_id: str
    span_id: str
    team: str
    stamped: bool  # the team is an ingest key's
    at: int  # ns since the epoch
    event_name: str
    body: str
    attributes: dict[str, str]

    def order(self) -> tuple[int, int, int, str]:
        """Return a sort key: the order in which the records of a trace were written."""
        place = MESSAGES.index(self.event_name) if self.event_name in MESSAGES else len(MESSAGES)
        return self.at, self.number() or 0, place, self.body

    def name(self) -> str:
        """Return the kind of a record of Claude Code."""
        return (self.event_name or self.body).removeprefix(CLAUDE_CODE)

    def number(self) -> int | None:
        """Return the record's place in the sequence of its process, None if unknown."""
        return count(self.attributes.get("event.sequence"))


class LoggedSpan(NamedTuple):
    """The columns of a stored span that log records are matched with or may complete; see `schema.span.Span`."""

    trace_id: str
    span_id: str
    team: str
    span_kind: str
    service_name: str
    resource_team: str  # named by the span's resource, "" if it names none or a key stamped it
    kind: str
    scope_name: str
    model: str
    tool_call_id: str
    output_tokens: int | None
    request_id: str  # the attribute of that name
    start_ns: int
    duration_ns: int
    input: str
    output: str
    input_preview: str
    output_preview: str
    prompt_hash: str
    reported_cost_usd: Decimal | None

    @property
    def end_ns(self) -> int:
        """When it ended, in ns since the epoch."""
        return self.start_ns + self.duration_ns


@dataclass(slots=True)
class SpanFacts:
    """What log records add to one span."""

    events: list[dict[str, Plain]] = field(default_factory=list)  # messages, in the shape of span events
    arguments: str = ""  # of a tool
    cost_usd: Decimal | None = None


@dataclass(slots=True)
class RunFacts:
    """What log records add to one run."""

    verdicts: set[str] = field(default_factory=set)  # of evaluators: schema.normalise.evaluations.verdict
    findings: Counter[str] = field(default_factory=Counter)  # of redaction, by entity

    def add(self, other: RunFacts) -> None:
        """Add the facts of other records."""
        self.verdicts |= other.verdicts
        self.findings.update(other.findings)


def event(name: str, record: Record, attributes: dict[str, Plain]) -> dict[str, Plain]:
    """Return a message of a record in the shape of a span event."""
    return {"time": record.at, "name": name, "attributes": attributes}
