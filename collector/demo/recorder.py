"""Records the events of a sample run. Workflows call it; each semantic convention is a subclass that writes spans."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from collector.demo.conversation import Message, ToolCall
from collector.demo.trace import MILLISECOND, describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.demo.conversation import Conversation
    from collector.demo.trace import Trace


class Recorder(ABC):
    """Records one run of a session of one person."""

    def __init__(self, trace: Trace, session: str, user: str) -> None:
        self.trace = trace
        self.rng = trace.rng
        self.session = session
        self.user = user
        self._calls = 0

    @abstractmethod
    @contextmanager
    def agent(self, name: str, question: str) -> Iterator[Span]:
        """Record an agent that works on a question."""

    @abstractmethod
    def answered(self, agent: Span, answer: str) -> None:
        """Record the answer of an agent."""

    @abstractmethod
    def call(self, talk: Conversation, answer: Message) -> None:
        """Record a model call with this answer, and add the answer to the conversation."""

    @abstractmethod
    def broken_call(self, talk: Conversation, error_type: str, message: str) -> None:
        """Record a model call that the provider refused."""

    @abstractmethod
    @contextmanager
    def tool(self, call: ToolCall) -> Iterator[Span]:
        """Record the call of a tool."""

    @abstractmethod
    def returned(self, tool: Span, result: str) -> None:
        """Record the result of a tool."""

    @abstractmethod
    def retrieval(self, source: str, query: str, documents: Sequence[str]) -> None:
        """Record a search for documents."""

    def say(self, talk: Conversation, text: str) -> str:
        """Record a model call with a text as its answer."""
        self.call(talk, Message("assistant", text))
        return text

    def ask(self, talk: Conversation, name: str, arguments: dict[str, Any]) -> ToolCall:
        """Record a model call that requests a tool."""
        self._calls += 1
        call = ToolCall(f"call_{self._calls:02}", name, arguments)
        self.call(talk, Message("assistant", calls=(call,)))
        return call

    def use(self, talk: Conversation, name: str, arguments: dict[str, Any], result: str, milliseconds: float) -> None:
        """Record a model call that requests a tool, and the tool call."""
        call = self.ask(talk, name, arguments)
        with self.tool(call) as span:
            self.trace.wait(milliseconds)
            self.returned(span, result)
        talk.messages.append(Message("tool", result, answers=call))

    def use_failing(
        self, talk: Conversation, name: str, arguments: dict[str, Any], error: tuple[str, str], milliseconds: float
    ) -> None:
        """Record a requested tool call that fails; the model receives the error."""
        call = self.ask(talk, name, arguments)
        with self.tool(call) as span:
            self.trace.wait(milliseconds)
            self.trace.fail(span, *error)
        talk.messages.append(Message("tool", f"error: {error[1]}", answers=call))

    def guardrail(self, policy: str, decision: str, reason: str, milliseconds: float = 40) -> None:
        """Record a check of a policy: allow, deny or escalate."""
        attributes = {
            "spanledger.span.kind": "guardrail",
            "spanledger.policy.name": policy,
            "spanledger.policy.decision": decision,
            "output.value": reason,
        }
        with self.trace.span(f"policy {policy}", attributes):
            self.trace.wait(milliseconds)

    def approval(self, what: str, status: str, by: str, minutes: float) -> None:
        """Record the decision of a person; `status` is approved or rejected."""
        attributes = {
            "spanledger.span.kind": "human",
            "spanledger.approval.status": status,
            "spanledger.approval.by": by,
            "input.value": what,
        }
        with self.trace.span("approval", attributes):
            self.trace.clock += int(minutes * 60_000 * MILLISECOND)

    def give_up(self, agent: Span, talk: Conversation, error_type: str, message: str) -> None:
        """Record a model call that the provider refused, and the failure of the agent."""
        self.broken_call(talk, error_type, message)
        self.trace.fail(agent, error_type, message)
        self.outcome(agent, "failure", message)

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < probability

    def outcome(self, agent: Span, outcome: str, reason: str) -> None:
        """Record the outcome of the run."""
        describe(agent, {"spanledger.outcome": outcome, "spanledger.outcome.reason": reason})

    def pause(self, talk: Conversation, output_tokens: int) -> None:
        """Advance the clock by the duration of a model call."""
        self.trace.wait(talk.model.first_token_ms + talk.model.token_ms * output_tokens)
