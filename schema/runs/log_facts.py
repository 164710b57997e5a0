"""What log records say about spans: a record, and what adds up for one span."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

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
    stamped: bool  # an ingest key says which team it is of
    at: int  # ns since the epoch
    event_name: str
    body: str
    attributes: dict[str, str]

    def order(self) -> tuple[int, int, int, str]:
        """Return what sorts the records of a trace as they were written."""
        place = MESSAGES.index(self.event_name) if self.event_name in MESSAGES else len(MESSAGES)
        return self.at, self.number() or 0, place, self.body

    def name(self) -> str:
        """Return what a record of Claude Code is about."""
        return (self.event_name or self.body).removeprefix(CLAUDE_CODE)

    def number(self) -> int | None:
        """Return which record of its process it is, None if it does not say."""
        return count(self.attributes.get("event.sequence"))


@dataclass(slots=True)
class Said:
    """What its records say about one span."""

    events: list[dict[str, Plain]] = field(default_factory=list)  # messages, in the shape of span events
    arguments: str = ""  # what a tool was called with
    cost_usd: Decimal | None = None


def event(name: str, record: Record, attributes: dict[str, Plain]) -> dict[str, Plain]:
    """Return a message of a record in the shape of a span event."""
    return {"time": record.at, "name": name, "attributes": attributes}
