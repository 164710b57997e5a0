"""What happens in a run, told in a convention: the workflows say what, the two conventions say how it is written."""

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


class Teller(ABC):
    """Tells one run of one person's session."""

    def __init__(self, trace: Trace, session: str, user: str) -> None:
        self.trace = trace
        self.rng = trace.rng
        self.session = session
        self.user = user
        self._calls = 0

    @abstractmethod
    @contextmanager
    def agent(self, name: str, question: str) -> Iterator[Span]:
        """Tell an agent at work on a question."""

    @abstractmethod
    def answered(self, agent: Span, answer: str) -> None:
        """Tell what an agent answered."""

    @abstractmethod
    def call(self, talk: Conversation, answer: Message) -> None:
        """Tell one model call that gave this answer, which joins the conversation."""

    @abstractmethod
    def broken_call(self, talk: Conversation, error_type: str, message: str) -> None:
        """Tell a model call that the provider refused."""

    @abstractmethod
    @contextmanager
    def tool(self, call: ToolCall) -> Iterator[Span]:
        """Tell a tool at work."""

    @abstractmethod
    def returned(self, tool: Span, result: str) -> None:
        """Tell what a tool returned."""

    @abstractmethod
    def retrieval(self, source: str, query: str, documents: Sequence[str]) -> None:
        """Tell a search for documents."""

    def say(self, talk: Conversation, text: str) -> str:
        """Let the model answer with a text."""
        self.call(talk, Message("assistant", text))
        return text

    def ask(self, talk: Conversation, name: str, arguments: dict[str, Any]) -> ToolCall:
        """Let the model ask for a tool."""
        self._calls += 1
        call = ToolCall(f"call_{self._calls:02}", name, arguments)
        self.call(talk, Message("assistant", calls=(call,)))
        return call

    def use(self, talk: Conversation, name: str, arguments: dict[str, Any], result: str, milliseconds: float) -> None:
        """Let the model ask for a tool and the tool answer."""
        call = self.ask(talk, name, arguments)
        with self.tool(call) as span:
            self.trace.wait(milliseconds)
            self.returned(span, result)
        talk.messages.append(Message("tool", result, answers=call))

    def use_in_vain(
        self, talk: Conversation, name: str, arguments: dict[str, Any], error: tuple[str, str], milliseconds: float
    ) -> None:
        """Let the model ask for a tool that fails; the model is told and goes on."""
        call = self.ask(talk, name, arguments)
        with self.tool(call) as span:
            self.trace.wait(milliseconds)
            self.trace.fail(span, *error)
        talk.messages.append(Message("tool", f"error: {error[1]}", answers=call))

    def guardrail(self, policy: str, decision: str, reason: str, milliseconds: float = 40) -> None:
        """Tell a check of a policy: allow, deny or escalate."""
        attributes = {
            "spanledger.span.kind": "guardrail",
            "spanledger.policy.name": policy,
            "spanledger.policy.decision": decision,
            "output.value": reason,
        }
        with self.trace.span(f"policy {policy}", attributes):
            self.trace.wait(milliseconds)

    def approval(self, what: str, status: str, by: str, minutes: float) -> None:
        """Tell a person who was asked; `status` is approved or rejected."""
        attributes = {
            "spanledger.span.kind": "human",
            "spanledger.approval.status": status,
            "spanledger.approval.by": by,
            "input.value": what,
        }
        with self.trace.span("approval", attributes):
            self.trace.clock += int(minutes * 60_000 * MILLISECOND)

    def give_up(self, agent: Span, talk: Conversation, error_type: str, message: str) -> None:
        """Tell a model call that the provider refused and the agent that ended with it."""
        self.broken_call(talk, error_type, message)
        self.trace.fail(agent, error_type, message)
        self.outcome(agent, "failure", message)

    def chance(self, probability: float) -> bool:
        """Tell whether something happens this time."""
        return self.rng.random() < probability

    def outcome(self, agent: Span, outcome: str, reason: str) -> None:
        """Tell how the run ended."""
        describe(agent, {"spanledger.outcome": outcome, "spanledger.outcome.reason": reason})

    def pause(self, talk: Conversation, output_tokens: int) -> None:
        """Let the time of a model call pass."""
        self.trace.wait(talk.model.first_token_ms + talk.model.token_ms * output_tokens)
