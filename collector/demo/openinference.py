"""Records sample runs in the OpenInference conventions, as LangGraph applications send them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.demo.recorder import Recorder
from collector.demo.trace import describe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from collector.demo.conversation import Conversation, Message, ToolCall
    from collector.demo.trace import Value


class OpenInference(Recorder):
    """https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md."""

    @contextmanager
    def agent(self, name: str, question: str) -> Iterator[Span]:
        """Record an agent that works on a question."""
        with self.trace.span(name, self._kind("AGENT") | {"agent.name": name, "input.value": question}) as span:
            yield span

    def answered(self, agent: Span, answer: str) -> None:
        """Record the answer of an agent."""
        describe(agent, {"output.value": answer})

    def call(self, talk: Conversation, answer: Message) -> None:
        """Record a model call with this answer, and add the answer to the conversation."""
        usage = talk.usage(answer)
        with self.trace.span("ChatOpenAI", self._request(talk)) as span:
            self.pause(talk, usage.output)
            describe(span, _flat("llm.output_messages", [answer]))
            counts: dict[str, Value] = {
                "llm.token_count.prompt": usage.input,
                "llm.token_count.completion": usage.output,
                "llm.token_count.total": usage.input + usage.output,
            }
            if usage.cached:
                counts["llm.token_count.prompt_details.cache_read"] = usage.cached
            describe(span, counts)
        talk.messages.append(answer)

    def broken_call(self, talk: Conversation, error_type: str, message: str) -> None:
        """Record a model call that the provider refused."""
        with self.trace.span("ChatOpenAI", self._request(talk)) as span:
            self.trace.wait(900)
            self.trace.fail(span, error_type, message)

    @contextmanager
    def tool(self, call: ToolCall) -> Iterator[Span]:
        """Record the call of a tool."""
        attributes = {
            "tool.name": call.name,
            "tool_call.id": call.id,
            "input.value": json.dumps(call.arguments),
            "input.mime_type": "application/json",
        }
        with self.trace.span(call.name, self._kind("TOOL") | attributes) as span:
            yield span

    def returned(self, tool: Span, result: str) -> None:
        """Record the result of a tool."""
        describe(tool, {"output.value": result, "output.mime_type": "application/json"})

    def retrieval(self, source: str, query: str, documents: Sequence[str]) -> None:
        """Record a search for documents."""
        attributes: dict[str, Value] = self._kind("RETRIEVER") | {"input.value": query}
        for number, text in enumerate(documents):
            attributes[f"retrieval.documents.{number}.document.id"] = f"{source}-{number + 1}"
            attributes[f"retrieval.documents.{number}.document.content"] = text
        with self.trace.span(f"{source} retriever", attributes):
            self.trace.wait(120)

    def _kind(self, kind: str) -> dict[str, Value]:
        return {"openinference.span.kind": kind, "session.id": self.session, "user.id": self.user}

    def _request(self, talk: Conversation) -> dict[str, Value]:
        return (
            self._kind("LLM")
            | {
                "llm.provider": talk.model.provider,
                "llm.model_name": talk.model.name,
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": talk.instructions,
            }
            | _flat("llm.input_messages", talk.messages, first=1)
        )


def _flat(prefix: str, messages: Sequence[Message], first: int = 0) -> dict[str, Value]:
    flat: dict[str, Value] = {}
    for number, message in enumerate(messages, first):
        place = f"{prefix}.{number}.message"
        flat[f"{place}.role"] = message.role
        if message.text:
            flat[f"{place}.content"] = message.text
        if message.answers:
            flat[f"{place}.tool_call_id"] = message.answers.id
        for index, call in enumerate(message.calls):
            flat[f"{place}.tool_calls.{index}.tool_call.id"] = call.id
            flat[f"{place}.tool_calls.{index}.tool_call.function.name"] = call.name
            flat[f"{place}.tool_calls.{index}.tool_call.function.arguments"] = json.dumps(call.arguments)
    return flat
